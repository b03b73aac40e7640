import type { Clock, KeySpend, Log } from '../ports.ts';

export interface KeySpendOptions {
  /** What the calls of a key have cost so far, by the word of the ledger. */
  readonly load: (keyId: string) => Promise<bigint>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Known {
  nanos: bigint;
  loadedMs: number;
}

const KEYS_MAX = 50_000;
/** What other instances of a fleet have spent is seen after so long. */
const FRESH_MS = 60_000;

/** What keys have spent, for those who ask with every call: from memory, and right again now and then. */
export class KnownKeySpend implements KeySpend {
  readonly #options: KeySpendOptions;
  /** In the order in which they were asked for. */
  readonly #known = new Map<string, Known>();
  readonly #loading = new Set<string>();

  constructor(options: KeySpendOptions) {
    this.#options = options;
  }

  add(keyId: string, nanos: bigint): bigint | null {
    const known = this.#known.get(keyId);
    if (known !== undefined) known.nanos += nanos;
    const nowMs = this.#options.clock.elapsedMs();
    if (known === undefined || nowMs - known.loadedMs > FRESH_MS) this.#load(keyId, nowMs);
    return known?.nanos ?? null;
  }

  #load(keyId: string, loadedMs: number): void {
    if (this.#loading.has(keyId)) return;
    this.#loading.add(keyId);
    this.#options
      .load(keyId)
      .then((nanos) => this.#remember(keyId, { nanos, loadedMs }))
      .catch((error: unknown) => this.#options.log.debug({ err: error }, 'what a key has spent can not be read'))
      .finally(() => this.#loading.delete(keyId));
  }

  #remember(keyId: string, known: Known): void {
    this.#known.delete(keyId);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= KEYS_MAX && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(keyId, known);
  }
}
