import { randomUUID } from 'node:crypto';
import { after, before, describe } from 'node:test';
import type { Counters } from '../../src/ports.ts';
import type { LimitListener, LoadUsed } from '../../src/counters/counters.ts';
import { MemoryCounters } from '../../src/counters/memory.ts';
import { openRedisCounters, REDIS_TIMING } from '../../src/counters/redis.ts';
import { Seeds } from '../../src/counters/seeds.ts';
import { startRedis, type TestRedis } from '../counters/redis-server.ts';
import { needs } from '../support/needs.ts';
import { CLOCK, QUIET } from './each-database.ts';

export interface CountersOptions {
  readonly load?: LoadUsed;
  readonly onEvent?: LimitListener;
  readonly reservationTtlMs?: number;
  readonly countersMax?: number;
}

/** One kind of counters. Whatever is opened is closed when its tests are over. */
export interface TestCounters {
  readonly kind: 'memory' | 'Redis';
  /** Counters that share nothing with others. */
  open(options?: CountersOptions): Promise<Counters>;
}

/** Runs the same tests on both kinds of counters. */
export function onEachCounters(tests: (counters: TestCounters) => void): void {
  describe('counters in memory', () => {
    tests({
      kind: 'memory',
      open: async ({ load, onEvent = () => undefined, reservationTtlMs = 60_000, countersMax = 1000 } = {}) =>
        new MemoryCounters({ countersMax, reservationTtlMs, clock: CLOCK, seeds: seedsOf(load), onEvent }),
    });
  });

  describe('counters in Redis', needs('redis-server'), () => {
    const opened: Counters[] = [];
    let redis: TestRedis | null = null;
    before(async () => {
      redis = await startRedis();
    });
    after(async () => {
      await Promise.all(opened.map((counters) => counters.close()));
      await redis?.stop();
    });
    tests({
      kind: 'Redis',
      open: async ({ load, onEvent = () => undefined, reservationTtlMs = 60_000, countersMax = 1000 } = {}) => {
        const counters = await openRedisCounters({
          url: redis?.url ?? '',
          prefix: randomUUID(),
          instanceId: randomUUID(),
          clock: CLOCK,
          log: QUIET,
          seeds: seedsOf(load),
          onEvent,
          reservationTtlMs,
          countersMax,
          budgetsWhenDown: 'closed',
          // The machine may be busy: a test of what is counted is not one of how fast.
          timing: { ...REDIS_TIMING, timeoutMs: 10_000 },
        });
        opened.push(counters);
        return counters;
      },
    });
  });
}

function seedsOf(load: LoadUsed | undefined): Seeds | null {
  return load === undefined ? null : new Seeds({ load, clock: CLOCK, log: QUIET });
}
