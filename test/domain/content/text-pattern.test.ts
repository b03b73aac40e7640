import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { findMatches } from '../../../src/domain/content/find-matches.ts';
import { PatternError } from '../../../src/domain/content/pattern-source.ts';
import { compileRedaction } from '../../../src/domain/content/redaction.ts';
import { parsePattern } from '../../../src/domain/content/text-pattern.ts';

function found(pattern: string, text: string): string[] {
  return findMatches(parsePattern(pattern), text).map(([start, end]) => text.slice(start, end));
}

const ROWS: readonly (readonly [pattern: string, text: string, found: readonly string[]])[] = [
  [String.raw`AKIA[0-9A-Z]{16}`, 'key AKIAIOSFODNN7EXAMPLE, and AKIA1', ['AKIAIOSFODNN7EXAMPLE']],
  [String.raw`sk-[\w-]{4,}`, 'sk-abcd sk-abc sk-a_b-c', ['sk-abcd', 'sk-a_b-c']],
  [String.raw`\b\d{3}-\d{2}-\d{4}\b`, '123-45-6789, 9123-45-67890', ['123-45-6789']],
  [String.raw`[\w.+-]+@[\w-]+\.`, 'to: a.b+c@ex-ample.', ['a.b+c@ex-ample.']],
  [String.raw`\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}`, 'card 4111 1111-11111111.', ['4111 1111-11111111']],
  [String.raw`(?i)bearer [^\s"]+`, 'BEARER abc.d "Bearer x"', ['BEARER abc.d', 'Bearer x']],
  ['größe=.', 'größe=ü', ['größe=ü']],
  [String.raw`[^a-z]{2}`, 'ab12c€€', ['12', '€€']],
  ['a{0,2}b', 'aaab', ['aab']],
];

for (const [pattern, text, expected] of ROWS) {
  test(`${pattern} finds ${expected.join(' and ')}`, () => assert.deepEqual(found(pattern, text), expected));
}

/** Items both dialects know, over few characters, so that much matches. */
const anyAtom = fc.constantFrom('a', 'b', '-', '[ab]', '[^a]', String.raw`\w`, String.raw`\d`, '.', 'ab', '[a-b1]');
const anyQuantifier = fc.constantFrom('', '', '?', '*', '+', '{2}', '{1,3}', '{0,2}', '{2,}');
const anyItem = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(anyAtom, anyQuantifier).map(([atom, times]) => atom + times) },
  { weight: 1, arbitrary: fc.constant(String.raw`\b`) },
);
const anyText = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', ' '), maxLength: 24 });

test('what is found is what a regular expression finds', () => {
  let withMatches = 0;
  const isSame = fc.property(fc.array(anyItem, { minLength: 1, maxLength: 5 }), anyText, (items, text) => {
    const pattern = items.join('');
    const expected = [...text.matchAll(new RegExp(pattern, 'g'))].map(([match]) => match);
    let matches: string[];
    try {
      matches = found(pattern, text);
    } catch (error) {
      assert.ok(error instanceof PatternError && error.message.includes('empty'), pattern);
      return;
    }
    assert.deepEqual(matches, expected, pattern);
    withMatches += matches.length > 0 ? 1 : 0;
  });
  fc.assert(isSame, { numRuns: 20_000 });
  assert.ok(withMatches > 1000);
});

const REFUSED = [
  '(a)',
  'a|b',
  '^a',
  'a$',
  'a**',
  '*',
  '{2}a',
  'a{3,1}',
  'a{1',
  '[a',
  '[z-a]',
  String.raw`\p`,
  'a?',
  '',
];

for (const pattern of REFUSED) {
  test(`"${pattern}" is refused`, () => assert.throws(() => parsePattern(pattern), PatternError));
}

test('a refusal names the pattern and what is wrong with it', () => {
  assert.throws(() => compileRedaction([], ['ok', 'a|b']), {
    name: 'PatternError',
    message: String.raw`The pattern "a|b" can not be used: at character 2, "|" is not understood here; write "\|" for the character itself.`,
  });
});

/** What takes regular expressions hours takes as long as anything else. */
const HOSTILE: readonly (readonly [pattern: string, unit: string])[] = [
  ['a*a*a*a*a*a*a*a*b', 'a'],
  ['a{0,1000}a{0,1000}a{0,1000}b', 'a'],
  ['[ab]*[ab]*c?[ab]+[xy]', 'ab'],
  [String.raw`.*\d.*\d.*\d.*[xy]`, '1a'],
];

for (const [pattern, unit] of HOSTILE) {
  test(`${pattern} takes time linear in the text`, () => {
    const compiled = parsePattern(pattern);
    const time = (chars: number): number => {
      const text = unit.repeat(chars / unit.length) + 'b'.repeat(2);
      const started = performance.now();
      for (let round = 0; round < 3; round++) findMatches(compiled, text);
      return performance.now() - started;
    };
    time(64_000);
    const ratio = time(512_000) / time(32_000);
    assert.ok(ratio < 100, `sixteen times the text took ${ratio.toFixed(0)} times as long`);
  });
}
