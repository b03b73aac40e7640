import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LimitListener } from '../../src/counters/counters.ts';
import type { Limit } from '../../src/domain/limits/limit.ts';
import type { Counters, LimitUse, Reservation } from '../../src/ports.ts';
import { chargeOf, DAY, FOREVER, limitOf, NONE, rolling } from '../counters/limits.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { onEachCounters } from './counters-each.ts';

const TENTH = 100_000_000;
const DOLLAR = 10 * TENTH;

async function useOf(counters: Counters, limit: Limit): Promise<LimitUse> {
  const [use = null] = await counters.used([limit]);
  assert.ok(use !== null);
  return use;
}

/** Reserves for calls `prefix-0`, `prefix-1`, … at once. @returns the ids of those that were admitted */
async function reserveMany(counters: Counters, prefix: string, count: number, limit: Limit, amount: number) {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const results = await Promise.all(ids.map(async (id) => counters.reserve(id, [chargeOf(limit, amount)])));
  return ids.filter((_, index) => results[index]?.kind === 'admitted');
}

function assertKind<K extends Reservation['kind']>(
  reservation: Reservation,
  kind: K,
): asserts reservation is Extract<Reservation, { kind: K }> {
  assert.equal(reservation.kind, kind, JSON.stringify(reservation));
}

