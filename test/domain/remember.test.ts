import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remember } from '../../src/domain/remember.ts';

/** Spells a text out, and notes each time it has to. */
function spelling() {
  const spelled: string[] = [];
  const spell = remember(
    (text) => {
      spelled.push(text);
      return text === '' ? null : text.split('');
    },
    { textsMax: 2, textLengthMax: 3 },
  );
  return { spell, spelled };
}

test('an answer is kept, also that there is none', () => {
  const { spell, spelled } = spelling();
  assert.equal(spell('abc'), spell('abc'));
  assert.equal(spell(''), spell(''));
  assert.deepEqual(spelled, ['abc', '']);
});

test('no more answers are kept than the bound', () => {
  const { spell, spelled } = spelling();
  for (const text of ['a', 'b', 'a', 'b', 'c', 'c', 'a', 'b']) assert.deepEqual(spell(text), [text]);
  assert.deepEqual(spelled, ['a', 'b', 'c', 'a', 'b']);
});

test('the answer to a longer text is not kept and pushes none out', () => {
  const { spell, spelled } = spelling();
  for (const text of ['a', 'b', 'long', 'long', 'a', 'b']) spell(text);
  assert.deepEqual(spelled, ['a', 'b', 'long', 'long']);
});
