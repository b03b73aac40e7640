import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { countedSpend, dayStartOf, type SpendMark } from '../../src/domain/spend-mark.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What a ledger would answer: everything spent at or after a moment. */
function spentSince(spends: readonly (readonly [atMs: number, nanos: bigint])[], sinceMs: number): bigint {
  return spends.filter(([atMs]) => atMs >= sinceMs).reduce((sum, [, nanos]) => sum + nanos, 0n);
}

describe('what counts as spent', () => {
  test('without a mark, or with one from before the window, is what the ledger has of the window', () => {
    assert.deepEqual(countedSpend(null, 500), { sinceMs: 500, plusNanos: 0n });
    assert.deepEqual(countedSpend({ atMs: 499, nanos: 7n, dayNanos: 3n }, 500), { sinceMs: 500, plusNanos: 0n });
  });

  test('with a mark is what it says and all that was spent after it, told from whole days', () => {
    const atMs = 40 * DAY_MS + 13 * HOUR_MS;
    const counted = countedSpend({ atMs, nanos: 5n, dayNanos: 100n }, 0);
    assert.deepEqual(counted, { sinceMs: 40 * DAY_MS, plusNanos: -95n });
  });

  test('is never touched by what was spent before the mark, for windows of any beginning', () => {
    const moment = fc.integer({ min: 0, max: 5 * DAY_MS });
    const spend = fc.tuple(moment, fc.bigInt({ min: 0n, max: 10n ** 12n }));
    fc.assert(
      fc.property(
        fc.array(spend),
        moment,
        moment,
        fc.bigInt({ min: 0n, max: 100n }),
        (spends, atMs, startMs, nanos) => {
          const dayNanos = spentSince(spends, dayStartOf(atMs)) - spentSince(spends, atMs);
          const mark: SpendMark = { atMs, nanos, dayNanos };
          const { sinceMs, plusNanos } = countedSpend(mark, startMs);
          const expected = atMs < startMs ? spentSince(spends, startMs) : nanos + spentSince(spends, atMs);
          assert.equal(spentSince(spends, sinceMs) + plusNanos, expected);
        },
      ),
    );
  });
});
