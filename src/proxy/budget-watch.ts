import type { Charge } from '../domain/limits/charges.ts';
import type { Proxy } from './proxy.ts';

/** What it needs of the proxy. */
type BudgetWatchParts = Pick<Proxy, 'clock' | 'log'> & {
  readonly options: Pick<Proxy['options'], 'cutStreams'>;
  readonly counters: Pick<Proxy['counters'], 'used'>;
};

interface WatchedCall {
  readonly charges: readonly Charge[];
  readonly startedMs: number;
}

/** How often a running stream is held against its budgets. */
const LOOK_EVERY_MS = 1000;

/**
 * Tells a stream that a hard budget it runs under has been spent by other calls. What is only held for running calls is
 * not spent: a stream does not end because of its own reservation.
 */
export class BudgetWatch {
  readonly #proxy: BudgetWatchParts;
  readonly #budgets: readonly Charge[];
  #lookedMs: number;
  #isSpent = false;

  constructor({ charges, startedMs }: WatchedCall, proxy: BudgetWatchParts) {
    this.#proxy = proxy;
    this.#lookedMs = startedMs;
    const isOn = proxy.options.cutStreams;
    this.#budgets = isOn ? charges.filter(({ limit }) => limit.hard && limit.kind === 'spend') : [];
  }

  /** As of the last look; asking may begin another one. */
  get isSpent(): boolean {
    if (this.#budgets.length > 0) this.#look();
    return this.#isSpent;
  }

  #look(): void {
    const nowMs = this.#proxy.clock.elapsedMs();
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = nowMs;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      const uses = await this.#proxy.counters.used(this.#budgets.map(({ limit }) => limit));
      // Counters out of reach say nothing, and what they say next time is soon enough.
      this.#isSpent = uses.some((use, index) => use !== null && use.used - use.reserved >= this.#maxOf(index));
    } catch (error) {
      this.#proxy.log.debug({ err: error }, 'budgets of a stream can not be asked for');
    }
  }

  #maxOf(index: number): number {
    return this.#budgets[index]?.max ?? Infinity;
  }
}
