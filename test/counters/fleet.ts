import { randomUUID } from 'node:crypto';
import type { LoadUsed } from '../../src/counters/counters.ts';
import { openRedisCounters, type RedisTiming } from '../../src/counters/redis.ts';
import { Seeds } from '../../src/counters/seeds.ts';
import type { Clock, Counters, Log } from '../../src/ports.ts';

/** What an instance of a test's fleet can be given. */
export interface InstanceOptions {
  readonly url: string;
  readonly prefix: string;
  readonly load?: LoadUsed;
  readonly clock?: Clock;
  readonly budgetsWhenDown?: 'closed' | 'open';
  readonly timing?: Partial<RedisTiming>;
}

export interface Instance {
  readonly counters: Counters;
  /** What it said to its operators. */
  readonly lines: readonly string[];
  readonly told: readonly (number | 'refused')[];
}

const CLOCK: Clock = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

/** Quick enough for tests; a Redis that does not answer costs what it costs in earnest. */
const TIMING: RedisTiming = { timeoutMs: 50, beatMs: 50, reconnectMs: 10, ledgerLagMs: 100 };

export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const lines: string[] = [];
  const told: (number | 'refused')[] = [];
  const say = (_: object, message: string): void => void lines.push(message);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const { load, clock = CLOCK } = options;
  const counters = await openRedisCounters({
    url: options.url,
    prefix: options.prefix,
    instanceId: randomUUID(),
    clock,
    log,
    seeds: load === undefined ? null : new Seeds({ load, clock, log }),
    onEvent: (_, event) => void told.push(event.kind === 'reached' ? event.threshold : 'refused'),
    reservationTtlMs: 60_000,
    countersMax: 1000,
    budgetsWhenDown: options.budgetsWhenDown ?? 'closed',
    timing: { ...TIMING, ...options.timing },
  });
  return { counters, lines, told };
}
