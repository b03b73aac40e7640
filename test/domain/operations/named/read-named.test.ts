import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HeaderList } from '../../../../src/domain/headers.ts';
import { addPlace, newPlaces, readPlaces } from '../../../../src/domain/operations/named/json-places.ts';
import { readNamed } from '../../../../src/domain/operations/named/read-named.ts';
import type { NamedThings, NamingRequest } from '../../../../src/domain/operations/named/named-things.ts';
import { readPlace } from '../../../../src/domain/operations/named/place.ts';
import { NAMED_ROWS } from '../../../../src/domain/operations/named/table.generated.ts';
import { OPERATIONS } from '../../../../src/domain/operations/table.ts';

const ALL = { models: true, resources: true, actors: true };
const BODIES = new Map(OPERATIONS.map((operation) => [`${operation.service}:${operation.name}`, operation]));

function requestOf(name: string, changes: Partial<NamingRequest>): NamingRequest {
  const operation = BODIES.get(name);
  assert.ok(operation !== undefined);
  const labels = Object.fromEntries(
    [...operation.path.matchAll(/\{(\w+)\+?\}/g)].map(([, label]) => [label ?? '', 'x']),
  );
  return { operation, labels, query: '', headers: HeaderList.fromRaw([]), body: new Uint8Array(), ...changes };
}

function modelsOf({ models }: NamedThings): readonly string[] | null {
  return models.kind === 'known' ? models.things.map(({ text }) => text) : null;
}

function resourcesOf({ resources }: NamedThings): readonly string[] | null {
  return resources.kind === 'known' ? resources.things.map(({ text }) => text) : null;
}

function thingsOf(named: NamedThings, what: string): readonly string[] | null {
  if (what === 'model') return modelsOf(named);
  if (what !== 'actor') return resourcesOf(named);
  return named.actors.kind === 'known' ? named.actors.things : null;
}

