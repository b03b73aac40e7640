import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnceInAWhile } from '../../src/domain/once-in-a-while.ts';

test('each name has its time, and then not before the interval is over', () => {
  const lines = new OnceInAWhile({ everyMs: 1000, namesMax: 10 });
  const asked = [
    ['a', 0],
    ['a', 1],
    ['b', 999],
    ['a', 999],
    ['a', 1000],
    ['b', 1998],
    ['b', 1999],
  ] as const;
  assert.deepEqual(
    asked.map(([name, elapsedMs]) => lines.isTime(name, elapsedMs)),
    [true, false, true, false, true, false, true],
  );
});

test('of more names than it remembers the last have to wait', () => {
  const lines = new OnceInAWhile({ everyMs: 1000, namesMax: 2 });
  assert.deepEqual(
    ['a', 'b', 'c', 'a'].map((name) => lines.isTime(name, 0)),
    [true, true, false, false],
  );
  assert.deepEqual(
    ['c', 'd', 'a'].map((name) => lines.isTime(name, 1000)),
    [true, true, false],
  );
});
