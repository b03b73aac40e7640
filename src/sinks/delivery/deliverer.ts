import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../ports.ts';
import { backoffMs, type RetryBounds } from './backoff.ts';
import { DeliveryFault } from '../delivery-fault.ts';
import type { BatchResult } from '../sink.ts';
import type { SinkStatus } from './sink-status.ts';

export interface DelivererOptions<Item> {
  readonly deliver: (items: readonly Item[], signal: AbortSignal) => Promise<BatchResult>;
  readonly status: SinkStatus;
  readonly random: () => number;
  readonly retry: RetryBounds;
  readonly clock: Clock;
  /** How long a batch is tried before it is given up; infinite for what must not be lost. */
  readonly patienceMs: number;
  /** Keeps what the receiver will never take. */
  readonly setAside: (items: readonly Item[], reason: string) => void;
}

/** Brings batches to a receiver, one after the other, however often that takes. */
export class Deliverer<Item> {
  readonly #options: DelivererOptions<Item>;
  readonly #stopping = new AbortController();
  readonly #hurrying = new AbortController();
  #failuresInARow = 0;

  constructor(options: DelivererOptions<Item>) {
    this.#options = options;
  }

  /** @returns how many of them are neither with the receiver nor given up: it was stopped, or in a hurry */
  async send(items: readonly Item[]): Promise<number> {
    const { status, clock, patienceMs } = this.#options;
    let waiting = items;
    let sinceMs = clock.elapsedMs();
    while (waiting.length > 0) {
      if (this.#stopping.signal.aborted) return waiting.length;
      const result = await this.#try(waiting);
      if (result === 'refused') return this.#sendHalves(waiting);
      const { again, refused, reason } = result;
      if (refused.length > 0) this.#refuse(pick(waiting, refused), reason);
      const taken = waiting.length - again.length - refused.length;
      if (taken > 0) this.#wentWell(taken);
      // Whoever says of some that they are not wanted is there, and will be asked about the others as if anew.
      if (again.length < waiting.length) sinceMs = clock.elapsedMs();
      const waitMs = again.length === 0 ? 0 : this.#wentWrong(result, again.length < waiting.length);
      waiting = pick(waiting, again);
      if (waiting.length === 0) break;
      if (clock.elapsedMs() - sinceMs >= patienceMs) {
        status.lost(waiting.length, 'givenUp');
        break;
      }
      if (this.#hurrying.signal.aborted) return waiting.length;
      await pause(waitMs, undefined, { signal: this.#hurrying.signal, ref: false }).catch(() => undefined);
    }
    return 0;
  }

  /** From now on everything is tried once more at most, without pauses. */
  hurry(): void {
    this.#hurrying.abort();
  }

  /** Breaks off what is under way. */
  stop(): void {
    this.#hurrying.abort();
    this.#stopping.abort();
  }

  async #try(items: readonly Item[]): Promise<(BatchResult & { retryAfterMs: number | null }) | 'refused'> {
    const all = items.map((_, index) => index);
    try {
      const result = await this.#options.deliver(items, this.#stopping.signal);
      return { ...result, retryAfterMs: null };
    } catch (error) {
      // A defect of ours must not repeat itself for ever either.
      const fault = error instanceof DeliveryFault ? error : new DeliveryFault('refused', describe(error));
      const { verdict, message, retryAfterMs } = fault;
      if (verdict === 'again') return { again: all, refused: [], reason: message, retryAfterMs };
      // One of them may be what is not taken: it is found by halves.
      if (items.length > 1) return 'refused';
      return { again: [], refused: all, reason: message, retryAfterMs: null };
    }
  }

  async #sendHalves(items: readonly Item[]): Promise<number> {
    const half = Math.ceil(items.length / 2);
    const left = await this.send(items.slice(0, half));
    return left > 0 ? left + items.length - half : this.send(items.slice(half));
  }

  #refuse(items: readonly Item[], reason: string | null): void {
    const why = reason ?? 'the receiver does not say why';
    this.#options.setAside(items, why);
    this.#options.status.refused(items.length, why);
  }

  #wentWell(taken: number): void {
    this.#failuresInARow = 0;
    this.#options.status.taken(taken);
  }

  /** @returns how long to wait before the next try */
  #wentWrong(
    { reason, retryAfterMs }: { reason: string | null; retryAfterMs: number | null },
    isInPart: boolean,
  ): number {
    const { status, retry, random } = this.#options;
    this.#failuresInARow += 1;
    const why = reason ?? 'the receiver does not say why';
    if (isInPart) status.faltered(why);
    else if (!this.#stopping.signal.aborted) status.failed(why);
    return Math.max(retryAfterMs ?? 0, backoffMs(this.#failuresInARow, retry, random));
  }
}

function pick<Item>(items: readonly Item[], places: readonly number[]): Item[] {
  const wanted = new Set(places);
  return items.filter((_, index) => wanted.has(index));
}

/** Only the name: the message of an error that nobody expected may hold anything. */
function describe(error: unknown): string {
  return `it can not be delivered (${error instanceof Error ? error.name : typeof error})`;
}
