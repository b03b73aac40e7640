import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileGlob, globCovers, matchesGlob, PATTERN_LENGTH_MAX } from '../../../src/domain/policy/glob.ts';

const ROWS: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['a', 'a', true],
  ['a', 'A', false],
  ['a', 'aa', false],
  ['*', '', true],
  ['*', 'anything:/.', true],
  ['a*', 'a', true],
  ['*a', 'ba', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a**b', 'ab', true],
  ['*ab*ba*', 'aba', false],
  ['*ab*ba*', 'abba', true],
  ['a.c', 'abc', false],
  ['a?c', 'abc', false],
  ['[a]', 'a', false],
  ['', '', true],
  ['', 'a', false],
];

for (const [pattern, text, expected] of ROWS) {
  test(`${JSON.stringify(pattern)} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
    assert.equal(matchesGlob(pattern, text), expected);
  });
}

/** The obvious matcher: exponential, and right. */
function matchesSlowly(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) {
    return matchesSlowly(pattern.slice(1), text) || (text !== '' && matchesSlowly(pattern, text.slice(1)));
  }
  return text !== '' && pattern[0] === text[0] && matchesSlowly(pattern.slice(1), text.slice(1));
}

const letters = (alphabet: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), maxLength });

test('agrees with the obvious matcher', () => {
  fc.assert(
    fc.property(letters('ab*', 8), letters('ab', 10), (pattern, text) => {
      assert.equal(matchesGlob(pattern, text), matchesSlowly(pattern, text));
    }),
    { numRuns: 20_000, seed: 3 },
  );
});

test('what an inner pattern matches, a covering pattern matches', () => {
  fc.assert(
    fc.property(letters('ab*', 6), letters('ab*', 6), letters('ab', 8), (outer, inner, text) => {
      if (globCovers(outer, inner) && matchesGlob(inner, text)) assert.ok(matchesGlob(outer, text));
    }),
    { numRuns: 50_000, seed: 3 },
  );
});

test('10,000 adversarial patterns take less than 1 ms each', () => {
  const text = 'a'.repeat(PATTERN_LENGTH_MAX);
  const started = process.hrtime.bigint();
  for (let index = 0; index < 10_000; index += 1) {
    const run = 1 + (index % 1000);
    const piece = `${'a'.repeat(run)}b`;
    compileGlob(`*${piece}*${'a*'.repeat(index % 900)}${piece}`.slice(0, PATTERN_LENGTH_MAX))(text);
  }
  const perPatternMs = Number(process.hrtime.bigint() - started) / 1e6 / 10_000;
  assert.ok(perPatternMs < 1, `${perPatternMs} ms`);
});
