import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Limit } from '../../src/domain/limits/limit.ts';
import type { Counters } from '../../src/ports.ts';
import { needs } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Instance, type InstanceOptions, openInstance } from './fleet.ts';
import { chargeOf, DAY, FOREVER, limitOf, NONE, rolling } from './limits.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

const OUT = 'the counters in Redis are out of reach';
const BACK = 'the counters in Redis are back';
const LOST = 'the counters in Redis were lost: they are restored from the ledger';
const RESTORED = 'the counters in Redis are restored';
const DAY_MS = 86_400_000;

describe('counters in a Redis that fails', needs('redis-server'), () => {
  let redis: TestRedis;
  const opened: Instance[] = [];
  before(async () => {
    redis = await startRedis();
  });
  after(async () => {
    await Promise.all(opened.map(({ counters }) => counters.close()));
    await redis.stop();
  });
  const open = async (options: Partial<InstanceOptions> = {}): Promise<Instance> => {
    const instance = await openInstance({ url: redis.url, prefix: randomUUID(), ...options });
    opened.push(instance);
    return instance;
  };
  const close = async ({ counters }: Instance): Promise<void> => counters.close();

  let calls = 0;
  const reserve = async (counters: Counters, ...charges: readonly (readonly [Limit, number])[]) => {
    calls += 1;
    const id = `call-${calls}`;
    const reservation = await counters.reserve(
      id,
      charges.map(([limit, amount]) => chargeOf(limit, amount)),
    );
    return { id, kind: reservation.kind, reason: 'reason' in reservation ? reservation.reason : null };
  };
  const usedOf = async (counters: Counters, limit: Limit): Promise<number | undefined> =>
    (await counters.used([limit]))[0]?.used;

  test('frozen: 100 calls at once wait 60 ms at most, the next not at all; rates go on, hard budgets are closed', async () => {
    const instance = await open();
    const { counters, lines } = instance;
    const [rate, budget] = [limitOf('requests', 150, rolling(60)), limitOf('spend', 1000, DAY)];
    const soft = limitOf('spend', 1, DAY, { hard: false });
    const running = await reserve(counters, [rate, 1], [budget, 100]);

    redis.freeze();
    const startedMs = performance.now();
    const asked = Promise.all([
      Promise.all(Array.from({ length: 50 }, () => reserve(counters, [rate, 1]))),
      Promise.all(Array.from({ length: 50 }, () => reserve(counters, [rate, 1], [budget, 1]))),
    ]);
    // How late this machine is with 50 ms, from when all had been asked.
    const timerMs = pause(50).then(() => performance.now() - startedMs);
    const [rates, budgets] = await asked;
    const waitedMs = performance.now() - startedMs;
    const later = [await reserve(counters, [rate, 1], [soft, 1]), await reserve(counters, [budget, 1])];
    const laterMs = performance.now() - startedMs - waitedMs;
    counters.settle(running.id, [1, 40]);
    redis.thaw();

    assert.ok(waitedMs <= (await timerMs) + 10, `${waitedMs} ms`);
    assert.ok(laterMs <= 5, `${laterMs} ms`);
    assert.ok(rates.every(({ kind }) => kind === 'admitted'));
    assert.ok(budgets.every(({ reason }) => reason === 'down'));
    assert.deepEqual(
      later.map(({ kind, reason }) => reason ?? kind),
      ['admitted', 'down'],
    );
    await until(() => lines.includes(BACK));
    assert.deepEqual(lines, [OUT, BACK]);
    // What it had been sent while it was frozen it counted when it thawed; what became of it it knows now.
    assert.deepEqual(await counters.used([budget, rate]), [
      { used: 40, reserved: 0 },
      { used: 52, reserved: 51 },
    ]);
    for (const { id } of [...rates, ...later]) counters.settle(id, [0, 0]);
    assert.deepEqual(await counters.used([rate]), [{ used: 1, reserved: 0 }]);
    await close(instance);
  });

  test('frozen while calls are settled: each is settled once', async () => {
    const instance = await open();
    const { counters, lines } = instance;
    const budget = limitOf('spend', 1000, DAY);
    const [first, second] = [await reserve(counters, [budget, 100]), await reserve(counters, [budget, 100])];
    redis.freeze();
    counters.settle(first.id, [40]);
    counters.settle(second.id, [30]);
    await until(() => lines.includes(OUT));
    redis.thaw();
    await until(() => lines.includes(BACK));
    assert.deepEqual(await counters.used([budget]), [{ used: 70, reserved: 0 }]);
    await close(instance);
  });

  test('frozen, with budgets left open: calls are admitted, and counted when it is back', async () => {
    const instance = await open({ budgetsWhenDown: 'open' });
    const { counters, lines } = instance;
    const budget = limitOf('spend', 100, DAY);
    await reserve(counters, [budget, 90]);
    redis.freeze();
    const [over, running] = [await reserve(counters, [budget, 500]), await reserve(counters, [budget, 7])];
    counters.settle(over.id, [30]);
    redis.thaw();
    await until(() => lines.includes(BACK));
    assert.deepEqual(await counters.used([budget]), [{ used: 127, reserved: 97 }]);
    counters.settle(running.id, [1]);
    counters.settle(running.id, [1]);
    assert.equal(await usedOf(counters, budget), 121);
    await close(instance);
  });

  test('frozen: each of four instances has a quarter of a rate, less what it has used already', async () => {
    const prefix = randomUUID();
    const fleet = [await open({ prefix }), await open({ prefix }), await open({ prefix }), await open({ prefix })];
    const rate = limitOf('requests', 100, rolling(60));
    const running = limitOf('concurrency', 2, NONE);
    const [first] = fleet;
    assert.ok(first !== undefined);
    // Every instance has heard of the others.
    await pause(120);
    for (let call = 0; call < 20; call += 1) await reserve(first.counters, [rate, 1]);
    redis.freeze();
    const admitted = await Promise.all(
      fleet.map(async ({ counters }) => {
        const calls = await Promise.all(Array.from({ length: 60 }, () => reserve(counters, [rate, 1])));
        return calls.filter(({ kind }) => kind === 'admitted').length;
      }),
    );
    // So few that there is not one for each instance: each may have one.
    const one = await Promise.all(fleet.map(({ counters }) => reserve(counters, [running, 1])));
    redis.thaw();
    assert.deepEqual(admitted, [5, 25, 25, 25]);
    assert.ok(one.every(({ kind }) => kind === 'admitted'));
    await until(() => fleet.every(({ lines }) => lines.includes(BACK)));
    assert.equal(await usedOf(first.counters, rate), 100);
    await Promise.all(fleet.map(close));
  });

  const losses = [
    ['flushed', async () => void (await redis.client.flushall())],
    [
      'killed and started empty',
      async () => {
        await redis.kill();
        await redis.restart();
      },
    ],
    [
      'started with an old state of itself',
      async () => {
        const [generation = ''] = await redis.client.keys('*:generation');
        await redis.client.hset(generation, 'ops', 1);
      },
    ],
  ] as const;
  for (const [how, lose] of losses) {
    test(`${how}: budgets are closed until the ledger and all running calls are counted again`, async () => {
      await redis.client.flushall();
      const prefix = randomUUID();
      const ledger = new Map<string, number>();
      const load: InstanceOptions['load'] = async (needs) => needs.map(({ limit }) => ledger.get(limit.id) ?? 0);
      const [one, two] = [await open({ prefix, load }), await open({ prefix, load })];
      const budget = limitOf('spend', 1000, DAY);
      const other = limitOf('spend', 1000, FOREVER);
      const over = await reserve(one.counters, [budget, 500], [other, 500]);
      one.counters.settle(over.id, [300, 300]);
      const running = [await reserve(one.counters, [budget, 100]), await reserve(two.counters, [budget, 200])];
      ledger.set(budget.id, 300);
      ledger.set(other.id, 300);

      await lose();
      const refused: string[] = [];
      let admitted = await reserve(two.counters, [budget, 400]);
      while (admitted.kind !== 'admitted') {
        refused.push(admitted.reason ?? admitted.kind);
        await pause(5);
        admitted = await reserve(two.counters, [budget, 400]);
      }
      assert.ok(
        refused.length > 0 && refused.every((reason) => ['restoring', 'down'].includes(reason)),
        String(refused),
      );
      await until(() => [one, two].every(({ lines }) => lines.includes(RESTORED)));
      assert.ok([one, two].every(({ lines }) => lines.includes(LOST)));
      assert.equal((await reserve(one.counters, [budget, 1])).kind, 'refused');
      assert.deepEqual(await one.counters.used([budget, other]), [
        { used: 1000, reserved: 700 },
        { used: 300, reserved: 0 },
      ]);
      one.counters.settle(running[0]?.id ?? '', [1]);
      two.counters.settle(running[1]?.id ?? '', [2]);
      two.counters.settle(admitted.id, [3]);
      // What an instance asks comes after what it has settled.
      await one.counters.used([budget]);
      assert.deepEqual(await two.counters.used([budget]), [{ used: 306, reserved: 0 }]);
      await Promise.all([one, two].map(close));
    });
  }

  test('away from the start: rates work at once, budgets when it comes', async () => {
    await redis.kill();
    const instance = await open();
    const { counters, lines } = instance;
    const [rate, budget] = [limitOf('requests', 2, rolling(60)), limitOf('spend', 10, DAY)];
    const kinds = [];
    for (let call = 0; call < 3; call += 1) kinds.push((await reserve(counters, [rate, 1])).kind);
    assert.deepEqual(kinds, ['admitted', 'admitted', 'refused']);
    assert.equal((await reserve(counters, [budget, 1])).reason, 'down');
    await redis.restart();
    await until(() => lines.includes(BACK));
    assert.equal((await reserve(counters, [budget, 1])).kind, 'admitted');
    assert.equal((await reserve(counters, [rate, 1])).kind, 'refused');
    assert.deepEqual(lines, [OUT, BACK]);
    await close(instance);
  });

  test('that has become a replica: budgets are closed until there is a primary', async () => {
    const instance = await open();
    const { counters, lines } = instance;
    const budget = limitOf('spend', 10, DAY);
    await reserve(counters, [budget, 4]);
    await redis.client.replicaof('127.0.0.1', 1);
    assert.equal((await reserve(counters, [budget, 4])).reason, 'down');
    await redis.client.replicaof('NO', 'ONE');
    await until(() => lines.includes(BACK));
    assert.deepEqual(lines, [OUT, BACK]);
    assert.equal(await usedOf(counters, budget), 4);
    await close(instance);
  });

  test('whose URL is none is refused, and the URL not quoted', async () => {
    await assert.rejects(open({ url: 'redis://:s3cret@host:port' }), (error) => {
      assert.ok(error instanceof Error);
      assert.doesNotMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /s3cret/);
      return true;
    });
  });

  test('that forgets its scripts is told again', async () => {
    const instance = await open();
    await redis.client.script('FLUSH');
    assert.equal((await reserve(instance.counters, [limitOf('spend', 10, DAY), 1])).kind, 'admitted');
    await close(instance);
  });

  test('that may throw counters away is warned of', async () => {
    await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const instance = await open();
    await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
    assert.deepEqual(instance.lines, [
      'Redis may throw counters away when its memory is full: set maxmemory-policy noeviction',
    ]);
    await close(instance);
  });

  describe('whose clock jumps', () => {
    const counterOf = (prefix: string, limit: Limit): string => `{${prefix}}:count:${limit.id}`;

    test('a day that is over begins anew, and what was reserved in it is settled in none', async () => {
      const prefix = randomUUID();
      const instance = await open({ prefix });
      const budget = limitOf('spend', 100, DAY);
      const before_ = await reserve(instance.counters, [budget, 100]);
      await redis.client.hincrby(counterOf(prefix, budget), 'w', -DAY_MS);
      const today = await reserve(instance.counters, [budget, 60]);
      assert.equal(today.kind, 'admitted');
      instance.counters.settle(today.id, [50]);
      assert.deepEqual(await instance.counters.used([budget]), [{ used: 50, reserved: 0 }]);
      assert.equal((await reserve(instance.counters, [budget, 51])).kind, 'refused');
      instance.counters.settle(before_.id, [100]);
      await close(instance);
    });

    test('back by less than a window: the day does not begin twice; further: it goes back with all that was used', async () => {
      for (const days of [1, 3]) {
        const prefix = randomUUID();
        const instance = await open({ prefix });
        const budget = limitOf('spend', 100, DAY);
        const running = await reserve(instance.counters, [budget, 70]);
        await redis.client.hincrby(counterOf(prefix, budget), 'w', days * DAY_MS);
        assert.equal((await reserve(instance.counters, [budget, 40])).kind, 'refused');
        assert.equal((await reserve(instance.counters, [budget, 20])).kind, 'admitted');
        assert.equal(await usedOf(instance.counters, budget), 90);
        instance.counters.settle(running.id, [0]);
        await close(instance);
      }
    });

    test('a rolling window that was ahead takes all for used now', async () => {
      const prefix = randomUUID();
      const instance = await open({ prefix });
      const rate = limitOf('requests', 2, rolling(60));
      await reserve(instance.counters, [rate, 1]);
      await reserve(instance.counters, [rate, 1]);
      await redis.client.hincrby(counterOf(prefix, rate), 'l', 100_000);
      assert.equal((await reserve(instance.counters, [rate, 1])).kind, 'refused');
      await redis.client.hincrby(counterOf(prefix, rate), 'l', -100_000);
      assert.equal((await reserve(instance.counters, [rate, 1])).kind, 'admitted');
      await close(instance);
    });

    test('an instance whose clock is an hour off counts in the windows of Redis', async () => {
      const clock = { nowMs: () => Date.now() + 26 * 3_600_000, elapsedMs: () => performance.now() };
      const prefix = randomUUID();
      const [right, wrong] = [await open({ prefix }), await open({ prefix, clock })];
      const budget = limitOf('spend', 100, { kind: 'calendar', unit: 'hour', count: 1 });
      await reserve(right.counters, [budget, 60]);
      assert.equal((await reserve(wrong.counters, [budget, 41])).kind, 'refused');
      assert.equal((await reserve(wrong.counters, [budget, 40])).kind, 'admitted');
      assert.equal(await usedOf(right.counters, budget), 100);
      await Promise.all([right, wrong].map(close));
    });
  });
});
