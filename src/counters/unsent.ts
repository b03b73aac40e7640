import type { Log } from '../ports.ts';
import type { StoredCall } from './redis-store.ts';

/** A call that is over. */
export interface EndedCall {
  readonly call: StoredCall;
  /** The generation of counters it is in; 0 where Redis may not know of it. */
  readonly birth: number;
  readonly amounts: readonly number[];
  readonly endedMs: number;
}

/** Some tens of megabytes; an outage of a minute and a half at a thousand requests a second. */
const UNSENT_MAX = 100_000;

/** What has to be told to Redis when it can be reached again. */
export class Unsent {
  readonly #log: Log;
  readonly #calls = new Map<string, EndedCall>();
  #isFull = false;

  constructor(log: Log) {
    this.#log = log;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Beyond its bound the oldest is forgotten: the counters then keep what was reserved for it. */
  add(ended: EndedCall): void {
    const [oldest] = this.#calls.keys();
    if (this.#calls.size >= UNSENT_MAX && oldest !== undefined) {
      this.#calls.delete(oldest);
      if (!this.#isFull) this.#log.warn({ calls: UNSENT_MAX }, 'calls that are over are forgotten by the counters');
      this.#isFull = true;
    }
    this.#calls.set(ended.call.id, ended);
  }

  take(count: number): EndedCall[] {
    const taken: EndedCall[] = [];
    for (const [id, ended] of this.#calls) {
      if (taken.length === count) return taken;
      this.#calls.delete(id);
      taken.push(ended);
    }
    this.#isFull = false;
    return taken;
  }
}
