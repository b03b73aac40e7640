import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { Caller } from './caller.ts';
import type { Made } from './judging.ts';
import type { PlannedCall, Random } from './workload.ts';

/** A call with the time it took, on the clock of `performance`. */
export interface TimedCall extends Made {
  readonly startedMs: number;
  readonly endedMs: number;
}

interface SteadyLoadOptions {
  readonly origin: string;
  readonly bearer: string;
  /** What its calls are known by. */
  readonly name: string;
  readonly seed: number;
  readonly atOnce: number;
  readonly plan: (random: Random) => PlannedCall;
  readonly headers?: (random: Random) => Readonly<Record<string, string>>;
}

/** Who is refused comes again, but not at once: it would be a load of another kind. */
const AFTER_REFUSAL_MS = 20;

/** Clients that make calls, one after the other each, until they are told to stop. */
export class SteadyLoad {
  readonly calls = new Map<string, TimedCall>();
  readonly #caller: Caller;
  readonly #clients: Promise<unknown>;
  #isOver = false;

  constructor({ origin, bearer, name, seed, atOnce, plan, headers = () => ({}) }: SteadyLoadOptions) {
    this.#caller = new Caller(bearer);
    const client = async (_: unknown, index: number): Promise<void> => {
      const random = seededRandom(seed + index);
      for (let number = 0; !this.#isOver; number += 1) {
        const planned = plan(random);
        const called = `${name}-${index}-${number}`;
        const startedMs = performance.now();
        const seen = await this.#caller.call(origin, called, planned, null, headers(random));
        this.calls.set(called, { planned, seen, startedMs, endedMs: performance.now() });
        if (seen.status !== 200) await pause(AFTER_REFUSAL_MS);
      }
    };
    this.#clients = Promise.all(Array.from({ length: atOnce }, client));
  }

  /** Those that ended in some time, also when they began before it. */
  endedBetween(fromMs: number, untilMs: number): readonly TimedCall[] {
    return [...this.calls.values()].filter(({ endedMs }) => endedMs >= fromMs && endedMs < untilMs);
  }

  begunSince(fromMs: number): readonly TimedCall[] {
    return [...this.calls.values()].filter(({ startedMs }) => startedMs >= fromMs);
  }

  /** Lets the calls end that are under way. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#clients;
    this.#caller.close();
  }
}

const PERCENT = 100;

/** How long calls took that none but so many of a hundred passed, in milliseconds; 0 of none. */
export function percentileMs(calls: readonly TimedCall[], percent: number): number {
  const sorted = calls.map(({ startedMs, endedMs }) => endedMs - startedMs).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / PERCENT))] ?? 0;
}
