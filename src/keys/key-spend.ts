import { setTimeout as pause } from 'node:timers/promises';
import type { Clock, KeySpend, Log } from '../ports.ts';

export interface KeySpendOptions {
  /** What the calls of a key have cost so far, by the word of the ledger. */
  readonly load: (keyId: string) => Promise<bigint>;
  /** Whether the ledger has stored all calls of this process that are over. */
  readonly isAllStored: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

interface Spend {
  /** Null while it is not known. */
  nanos: bigint | null;
  /** Calls that were added. */
  adds: number;
  addedMs: number;
  isLoading: boolean;
  triedMs: number;
  /** What the first calls wait for; null when that is over. */
  first: Promise<void> | null;
}

const KEYS_MAX = 50_000;
/** What other instances of a fleet have spent, or somebody has set back, is seen after so long. */
const FRESH_MS = 60_000;
const RETRY_MS = 1000;
/** After so long without a call what its calls cost is on its way to the store, where there is one. */
const QUIET_MS = 1000;
/** How long the first calls of a key wait at most: a store that is down stops nobody. */
const WAIT_MS_MAX = 100;

/**
 * What keys have spent, for those who ask with every call: what the ledger had before the first call of a key here, and
 * what its calls have cost since. The ledger is some moments behind, so what it says while calls end is not taken, except
 * where it knows of more: others spend with the key too.
 */
export class KnownKeySpend implements KeySpend {
  readonly #options: KeySpendOptions;
  /** In the order of their first calls. Which of them were used last would cost each call as much as its price. */
  readonly #spends = new Map<string, Spend>();

  constructor(options: KeySpendOptions) {
    this.#options = options;
  }

  /** To be told of each call of a key before it begins. @returns what its first calls have to wait for, a moment at most */
  begins(keyId: string): Promise<void> | null {
    const spend = this.#spends.get(keyId);
    const nowMs = this.#options.clock.elapsedMs();
    if (spend === undefined) {
      const fresh = newSpend(nowMs);
      const [oldest] = this.#spends.keys();
      if (this.#spends.size >= KEYS_MAX && oldest !== undefined) this.#spends.delete(oldest);
      this.#spends.set(keyId, fresh);
      const loaded = Promise.race([this.#load(keyId, fresh), pause(WAIT_MS_MAX)]);
      return (fresh.first = loaded.finally(() => (fresh.first = null)));
    }
    if (spend.first !== null) return spend.first;
    const restMs = spend.nanos === null ? RETRY_MS : FRESH_MS;
    if (!spend.isLoading && nowMs - spend.triedMs > restMs) void this.#load(keyId, spend);
    return null;
  }

  add(keyId: string, nanos: bigint): bigint | null {
    const spend = this.#spends.get(keyId);
    if (spend === undefined) return null;
    spend.adds += 1;
    spend.addedMs = this.#options.clock.elapsedMs();
    if (spend.nanos !== null) spend.nanos += nanos;
    return spend.nanos;
  }

  async #load(keyId: string, spend: Spend): Promise<void> {
    const { load, log, clock } = this.#options;
    spend.isLoading = true;
    spend.triedMs = clock.elapsedMs();
    const { adds } = spend;
    const isSettled = this.#isSettled(spend);
    try {
      const loaded = await load(keyId);
      if (isSettled && spend.adds === adds) spend.nanos = loaded;
      else if (spend.nanos !== null && loaded > spend.nanos) spend.nanos = loaded;
    } catch (error) {
      log.debug({ err: error }, 'what a key has spent can not be read');
    } finally {
      spend.isLoading = false;
    }
  }

  /** Whether the ledger has all that the key has spent here. */
  #isSettled({ adds, addedMs }: Spend): boolean {
    const { clock, isAllStored } = this.#options;
    return adds === 0 || (clock.elapsedMs() - addedMs >= QUIET_MS && isAllStored());
  }
}

function newSpend(nowMs: number): Spend {
  return { nanos: null, adds: 0, addedMs: nowMs, isLoading: false, triedMs: nowMs, first: null };
}
