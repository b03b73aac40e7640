import type { Limit } from '../domain/limits/limit.ts';
import type { Clock, Log } from '../ports.ts';
import type { LoadUsed, SeedNeed } from './counters.ts';

/** How many counters one question to the ledger is about at most. */
const BATCH_MAX = 500;
/** After a question that failed none is asked for so long: a store that is down is not helped by more of them. */
const PAUSE_MS = 1000;

interface Waiting {
  readonly need: SeedNeed;
  readonly answer: Promise<number | null>;
  readonly tell: (used: number | null) => void;
}

/** Asks the ledger what new counters have to begin with: for all that are asked for in a turn at once. */
export class Seeds {
  readonly #load: LoadUsed;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Map<string, Waiting>();
  #pausedUntilMs = -Infinity;

  constructor({ load, clock, log }: { readonly load: LoadUsed; readonly clock: Clock; readonly log: Log }) {
    this.#load = load;
    this.#clock = clock;
    this.#log = log;
  }

  /** @returns null when the ledger can't tell now */
  ask(limit: Limit, sinceMs: number): Promise<number | null> {
    if (this.#clock.elapsedMs() < this.#pausedUntilMs) return Promise.resolve(null);
    const known = this.#waiting.get(limit.id);
    if (known !== undefined) return known.answer;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    if (this.#waiting.size === 0) setImmediate(() => void this.#loadWaiting());
    this.#waiting.set(limit.id, { need: { limit, sinceMs }, answer: promise, tell: resolve });
    return promise;
  }

  async #loadWaiting(): Promise<void> {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (let from = 0; from < all.length; from += BATCH_MAX) await this.#loadBatch(all.slice(from, from + BATCH_MAX));
  }

  async #loadBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const used = await this.#load(batch.map(({ need }) => need));
      batch.forEach(({ tell }, index) => tell(used[index] ?? null));
    } catch (error) {
      this.#pausedUntilMs = this.#clock.elapsedMs() + PAUSE_MS;
      this.#log.warn({ err: error, counters: batch.length }, 'what limits have used can not be read from the ledger');
      for (const { tell } of batch) tell(null);
    }
  }
}
