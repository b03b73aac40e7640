import type { Charge } from '../domain/limits/charges.ts';
import type { Limit } from '../domain/limits/limit.ts';
import type { Counters, LimitUse, Reservation } from '../ports.ts';

/** How often a running call says so, in milliseconds: several times within what a reservation lives. */
const RENEW_EVERY_MS = 20_000;

/** How long a reservation lives whose process has died. */
export const RESERVATION_TTL_MS = 90_000;

/**
 * Renews the reservations of running calls, all by one timer: a model may think for an hour, and what a dead process has
 * held should be free long before that.
 */
export class RenewingCounters implements Counters {
  readonly #counters: Counters;
  readonly #running = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(counters: Counters, everyMs = RENEW_EVERY_MS) {
    this.#counters = counters;
    this.#timer = setInterval(() => {
      for (const id of this.#running) this.#counters.renew(id);
    }, everyMs);
    this.#timer.unref();
  }

  reserve(id: string, charges: readonly Charge[]): Reservation | Promise<Reservation> {
    const reservation = this.#counters.reserve(id, charges);
    if (reservation instanceof Promise) return reservation.then((settled) => this.#note(id, settled));
    return this.#note(id, reservation);
  }

  settle(id: string, amounts: readonly number[]): void {
    this.#running.delete(id);
    this.#counters.settle(id, amounts);
  }

  renew(id: string): void {
    this.#counters.renew(id);
  }

  used(limits: readonly Limit[]): Promise<readonly (LimitUse | null)[]> {
    return this.#counters.used(limits);
  }

  reset(limit: Limit, used: number): Promise<void> {
    return this.#counters.reset(limit, used);
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return this.#counters.close();
  }

  #note(id: string, reservation: Reservation): Reservation {
    if (reservation.kind === 'admitted') this.#running.add(id);
    return reservation;
  }
}
