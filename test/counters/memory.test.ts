import type { Reservation } from '../../src/ports.ts';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { MemoryCounters } from '../../src/counters/memory.ts';
import type { Limit } from '../../src/domain/limits/limit.ts';
import { chargeOf, DAY, limitOf, NONE, rolling } from './limits.ts';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-11-18T12:00:00Z');

/** Counters and the clock they go by. */
function countersAt(nowMs: number, countersMax = 1000) {
  const clock = {
    wallMs: nowMs,
    steadyMs: 0,
    nowMs: () => clock.wallMs,
    elapsedMs: () => clock.steadyMs,
    /** Time passes. */
    pass: (ms: number) => {
      clock.wallMs += ms;
      clock.steadyMs += ms;
    },
  };
  const told: (number | 'refused')[] = [];
  const counters = new MemoryCounters({
    countersMax,
    reservationTtlMs: 600_000,
    clock,
    seeds: null,
    onEvent: (_, event) => void told.push(event.kind === 'reached' ? event.threshold : 'refused'),
  });
  let calls = 0;
  /** @returns the id of the call when it was admitted */
  const reserve = (limit: Limit, amount: number): string | null => {
    calls += 1;
    const { kind } = counters.reserveSeeded(`call-${calls}`, [chargeOf(limit, amount)]);
    return kind === 'admitted' ? `call-${calls}` : null;
  };
  const usedOf = async (limit: Limit): Promise<number | undefined> => (await counters.used([limit]))[0]?.used;
  return { clock, counters, told, reserve, usedOf };
}

describe('a day', () => {
  test('ends at midnight UTC, and what was reserved before is settled in none', async () => {
    const { clock, counters, reserve, usedOf } = countersAt(NOON);
    const budget = limitOf('spend', 100, DAY);
    const yesterday = reserve(budget, 100);
    clock.pass(12 * HOUR_MS - 1);
    assert.equal(reserve(budget, 1), null);
    clock.pass(1);
    assert.ok(reserve(budget, 60) !== null);
    counters.settle(yesterday ?? '', [1]);
    assert.equal(await usedOf(budget), 60);
    assert.equal(reserve(budget, 41), null);
  });

  test('tells its thresholds anew', () => {
    const { clock, counters, reserve, told } = countersAt(NOON);
    const budget = limitOf('spend', 100, DAY);
    for (let day = 0; day < 2; day += 1) {
      counters.settle(reserve(budget, 100) ?? '', [85]);
      for (let time = 0; time < 2; time += 1) assert.equal(reserve(budget, 100), null);
      clock.pass(24 * HOUR_MS);
    }
    assert.deepEqual(told, [80, 'refused', 80, 'refused']);
  });

  test('does not begin twice when the clock goes back over midnight', () => {
    const { clock, reserve } = countersAt(NOON + 11.5 * HOUR_MS);
    const budget = limitOf('spend', 100, DAY);
    clock.wallMs += HOUR_MS;
    assert.ok(reserve(budget, 70) !== null);
    clock.wallMs -= HOUR_MS;
    assert.ok(reserve(budget, 20) !== null);
    clock.wallMs += HOUR_MS;
    assert.equal(reserve(budget, 20), null);
  });

  test('goes back with a clock that was more than a day ahead, with all that was used', () => {
    const { clock, reserve } = countersAt(NOON + 48 * HOUR_MS);
    const budget = limitOf('spend', 100, DAY);
    assert.ok(reserve(budget, 70) !== null);
    clock.wallMs = NOON;
    assert.equal(reserve(budget, 40), null);
    clock.wallMs = NOON + 12 * HOUR_MS;
    assert.ok(reserve(budget, 40) !== null);
  });
});

