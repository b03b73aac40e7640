import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_GRANT, type Grant } from '../../src/domain/policy/grant.ts';
import { parseGrant } from '../../src/storage/holder.ts';

function stored(changes: Partial<Record<keyof Grant, unknown>>): string {
  return JSON.stringify({ ...DEFAULT_GRANT, ...changes });
}

test('grants of equal text are one, of different texts never', () => {
  const [one, other] = [stored({ models: ['amazon.*'] }), stored({ models: ['meta.*'] })];
  assert.equal(parseGrant(one), parseGrant(one));
  assert.deepEqual(parseGrant(one), { ...DEFAULT_GRANT, models: ['amazon.*'] });
  assert.deepEqual(parseGrant(other), { ...DEFAULT_GRANT, models: ['meta.*'] });
});

test('a grant that can not be read in full is refused each time', () => {
  const faulty = [
    '',
    'null',
    '[]',
    '{}',
    stored({ actFor: 'yes' }),
    stored({ models: undefined }),
    stored({ regions: [1] }),
  ];
  for (const text of [...faulty, ...faulty]) assert.throws(() => parseGrant(text), text);
});
