import { setTimeout as pause } from 'node:timers/promises';
import type { CallRecord } from '../domain/call-record.ts';
import type { Log } from '../ports.ts';
import type { LedgerStore } from './ledger-store.ts';

export interface StoreWriterOptions {
  readonly store: LedgerStore;
  readonly log: Log;
  /** How long it waits before it tries a store again that is down: at first, doubled each time, and at most. */
  readonly retryMs: number;
  readonly retryMsMax: number;
  /**
   * Takes a record that the store will never take: it must not hold up those behind it, nor be lost.
   * @returns false when it can't be kept elsewhere either
   */
  readonly setAside: (record: CallRecord, error: unknown) => boolean;
}

/** Brings records to the store, however long that takes. */
export class StoreWriter {
  readonly #options: StoreWriterOptions;
  readonly #stopping = new AbortController();
  #isDown = false;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /**
   * Stores records whose ids are not there yet, in one transaction; waits for a store that is down.
   * @returns false when it was stopped before they were stored.
   */
  async write(records: readonly CallRecord[]): Promise<boolean> {
    const { store, retryMs, retryMsMax, setAside } = this.#options;
    for (let waitMs = retryMs; !this.#stopping.signal.aborted; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        await store.insertCalls(records);
        this.#wentUp();
        return true;
      } catch (error) {
        const [first] = records;
        const isUnstorable = store.isUnstorable(error);
        // One of them is what the store does not take: it is found by halves.
        if (isUnstorable && records.length > 1) return this.#writeHalves(records);
        if (isUnstorable && first !== undefined && setAside(first, error)) return true;
        this.#wentDown(error);
      }
      await pause(waitMs, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => undefined);
    }
    return false;
  }

  /** Waits no longer for a store that is down. */
  stop(): void {
    this.#stopping.abort();
  }

  async #writeHalves(records: readonly CallRecord[]): Promise<boolean> {
    const half = Math.ceil(records.length / 2);
    return (await this.write(records.slice(0, half))) && (await this.write(records.slice(half)));
  }

  #wentDown(error: unknown): void {
    if (!this.#isDown) this.#options.log.warn({ err: error }, 'the database takes no records: they wait in the spool');
    this.#isDown = true;
  }

  #wentUp(): void {
    if (this.#isDown) this.#options.log.info({}, 'the database takes records again');
    this.#isDown = false;
  }
}