/** The JSON that holds `value` at a place and nothing else. */
function jsonAt(path: readonly string[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const inner = jsonAt(rest, value);
  return step === '[]' ? [inner] : { [step === '*' ? 'some' : step]: inner };
}

const BODY_PLACES = NAMED_ROWS.flatMap(([operation, places]) =>
  places.map((text) => ({ operation, place: readPlace(text) })).filter(({ place }) => place.in === 'body'),
);

test('every place of every operation is read, and only there', () => {
  assert.ok(BODY_PLACES.length > 500);
  for (const { operation, place } of BODY_PLACES) {
    assert.ok(place.in === 'body');
    const isFree = place.what === 'json' || place.what === 'undecidable' || place.what === 'json-base64';
    const value = isFree ? 's3://bucket/key' : 'named-by-the-test';
    const text = JSON.stringify(
      jsonAt(place.path, place.what === 'json-base64' ? Buffer.from(`"${value}"`).toString('base64') : value),
    );
    const places = newPlaces();
    addPlace(places, place.path, place.what);
    const found = readPlaces(Buffer.from(text), places);
    const named = readNamed(requestOf(operation, { body: Buffer.from(text) }), ALL);
    const where = `${operation} ${place.path.join('.')}`;
    if (place.what === 'undecidable') {
      assert.equal(found, null, where);
      assert.equal(named.models.kind, 'undecidable', where);
    } else {
      assert.deepEqual(
        found?.map((one) => one.value),
        [value],
        where,
      );
      const things = thingsOf(named, place.what);
      // Where AWS would choose the model that answers, naming another one is not enough.
      if (things !== null) assert.ok(things.includes(value), where);
    }
  }
});

const MODEL_ARN = ['retrieveAndGenerateConfiguration', 'knowledgeBaseConfiguration', 'modelArn'];
const RAG = 'bedrock-agent-runtime:RetrieveAndGenerate';
const rag = (text: string): readonly string[] | null =>
  modelsOf(readNamed(requestOf(RAG, { body: Buffer.from(text) }), { models: true, resources: false, actors: false }));
const around = (members: string): string =>
  `{"retrieveAndGenerateConfiguration":{"knowledgeBaseConfiguration":{${members}}}}`;

const SPELLINGS: readonly (readonly [what: string, text: string, named: readonly string[] | null])[] = [
  ['as it is', around('"modelArn":"m.x"'), ['m.x']],
  ['an escaped name', around('"model\\u0041rn":"m.x"'), ['m.x']],
  ['an escaped value', around('"modelArn":"m\\u002ex"'), ['m.x']],
  ['a second one', around('"modelArn":"m.x","modelArn":"n.x"'), null],
  ['a second one, escaped', around('"modelArn":"m.x","model\\u0041rn":"n.x"'), null],
  [
    'a second parent',
    '{"retrieveAndGenerateConfiguration":{},"retrieveAndGenerateConfiguration":{"knowledgeBaseConfiguration":{"modelArn":"m.x"}}}',
    null,
  ],
  ['another case', around('"modelarn":"m.x"'), null],
  ['another case beside it', around('"modelArn":"m.x","ModelArn":"n.x"'), null],
  ['another width', around('"\uff4dodelArn":"m.x"'), null],
  [
    'the Kelvin sign',
    '{"retrieveAndGenerateConfiguration":{"\u212anowledgeBaseConfiguration":{"modelArn":"m.x"}}}',
    null,
  ],
  ['null', around('"modelArn":null'), null],
  ['a number', around('"modelArn":1'), null],
  ['a list', around('"modelArn":["m.x"]'), null],
  [
    'a list in between',
    '{"retrieveAndGenerateConfiguration":[{"knowledgeBaseConfiguration":{"modelArn":"m.x"}}]}',
    null,
  ],
  ['something behind', `${around('"modelArn":"m.x"')} {}`, null],
  ['UTF-8 with a byte order mark', `\ufeff${around('"modelArn":"m.x"')}`, null],
  ['names of Object', around('"modelArn":"m.x","__proto__":{"modelArn":"n.x"},"constructor":1'), ['m.x']],
];

for (const [what, text, named] of SPELLINGS) {
  test(`${what}: ${named === null ? 'undecidable' : 'named'}`, () => assert.deepEqual(rag(text), named));
}

test('UTF-16 and UTF-32, which some readers detect, are undecidable', () => {
  const text = around('"modelArn":"m.x"');
  const utf32 = Buffer.from(text.split('').flatMap((character) => [character.charCodeAt(0), 0, 0, 0]));
  for (const body of [Buffer.from(text, 'utf16le'), utf32]) {
    assert.equal(readNamed(requestOf(RAG, { body }), ALL).models.kind, 'undecidable');
  }
});

test('what is read is what JSON.parse reads, or nothing', () => {
  const tree = newPlaces();
  addPlace(tree, MODEL_ARN, 'model');
  const mutated = fc
    .tuple(
      fc.constantFrom(around('"modelArn":"m.x","x":[1,{"y":"z"}]'), around('"x":{},"modelArn":"\\u006d"')),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    )
    .map(([text, changes]) => {
      const bytes = Buffer.from(text);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(mutated, (body) => {
      const found = readPlaces(body, tree);
      if (found === null) return;
      const text = body.toString('utf8');
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch {
        // Strings and numbers nobody asks for are stepped over without a look at their inner form.
        return;
      }
      const expected = MODEL_ARN.reduce<unknown>(
        (value, name) =>
          typeof value === 'object' && value !== null
            ? Object.entries(value).find(([own]) => own === name)?.[1]
            : undefined,
        parsed,
      );
      assert.deepEqual(
        found.map(({ value }) => value),
        typeof expected === 'string' ? [expected] : [],
      );
    }),
    { numRuns: 50_000, seed: 3 },
  );
});

test('10 MB with a million values are read in linear time, and too many named ones are undecidable', () => {
  const items = '{"content":[{"text":"xx"}]},'.repeat(400_000).slice(0, -1);
  const body = Buffer.from(`{"messages":[${items}]}`);
  const started = process.hrtime.bigint();
  assert.deepEqual(
    resourcesOf(
      readNamed(requestOf('bedrock-runtime:Converse', { body }), { models: false, resources: true, actors: false }),
    ),
    ['x'].slice(1),
  );
  assert.ok(Number(process.hrtime.bigint() - started) / 1e6 < 5000);
  const many = Buffer.from(JSON.stringify({ content: Array.from({ length: 10_001 }, () => 's3://bucket/key') }));
  const request = requestOf('bedrock-runtime:InvokeModel', { body: many });
  assert.equal(resourcesOf(readNamed(request, ALL)), null);
});

test('depth beyond the bound is undecidable', () => {
  const body = Buffer.from('['.repeat(1_000_000));
  assert.equal(resourcesOf(readNamed(requestOf('bedrock-runtime:InvokeModel', { body }), ALL)), null);
});

const QUERIES: readonly (readonly [query: string, models: readonly string[] | null])[] = [
  ['', []],
  ['modelArnEquals=m.x', ['m.x']],
  ['modelArnEquals=m%2Ex', ['m.x']],
  ['model%41rnEquals=m.x', ['m.x']],
  ['modelArnEquals=m.x&modelArnEquals=n.x', null],
  ['modelArnEquals=m.x&model%41rnEquals=n.x', null],
  ['modelarnequals=m.x', null],
  ['modelArnEquals=m+x', null],
  ['other=m.x', []],
];

for (const [query, models] of QUERIES) {
  test(`the query ${JSON.stringify(query)} names ${JSON.stringify(models)}`, () => {
    const request = requestOf('bedrock:ListProvisionedModelThroughputs', { query });
    assert.deepEqual(modelsOf(readNamed(request, { models: true, resources: false, actors: false })), models);
  });
}

test('a header that names something and is there twice is undecidable', () => {
  const twice = ['X-Amzn-Bedrock-GuardrailIdentifier', 'a', 'x-amzn-bedrock-guardrailidentifier', 'b'];
  const request = requestOf('bedrock-runtime:InvokeModel', { headers: HeaderList.fromRaw(twice) });
  assert.equal(resourcesOf(readNamed(request, ALL)), null);
});

test('nothing is looked for that is not needed', () => {
  const request = requestOf(RAG, { body: Buffer.from('not JSON') });
  const named = readNamed(request, { models: false, resources: false, actors: false });
  assert.deepEqual([modelsOf(named), resourcesOf(named)], [[], []]);
});
