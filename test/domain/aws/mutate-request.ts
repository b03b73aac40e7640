import type { WireRequest } from './wire-request.ts';

/** Gives whole numbers from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

type Mutation = (wire: WireRequest, random: Random) => WireRequest;
type Header = WireRequest['headers'][number];

const TEXT = 'abzAZ09-._~:%=&+/;,@ \t';

/** Ways to change one thing of a signed request. Some leave what is signed as it was. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  method: (wire, random) => ({ ...wire, method: pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'post'], random) }),
  'a character of the target': (wire, random) => ({ ...wire, target: `/${edited(wire.target.slice(1), random)}` }),
  'an escape for a character of the target': (wire, random) => {
    const at = 1 + random(wire.target.length - 1);
    const hex = wire.target.charCodeAt(at).toString(16);
    return { ...wire, target: `${wire.target.slice(0, at)}%${hex}${wire.target.slice(at + 1)}` };
  },
  'the escapes of the target': (wire, random) => ({
    ...wire,
    target: pick(
      [wire.target.replaceAll('%3A', ':'), lowerEscapes(wire.target), wire.target.replaceAll('%2F', '/')],
      random,
    ),
  }),
  'slashes of the path': (wire, random) => {
    const [path = '', ...query] = wire.target.split('?');
    const slashes = [path.replace('/', '//'), path.replaceAll('/', '///'), `${path}/`, path.replace(/\/[^/]*$/, '')];
    return { ...wire, target: [pick(slashes, random), ...query].join('?') };
  },
  'the query': (wire, random) => {
    const [path = '', query = ''] = wire.target.split('?');
    const pairs = query.split('&').filter((pair) => pair !== '');
    const changed = [
      shuffled(pairs, random).join('&'),
      [...pairs, 'extra'].join('&'),
      pairs.slice(1).join('&'),
      [...pairs, ...pairs.slice(0, 1)].join('&'),
      `&${pairs.join('&&')}&`,
      lowerEscapes(query),
      query.replaceAll('~', '%7e'),
      query.replaceAll('=', '%3D'),
    ];
    return { ...wire, target: `${path}?${pick(changed, random)}` };
  },
  "a header's value": (wire, random) => ({
    ...wire,
    headers: atOne(wire.headers, random, ([name, value]) => [[name, edited(value, random)]]),
  }),
  "white space in a header's value": (wire, random) => ({
    ...wire,
    headers: atOne(wire.headers, random, ([name, value]) => [
      [
        name,
        pick(
          [` ${value}`, `${value}\t `, value.replace(' ', '   '), value.replace(' ', '\t'), value.replace(' ', '')],
          random,
        ),
      ],
    ]),
  }),
  "a header's name": (wire, random) => ({
    ...wire,
    headers: atOne(wire.headers, random, ([name, value]) => [
      [pick([name.toUpperCase(), `${name}-x`, `x-${name}`, name.replace('-', '_')], random), value],
    ]),
  }),
  'a header taken away': (wire, random) => ({ ...wire, headers: atOne(wire.headers, random, () => []) }),
  'a header sent twice': (wire, random) => ({
    ...wire,
    headers: atOne(wire.headers, random, ([name, value]) => [
      [name, value],
      [name, pick([value, '', edited(value, random)], random)],
    ]),
  }),
  'a header split at its comma': (wire, random) => ({
    ...wire,
    headers: atOne(wire.headers, random, ([name, value]) => value.split(',').map((part): Header => [name, part])),
  }),
  'a header put in': (wire, random) => ({
    ...wire,
    headers: [
      ...wire.headers,
      [pick(['x-extra', 'x-amz-extra', 'X-Amz-Target', 'x-amz-security-token', 'cookie'], random), 'v'],
    ],
  }),
  'the order of headers': (wire, random) => ({ ...wire, headers: shuffled(wire.headers, random) }),
  'the body': (wire, random) => ({ ...wire, body: edited(wire.body, random) }),
  'the time of arrival': (wire, random) => ({ ...wire, nowMs: wire.nowMs + (random(1_200) - 600) * 1_000 }),
  "the scope's date": (wire, random) => ({ ...wire, date: edited(wire.date, random) }),
  "the scope's region": (wire, random) => ({
    ...wire,
    region: pick(['us-east-1', 'us-east-2', 'us-east-1a', ''], random),
  }),
  "the scope's service": (wire, random) => ({ ...wire, service: pick(['bedrock', 'bedrock-agentcore', 's3'], random) }),
  'the names of what is signed': (wire, random) => ({
    ...wire,
    signedHeaders: pick(
      [
        wire.signedHeaders.filter(() => random(4) > 0),
        [...wire.signedHeaders, wire.headers[random(wire.headers.length)]?.[0].toLowerCase() ?? 'host'].sort(),
        [...wire.signedHeaders, 'x-gone'].sort(),
        shuffled(wire.signedHeaders, random),
        wire.signedHeaders.map((name) => (name === 'host' ? ':authority' : name)).sort(),
        wire.signedHeaders.map((name) => name.toUpperCase()),
      ],
      random,
    ),
  }),
  'the signature': (wire, random) => ({
    ...wire,
    signature: pick([edited(wire.signature, random), wire.signature.toUpperCase(), ''], random),
  }),
};

/** Inserts, replaces or takes away a character. */
function edited(text: string, random: Random): string {
  const at = random(text.length + 1);
  const [before, after] = [text.slice(0, at), text.slice(at + 1)];
  const character = TEXT.charAt(random(TEXT.length));
  return pick([before + character + text.slice(at), before + character + after, before + after], random);
}

function lowerEscapes(text: string): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function pick<T>(choices: readonly T[], random: Random): T {
  const choice = choices[random(choices.length)];
  if (choice === undefined) throw new Error('there is nothing to choose from');
  return choice;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, place: random(1_000) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function atOne(headers: readonly Header[], random: Random, change: (header: Header) => readonly Header[]): Header[] {
  const at = random(headers.length);
  return headers.flatMap((header, index) => (index === at ? change(header) : [header]));
}
