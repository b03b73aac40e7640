import * as fc from 'fast-check';

const oneOf = (characters: string) => fc.constantFrom(...characters.split(''));

/** What a wire text may look like: characters as they are, escapes in either case, escapes of escapes. */
const pathPiece = fc.oneof(
  { weight: 6, arbitrary: oneOf('abzAZ059-._~') },
  { weight: 3, arbitrary: oneOf(':@!$\'()*+,=&;[]{}|^` "<>\\?#') },
  { weight: 3, arbitrary: fc.constantFrom('%3A', '%3a', '%2F', '%2f', '%253A', '%00', '%FF', '%', '%4', '%zz') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((text) => text !== '/') },
);
const pathSegment = fc
  .array(pathPiece, { minLength: 1, maxLength: 12 })
  .map((pieces) => pieces.join(''))
  .filter((segment) => segment !== '.' && segment !== '..');
const path = fc
  .tuple(fc.array(pathSegment, { maxLength: 5 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join('/')}${slash && segments.length > 0 ? '/' : ''}`);

/** A query parameter as it is meant, and one of its spellings on the wire. */
const queryText = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: oneOf('abzAZ059-._~') },
    { weight: 4, arbitrary: oneOf(':@!$\'()*+,=&;/?#[]% "<>\\^`{|}') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  ),
  { maxLength: 8 },
);
const spelling = fc.constantFrom('escape all', 'escape what must be', 'lower-case escapes');
const queryPair = fc.tuple(queryText, queryText, spelling, fc.boolean());
const mustBeEscaped = /[&=%\u{10000}-\u{10ffff}]/u;

function spell(characters: readonly string[], how: string): string {
  return characters
    .map((character) => {
      if (how === 'escape what must be' && !mustBeEscaped.test(character)) return character;
      const escapes = Buffer.from(character).toString('hex').replaceAll(/../g, '%$&');
      return how === 'lower-case escapes' ? escapes : escapes.toUpperCase();
    })
    .join('');
}

const query = fc.array(queryPair, { maxLength: 5 }).map((pairs) => {
  const meant = new Map<string, string[]>();
  const wire: string[] = [];
  for (const [nameCharacters, valueCharacters, how, bare] of pairs) {
    const name = nameCharacters.join('');
    const value = valueCharacters.join('');
    const withoutEquals = bare && value === '' && name !== '';
    wire.push(spell(nameCharacters, how) + (withoutEquals ? '' : `=${spell(valueCharacters, how)}`));
    meant.set(name, [...(meant.get(name) ?? []), value]);
  }
  return { wire: wire.join('&'), meant: Object.fromEntries(meant) };
});

const reservedNames = new Set(['authorization', 'date', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']);
const headerName = fc
  .array(oneOf('abcxyz019-'), { minLength: 1, maxLength: 16 })
  .map((characters) => characters.join(''));
const headerValue = fc
  .array(fc.oneof(oneOf('aZ09;,=/"  \t:'), fc.string({ unit: 'binary', maxLength: 2 })), { maxLength: 12 })
  .map((pieces) => pieces.join(''));
const headers = fc
  .dictionary(headerName, headerValue, { maxKeys: 6, noNullPrototype: true })
  .map((extra) => Object.entries(extra).filter(([name]) => !reservedNames.has(name) && name !== 'host'));

/** A request to sign, as it is meant and as it is spelt on the wire. */
export const anyRequest = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'),
  path,
  query,
  headers,
  body: fc.uint8Array({ maxLength: 32 }),
  timeMs: fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2099, 11, 31) }),
  region: fc.constantFrom('us-east-1', 'eu-central-1', 'us-gov-west-1', 'cn-north-1'),
  service: fc.constantFrom('bedrock', 'bedrock-agentcore', 'bedrock-mantle'),
  accessKeyId: fc.constantFrom('AKIDEXAMPLE', 'ASIAEXAMPLE'),
  secretAccessKey: fc.constantFrom('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', 'another/secret', 'ü'),
  sessionToken: fc.option(
    fc.base64String({ maxLength: 60 }).filter((token) => token !== ''),
    { nil: undefined },
  ),
});
