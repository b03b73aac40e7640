import type { Charge } from '../domain/limits/charges.ts';
import { isRate } from '../domain/limits/limit.ts';
import type { Clock, Reservation } from '../ports.ts';
import { MemoryCounters } from './memory.ts';

/**
 * This instance's own part of the rates that a fleet counts elsewhere. It counts along all the time, so that when it has
 * to decide alone, what the instance has used already is in it.
 */
export class LocalShare {
  readonly #counters: MemoryCounters;

  constructor(options: { readonly countersMax: number; readonly reservationTtlMs: number; readonly clock: Clock }) {
    this.#counters = new MemoryCounters({ ...options, seeds: null, onEvent: () => undefined });
  }

  /** Counts a call that was admitted for the whole fleet. */
  hold(id: string, charges: readonly Charge[]): void {
    this.#counters.hold(id, charges.filter(isOfRate));
  }

  /** Each rate has room for its maximum divided by the instances, but at least for one. */
  reserve(id: string, charges: readonly Charge[], instances: number): Reservation {
    const shares = charges.filter(isOfRate).map((charge) => ({ ...charge, max: shareOf(charge.max, instances) }));
    const reservation = this.#counters.reserveSeeded(id, shares);
    if (reservation.kind !== 'admitted') return reservation;
    const left = new Map(shares.map(({ limit }, index) => [limit.id, reservation.remaining[index]]));
    return { kind: 'admitted', remaining: charges.map(({ limit, max }) => left.get(limit.id) ?? max) };
  }

  settle(id: string, charges: readonly Charge[], amounts: readonly number[]): void {
    this.#counters.settle(
      id,
      charges.flatMap((charge, index) => (isOfRate(charge) ? [amounts[index] ?? charge.amount] : [])),
    );
  }

  renew(id: string): void {
    this.#counters.renew(id);
  }
}

function isOfRate({ limit }: Charge): boolean {
  return limit.hard && isRate(limit);
}

function shareOf(max: number, instances: number): number {
  return Math.max(Math.min(1, max), Math.floor(max / instances));
}