onEachCounters((under) => {
  test('a call takes from all its limits or from none, and is told what is left', async () => {
    const counters = await under.open();
    const [budget, rate, running] = [
      limitOf('spend', DOLLAR, FOREVER),
      limitOf('requests', 2, rolling(60)),
      limitOf('concurrency', 5, NONE),
    ];
    const charges = [chargeOf(budget, TENTH), chargeOf(rate, 1), chargeOf(running, 1)];
    assert.deepEqual(await counters.reserve('a', charges), { kind: 'admitted', remaining: [9 * TENTH, 1, 4] });
    assert.deepEqual(await counters.reserve('b', charges), { kind: 'admitted', remaining: [8 * TENTH, 0, 3] });
    const refused = await counters.reserve('c', charges);
    assertKind(refused, 'refused');
    assert.deepEqual([refused.charge.limit.id, refused.used], [rate.id, 2]);
    assert.deepEqual(await counters.used([budget, rate, running]), [
      { used: 2 * TENTH, reserved: 2 * TENTH },
      { used: 2, reserved: 2 },
      { used: 2, reserved: 2 },
    ]);
  });

  test('a call without limits is admitted', async () => {
    const counters = await under.open();
    assert.deepEqual(await counters.reserve('a', []), { kind: 'admitted', remaining: [] });
    counters.settle('a', []);
  });

  test('$1.00 left and 1,000 calls of $0.10 at once: 10 are admitted', async () => {
    const counters = await under.open();
    const budget = limitOf('spend', 5 * DOLLAR, DAY);
    await counters.reserve('before', [chargeOf(budget, 4 * DOLLAR)]);
    counters.settle('before', [4 * DOLLAR]);
    assert.equal((await reserveMany(counters, 'call', 1000, budget, TENTH)).length, 10);
    assert.deepEqual(await useOf(counters, budget), { used: 5 * DOLLAR, reserved: DOLLAR });
  });

  test('settling gives back what was not used and adds what was used beyond', async () => {
    const counters = await under.open();
    const budget = limitOf('spend', DOLLAR, DAY);
    await counters.reserve('less', [chargeOf(budget, 4 * TENTH)]);
    await counters.reserve('more', [chargeOf(budget, 4 * TENTH)]);
    counters.settle('less', [TENTH]);
    assert.deepEqual(await useOf(counters, budget), { used: 5 * TENTH, reserved: 4 * TENTH });
    counters.settle('more', [11 * TENTH]);
    assert.deepEqual(await useOf(counters, budget), { used: 12 * TENTH, reserved: 0 });
    assertKind(await counters.reserve('next', [chargeOf(budget, 1)]), 'refused');
  });

  test('settling again, or what was never reserved, does nothing', async () => {
    const counters = await under.open();
    const budget = limitOf('spend', DOLLAR, DAY);
    await counters.reserve('a', [chargeOf(budget, 4 * TENTH)]);
    for (let time = 0; time < 3; time += 1) counters.settle('a', [TENTH]);
    counters.settle('b', [TENTH]);
    assert.deepEqual(await useOf(counters, budget), { used: TENTH, reserved: 0 });
  });

  test('a running call can not be reserved again', async () => {
    const counters = await under.open();
    const charges = [chargeOf(limitOf('spend', DOLLAR, DAY), 1)];
    await counters.reserve('a', charges);
    await assert.rejects(async () => counters.reserve('a', charges), /exists/);
  });

  test('concurrency is free again when a call is over, whatever it is settled at', async () => {
    const counters = await under.open();
    const running = limitOf('concurrency', 2, NONE);
    assert.deepEqual(await reserveMany(counters, 'a', 3, running, 1), ['a-0', 'a-1']);
    counters.settle('a-0', [1]);
    counters.settle('a-1', [0]);
    assert.deepEqual(await useOf(counters, running), { used: 0, reserved: 0 });
    assert.deepEqual(await reserveMany(counters, 'b', 3, running, 1), ['b-0', 'b-1']);
  });

  test('a rolling limit says when there is room again, and there is', async () => {
    const counters = await under.open();
    const rate = limitOf('totalTokens', 100, rolling(1));
    await counters.reserve('a', [chargeOf(rate, 60)]);
    await counters.reserve('b', [chargeOf(rate, 40)]);
    const refused = await counters.reserve('c', [chargeOf(rate, 50)]);
    assertKind(refused, 'refused');
    const { retryAfterMs } = refused;
    assert.ok(retryAfterMs !== null && retryAfterMs > 500 && retryAfterMs <= 1017, String(retryAfterMs));
    await pause(retryAfterMs + 2);
    assertKind(await counters.reserve('d', [chargeOf(rate, 50)]), 'admitted');
  });

  test('what is asked for beyond the limit as such never fits', async () => {
    const counters = await under.open();
    for (const window of [rolling(60), DAY, FOREVER]) {
      const refused = await counters.reserve('a', [chargeOf(limitOf('totalTokens', 10, window), 11)]);
      assertKind(refused, 'refused');
      assert.equal(refused.retryAfterMs, null);
    }
    const none = await counters.reserve('a', [chargeOf(limitOf('concurrency', 0, NONE), 1)]);
    assertKind(none, 'refused');
    assert.equal(none.retryAfterMs, null);
  });

  test('a budget for a day says how long the day is', async () => {
    const counters = await under.open();
    const budget = limitOf('spend', DOLLAR, DAY);
    await counters.reserve('a', [chargeOf(budget, DOLLAR)]);
    const refused = await counters.reserve('b', [chargeOf(budget, 1)]);
    assertKind(refused, 'refused');
    assert.ok(refused.retryAfterMs !== null && refused.retryAfterMs > 0 && refused.retryAfterMs <= 86_400_000);
  });

  test('of 100 calls a second 100 are admitted in the first second and 100 in the next', async () => {
    const counters = await under.open();
    const rate = limitOf('requests', 100, rolling(1));
    const startedMs = performance.now();
    let first = 0;
    for (let burst = 0; performance.now() - startedMs < 990; burst += 1) {
      const admitted = await reserveMany(counters, `first-${burst}`, 20, rate, 1);
      if (performance.now() - startedMs < 990) first += admitted.length;
      for (const id of admitted) counters.settle(id, [1]);
      await pause(10);
    }
    assert.equal(first, 100);
    await pause(Math.max(0, startedMs + 2200 - performance.now()));
    assert.equal((await reserveMany(counters, 'second', 300, rate, 1)).length, 100);
  });

  test('a soft limit refuses nothing and tells how far over it is', async () => {
    const counters = await under.open();
    const soft = limitOf('spend', DOLLAR, DAY, { hard: false });
    await counters.reserve('a', [chargeOf(soft, 0)]);
    counters.settle('a', [3 * DOLLAR]);
    assert.deepEqual(await counters.reserve('b', [chargeOf(soft, TENTH)]), {
      kind: 'admitted',
      remaining: [-21 * TENTH],
    });
  });

  describe('what is told of a limit', () => {
    /** Counters that write down what they tell. */
    async function openTelling() {
      const told: (readonly [number | 'refused', number])[] = [];
      const onEvent: LimitListener = (_, event) =>
        void told.push([event.kind === 'reached' ? event.threshold : event.kind, event.used]);
      const counters = await under.open({ onEvent });
      let calls = 0;
      /** A call that is settled when it was admitted. @param max of the limit by then */
      const call = async (limit: Limit, held: number, used: number, max = limit.max): Promise<void> => {
        calls += 1;
        const charge = { limit, max, amount: held };
        const { kind } = await counters.reserve(`call-${calls}`, [charge]);
        if (kind !== 'admitted') return;
        counters.settle(`call-${calls}`, [used]);
        // Redis hears of it before it answers this.
        await counters.used([limit]);
      };
      return { told, counters, call };
    }

    for (const [name, window] of [
      ['a calendar window', DAY],
      ['a rolling window', rolling(3600)],
      ['all time', FOREVER],
    ] as const) {
      test(`over ${name}: each threshold of what is settled once, and the first refusal`, async () => {
        const { told, call } = await openTelling();
        const budget = limitOf('spend', 100, window);
        await call(budget, 45, 10);
        await call(budget, 50, 45);
        await call(budget, 10, 5);
        await call(budget, 35, 35);
        for (let time = 0; time < 3; time += 1) await call(budget, 10, 0);
        await call(budget, 5, 5);
        assert.deepEqual(told, [
          [50, 55],
          [95, 95],
          ['refused', 95],
          [100, 100],
        ]);
      });

      test(`over ${name}: a call that is too large for an unused budget silences no threshold`, async () => {
        const { told, call } = await openTelling();
        const budget = limitOf('spend', 100, window);
        for (let time = 0; time < 2; time += 1) await call(budget, 101, 0);
        await call(budget, 55, 55);
        await call(budget, 40, 40);
        assert.deepEqual(told, [
          ['refused', 0],
          [50, 55],
          [95, 95],
        ]);
      });

      test(`over ${name}: all of it anew when what counts was set back`, async () => {
        const { told, counters, call } = await openTelling();
        const budget = limitOf('spend', 100, window);
        await call(budget, 95, 95);
        await call(budget, 10, 0);
        told.length = 0;
        await counters.reset(budget, 50);
        await call(budget, 10, 10);
        assert.deepEqual(told, []);
        await call(budget, 25, 25);
        await call(budget, 101, 0);
        assert.deepEqual(told, [
          [80, 85],
          ['refused', 85],
        ]);
      });

      test(`over ${name}: again by a maximum that was raised, and what is new by one that was lowered`, async () => {
        const { told, call } = await openTelling();
        const budget = limitOf('spend', 100, window);
        await call(budget, 95, 95);
        await call(budget, 10, 0);
        told.length = 0;
        await call(budget, 5, 5, 1000);
        await call(budget, 400, 400, 1000);
        await call(budget, 5, 5, 1000);
        await call(budget, 600, 0, 1000);
        await call(budget, 1, 1, 600);
        assert.deepEqual(told, [
          [50, 500],
          ['refused', 505],
          [80, 506],
        ]);
      });
    }

    test('of requests at the same time nothing: their refusals come and go', async () => {
      const { told, call, counters } = await openTelling();
      const running = limitOf('concurrency', 1, NONE);
      await counters.reserve('long', [chargeOf(running, 1)]);
      await call(running, 1, 0);
      assert.deepEqual(told, []);
    });
  });

  test('a counter begins with what the ledger has, once, and tells no threshold of it', async () => {
    const asked: string[][] = [];
    const told: number[] = [];
    const budgets = [limitOf('spend', 100, DAY), limitOf('spend', 100, FOREVER), limitOf('requests', 100, rolling(60))];
    const counters = await under.open({
      load: async (needs) => {
        asked.push(needs.map(({ limit }) => limit.id));
        return needs.map(() => 90);
      },
      onEvent: (_, event) => void told.push(event.kind === 'reached' ? event.threshold : 0),
    });
    const charges = [...budgets.map((limit) => chargeOf(limit, 5)), chargeOf(limitOf('concurrency', 9, NONE), 1)];
    const two = await Promise.all([counters.reserve('a', charges), counters.reserve('b', charges)]);
    assert.deepEqual(
      two.map(({ kind }) => kind),
      ['admitted', 'admitted'],
    );
    assertKind(await counters.reserve('c', charges), 'refused');
    // In Redis the second call may hear that the counters are new before the first has the answer.
    assert.ok(asked.length === 1 || (under.kind === 'Redis' && asked.length === 2));
    assert.deepEqual(
      asked[0],
      budgets.map(({ id }) => id),
    );
    counters.settle('a', [4, 4, 4, 0]);
    await counters.used(budgets);
    assert.ok(!told.includes(50) && !told.includes(80), String(told));
  });

  test('while the ledger can not tell, hard budgets are closed, rates begin with nothing and soft limits go on', async () => {
    let isDown = true;
    const counters = await under.open({
      load: async (needs) => {
        if (isDown) throw new Error('the store is down');
        return needs.map(() => 95);
      },
    });
    const [hard, rate, soft] = [
      limitOf('spend', 100, DAY),
      limitOf('requests', 100, rolling(60)),
      limitOf('spend', 100, DAY, { hard: false }),
    ];
    const closed = await counters.reserve('a', [chargeOf(rate, 1), chargeOf(hard, 1)]);
    assertKind(closed, 'unavailable');
    assert.deepEqual([closed.charge.limit.id, closed.reason], [hard.id, 'unseeded']);
    assertKind(await counters.reserve('b', [chargeOf(rate, 50), chargeOf(soft, 500)]), 'admitted');
    counters.settle('b', [50, 10]);
    assert.deepEqual(await counters.used([hard]), [null]);
    isDown = false;
    await pause(1001);
    assertKind(await counters.reserve('c', [chargeOf(hard, 6), chargeOf(rate, 1)]), 'refused');
    assertKind(await counters.reserve('d', [chargeOf(hard, 5), chargeOf(rate, 50), chargeOf(soft, 5)]), 'admitted');
    assert.deepEqual(
      (await counters.used([hard, rate, soft])).map((use) => use?.used),
      [100, 100, 100],
    );
  });

  test('a reservation nobody settles or renews frees its concurrency; its money counts as spent', async () => {
    const counters = await under.open({ reservationTtlMs: 300 });
    const [budget, running] = [limitOf('spend', 100, DAY), limitOf('concurrency', 2, NONE)];
    await counters.reserve('dead', [chargeOf(budget, 60), chargeOf(running, 1)]);
    await counters.reserve('long', [chargeOf(budget, 10), chargeOf(running, 1)]);
    for (let time = 0; time < 5; time += 1) {
      await pause(100);
      counters.renew('long');
    }
    assertKind(await counters.reserve('next', [chargeOf(budget, 30), chargeOf(running, 1)]), 'admitted');
    assertKind(await counters.reserve('too many', [chargeOf(running, 1)]), 'refused');
    assertKind(await counters.reserve('too much', [chargeOf(budget, 1)]), 'refused');
    counters.settle('long', [10, 0]);
    counters.settle('next', [30, 0]);
    assert.equal((await useOf(counters, budget)).used, 100);
    assert.deepEqual(await useOf(counters, running), { used: 0, reserved: 0 });
  });

  test('a counter can be set, beside what running calls hold', async () => {
    const counters = await under.open();
    for (const window of [DAY, FOREVER]) {
      const budget = limitOf('spend', 100, window);
      await counters.reserve('over', [chargeOf(budget, 70)]);
      counters.settle('over', [70]);
      await counters.reserve('running', [chargeOf(budget, 30)]);
      await counters.reset(budget, 20);
      assert.deepEqual(await useOf(counters, budget), { used: 50, reserved: 30 });
      counters.settle('running', [1]);
      assert.deepEqual(await useOf(counters, budget), { used: 21, reserved: 0 });
    }
    const rate = limitOf('requests', 100, rolling(60));
    await counters.reserve('over', [chargeOf(rate, 100)]);
    await counters.reset(rate, 0);
    counters.settle('over', [100]);
    assert.equal((await useOf(counters, rate)).used, 0);
    // What comes at once after that counts with what it really used.
    await counters.reserve('after', [chargeOf(rate, 70)]);
    assertKind(await counters.reserve('too many', [chargeOf(rate, 31)]), 'refused');
    counters.settle('after', [10]);
    assert.deepEqual(await useOf(counters, rate), { used: 10, reserved: 0 });
  });

  test('amounts up to the largest safe integer are exact', async () => {
    const counters = await under.open();
    const budget = limitOf('spend', Number.MAX_SAFE_INTEGER, FOREVER);
    await counters.reserve('a', [chargeOf(budget, Number.MAX_SAFE_INTEGER - 1)]);
    assert.deepEqual(await counters.reserve('b', [chargeOf(budget, 1)]), { kind: 'admitted', remaining: [0] });
    assertKind(await counters.reserve('c', [chargeOf(budget, 1)]), 'refused');
    assert.equal((await useOf(counters, budget)).used, Number.MAX_SAFE_INTEGER);
  });

  const operations = under.kind === 'memory' ? 100_000 : 5000;
  test(`after ${operations} random calls nothing is held, and no hard limit was ever passed`, async () => {
    const counters = await under.open();
    const random = seededRandom(4711);
    const limits = [
      limitOf('spend', 50_000, DAY),
      limitOf('totalTokens', 30_000, FOREVER),
      limitOf('concurrency', 40, NONE),
    ];
    const [spend = 0, tokens = 0, calls = 0] = limits.map(({ max }) => max);
    const running: { id: string; amounts: readonly number[] }[] = [];
    const settled = [0, 0];
    let [heldSpend, heldTokens, admitted] = [0, 0, 0];
    for (let step = 0; step < operations; step += 1) {
      const [oldest] = running;
      if (oldest !== undefined && random(2) === 0) {
        running.splice(0, 1);
        // Mostly a little of what was held, so that many calls fit into the limits.
        const actual = oldest.amounts.map((amount) => (random(20) === 0 ? random(amount + 1) : 0));
        counters.settle(oldest.id, actual);
        heldSpend -= oldest.amounts[0] ?? 0;
        heldTokens -= oldest.amounts[1] ?? 0;
        settled[0] = (settled[0] ?? 0) + (actual[0] ?? 0);
        settled[1] = (settled[1] ?? 0) + (actual[1] ?? 0);
        continue;
      }
      const amounts = [random(5000), random(3000), 1];
      const charges = limits.map((limit, index) => chargeOf(limit, amounts[index] ?? 0));
      const reservation = counters.reserve(`call-${step}`, charges);
      const { kind } = reservation instanceof Promise ? await reservation : reservation;
      const fits =
        heldSpend + (settled[0] ?? 0) + (amounts[0] ?? 0) <= spend &&
        heldTokens + (settled[1] ?? 0) + (amounts[1] ?? 0) <= tokens &&
        running.length < calls;
      assert.equal(kind, fits ? 'admitted' : 'refused');
      if (kind !== 'admitted') continue;
      admitted += 1;
      heldSpend += amounts[0] ?? 0;
      heldTokens += amounts[1] ?? 0;
      running.push({ id: `call-${step}`, amounts });
    }
    for (const { id } of running) counters.settle(id, [0, 0, 0]);
    assert.ok(admitted > 100, String(admitted));
    assert.deepEqual(await counters.used(limits), [
      { used: settled[0], reserved: 0 },
      { used: settled[1], reserved: 0 },
      { used: 0, reserved: 0 },
    ]);
  });
});
