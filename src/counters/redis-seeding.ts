import { isRate, type Limit } from '../domain/limits/limit.ts';
import type { LimitUse } from '../ports.ts';
import { sinceMs } from './redis-places.ts';
import type { RedisStore } from './redis-store.ts';
import type { Seeds } from './seeds.ts';

const BATCH = 100;

/** Gives counters in Redis what they have to begin with. */
export class RedisSeeding {
  readonly #store: RedisStore;
  readonly #seeds: Seeds | null;

  /** @param seeds null where there is nothing to begin with */
  constructor(store: RedisStore, seeds: Seeds | null) {
    this.#store = store;
    this.#seeds = seeds;
  }

  /**
   * @returns the limits for which the ledger can't tell now. Rates are not among them: their windows are short, and they
   * begin with nothing. @throws RedisFault
   */
  async seed(limits: readonly Limit[]): Promise<ReadonlySet<Limit>> {
    const unseeded = new Set<Limit>();
    const known: { limit: Limit; used: number }[] = [];
    const found = await Promise.all(limits.map(async (limit) => ({ limit, used: await this.#ask(limit) })));
    for (const { limit, used } of found) {
      if (used !== null || isRate(limit)) known.push({ limit, used: used ?? 0 });
      else unseeded.add(limit);
    }
    for (let from = 0; from < known.length; from += BATCH) await this.#store.seed(known.slice(from, from + BATCH));
    return unseeded;
  }

  /** What the ledger says of a limit whose counter has not begun. */
  async ledgerUse(limit: Limit): Promise<LimitUse | null> {
    const used = await this.#ask(limit);
    return used === null ? null : { used, reserved: 0 };
  }

  #ask(limit: Limit): Promise<number | null> {
    if (this.#seeds === null) return Promise.resolve(0);
    return this.#seeds.ask(limit, sinceMs(limit, this.#store.nowMs()));
  }
}