describe('a rolling window', () => {
  test('does not care where the clock on the wall goes', () => {
    const { clock, reserve } = countersAt(NOON);
    const rate = limitOf('requests', 1, rolling(60));
    assert.ok(reserve(rate, 1) !== null);
    clock.wallMs += 5 * HOUR_MS;
    assert.equal(reserve(rate, 1), null);
    clock.wallMs -= 9 * HOUR_MS;
    clock.pass(61_000);
    assert.ok(reserve(rate, 1) !== null);
  });

  test('tells its thresholds once in a window', () => {
    const { clock, counters, reserve, told } = countersAt(NOON);
    const rate = limitOf('requests', 2, rolling(60));
    for (let second = 0; second < 130; second += 1) {
      const id = reserve(rate, 1);
      if (id !== null) counters.settle(id, [1]);
      clock.pass(1000);
    }
    // It stays full: of the next minutes only that is told, and that it goes on refusing.
    assert.deepEqual(told, [50, 100, 'refused', 100, 'refused', 100, 'refused']);
  });

  test('never admits more than its maximum in any of its lengths, and gets all of it back in time', () => {
    const step = fc.record({ waitMs: fc.nat({ max: 9000 }), amount: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { clock, reserve } = countersAt(NOON);
        const rate = limitOf('totalTokens', 20, rolling(30));
        const admitted: { atMs: number; amount: number }[] = [];
        for (const { waitMs, amount } of steps) {
          clock.pass(waitMs);
          const isAdmitted = reserve(rate, amount) !== null;
          if (isAdmitted) admitted.push({ atMs: clock.steadyMs, amount });
          const since = (ms: number): number =>
            admitted.reduce((sum, { atMs, amount }) => (atMs > clock.steadyMs - ms ? sum + amount : sum), 0);
          assert.ok(since(30_000) <= 20);
          // A part of the window is 500 ms.
          if (!isAdmitted) assert.ok(since(30_500) + amount > 20);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the number of counters', () => {
  const admitted = (reservation: Reservation | Promise<Reservation>): unknown =>
    reservation instanceof Promise
      ? 'a promise'
      : reservation.kind === 'unavailable'
        ? reservation.reason
        : reservation.kind;

  test('has a bound: beyond it hard limits refuse and soft ones are not counted', () => {
    const { clock, counters } = countersAt(NOON, 10);
    for (let index = 0; index < 10; index += 1) {
      assert.equal(
        admitted(counters.reserve(`a${index}`, [chargeOf(limitOf('requests', 9, rolling(60)), 1)])),
        'admitted',
      );
    }
    assert.equal(admitted(counters.reserve('hard', [chargeOf(limitOf('requests', 9, rolling(60)), 1)])), 'full');
    const soft = limitOf('requests', 9, rolling(60), { hard: false });
    assert.equal(admitted(counters.reserve('soft', [chargeOf(soft, 1)])), 'admitted');
    counters.settle('soft', [1]);
    assert.equal(counters.size().counters, 10);

    for (let index = 0; index < 10; index += 1) counters.settle(`a${index}`, [1]);
    clock.pass(62_000);
    assert.equal(admitted(counters.reserve('later', [chargeOf(limitOf('requests', 9, rolling(60)), 1)])), 'admitted');
  });

  test('stays small while windows end, however many keys come by', () => {
    const { clock, counters } = countersAt(NOON, 100_000);
    let most = 0;
    for (let call = 0; call < 50_000; call += 1) {
      const charges = [chargeOf(limitOf('requests', 9, rolling(60)), 1), chargeOf(limitOf('concurrency', 9, NONE), 1)];
      assert.equal(admitted(counters.reserve(`call-${call}`, charges)), 'admitted');
      counters.settle(`call-${call}`, [1, 0]);
      clock.pass(100);
      most = Math.max(most, counters.size().counters);
    }
    // Some 610 windows of a minute run at once.
    assert.ok(most < 2500, String(most));
    assert.equal(counters.size().reservations, 0);
  });

  test('a counter is kept while a call holds something of it', async () => {
    const { clock, counters, reserve, usedOf } = countersAt(NOON);
    const running = limitOf('concurrency', 1, NONE);
    const id = reserve(running, 1);
    for (let other = 0; other < 100; other += 1) reserve(limitOf('requests', 9, rolling(1)), 1);
    clock.pass(5000);
    for (let other = 0; other < 100; other += 1) reserve(limitOf('requests', 9, rolling(1)), 1);
    assert.equal(reserve(running, 1), null);
    counters.settle(id ?? '', [0]);
    assert.equal(await usedOf(running), 0);
  });
});
