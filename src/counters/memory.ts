import type { Charge } from '../domain/limits/charges.ts';
import { isRate, type Limit } from '../domain/limits/limit.ts';
import type { Clock, Counters, LimitUse, Reservation } from '../ports.ts';
import type { Count } from './count.ts';
import type { LimitListener } from './counters.ts';
import { HeldCount } from './held-count.ts';
import { RollingCount } from './rolling-count.ts';
import type { Seeds } from './seeds.ts';
import { SpanCount } from './span-count.ts';

export interface MemoryCountersOptions {
  /** Counters held at once. Beyond it calls under a new hard limit are refused, and soft ones not counted. */
  readonly countersMax: number;
  /** How long a reservation lives without being renewed. */
  readonly reservationTtlMs: number;
  readonly clock: Clock;
  /** Null where there is nothing to begin with. */
  readonly seeds: Seeds | null;
  readonly onEvent: LimitListener;
}

interface Held {
  readonly charges: readonly Charge[];
  readonly counts: readonly Count[];
  readonly positions: readonly number[];
  expiresMs: number;
}

/** Counters looked at for each new one, to forget those that are over. */
const SWEPT_EACH = 2;
const SWEPT_WHEN_FULL = 64;

const RETRY_MS = 1000;
const NOTHING_HELD: Reservation = { kind: 'admitted', remaining: [] };

/** The counters of one process. A call under limits that are known here waits for nothing. */
export class MemoryCounters implements Counters {
  readonly #options: MemoryCountersOptions;
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();
  /** In the order in which they were made or renewed, which is that in which they expire. */
  readonly #held = new Map<string, Held>();
  #hand = this.#counts.entries();

  constructor(options: MemoryCountersOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  reserve(id: string, charges: readonly Charge[]): Reservation | Promise<Reservation> {
    if (charges.length === 0) return NOTHING_HELD;
    if (this.#held.has(id)) throw new Error(`The reservation ${id} exists.`);
    const counts = this.#countsOf(charges);
    if (counts.every(({ seeded }) => seeded)) return this.#decide(id, charges, counts);
    return this.#seed(counts).then(() => this.reserveSeeded(id, charges));
  }

  /** As `reserve`, without asking the ledger for what was used before. */
  reserveSeeded(id: string, charges: readonly Charge[]): Reservation {
    return charges.length === 0 ? NOTHING_HELD : this.#decide(id, charges, this.#countsOf(charges));
  }

  settle(id: string, amounts: readonly number[]): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    this.#settle(held, amounts);
  }

  renew(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    held.expiresMs = this.#clock.elapsedMs() + this.#options.reservationTtlMs;
    this.#held.set(id, held);
  }

  /** Counts a call that was admitted elsewhere, without asking whether it fits. */
  hold(id: string, charges: readonly Charge[]): void {
    if (charges.length > 0) this.#take(id, charges, this.#countsOf(charges));
  }

  async used(limits: readonly Limit[]): Promise<readonly (LimitUse | null)[]> {
    const nowMs = this.#clock.nowMs();
    const elapsedMs = this.#clock.elapsedMs();
    this.#expire(elapsedMs);
    return Promise.all(limits.map((limit) => this.#usedOf(limit, nowMs, elapsedMs)));
  }

  reset(limit: Limit, used: number): Promise<void> {
    const count = this.#countOf(limit, this.#clock.nowMs(), this.#clock.elapsedMs());
    count.reset(used);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** How much is held in memory. */
  size(): { readonly counters: number; readonly reservations: number } {
    return { counters: this.#counts.size, reservations: this.#held.size };
  }

  #decide(id: string, charges: readonly Charge[], counts: readonly Count[]): Reservation {
    for (let index = 0; index < charges.length; index += 1) {
      const [charge, count] = [charges[index], counts[index]];
      if (charge === undefined || count === undefined) continue;
      count.meet(charge.max);
      if (!charge.limit.hard) continue;
      const reason = whyUnavailable(count);
      if (reason !== null) return { kind: 'unavailable', charge, reason, retryAfterMs: RETRY_MS };
      if (count.used + charge.amount > charge.max) return this.#refuse(charge, count);
    }
    return { kind: 'admitted', remaining: this.#take(id, charges, counts) };
  }

  #refuse(charge: Charge, count: Count): Reservation {
    const { used } = count;
    const { limit, amount } = charge;
    if (count.isFirstRefusal()) this.#options.onEvent(limit, { kind: 'refused', amount, used });
    return { kind: 'refused', charge, used, retryAfterMs: count.fitsInMs(charge.amount, charge.max) };
  }

  /** @returns what is left of each */
  #take(id: string, charges: readonly Charge[], counts: readonly Count[]): number[] {
    const remaining: number[] = [];
    const positions: number[] = [];
    for (let index = 0; index < charges.length; index += 1) {
      const [charge, count] = [charges[index], counts[index]];
      if (charge === undefined || count === undefined) continue;
      positions.push(count.reserve(charge.amount));
      remaining.push(charge.max - count.used);
    }
    const expiresMs = this.#clock.elapsedMs() + this.#options.reservationTtlMs;
    this.#held.set(id, { charges, counts, positions, expiresMs });
    return remaining;
  }

  #settle({ charges, counts, positions }: Held, amounts: readonly number[]): void {
    const nowMs = this.#clock.nowMs();
    const elapsedMs = this.#clock.elapsedMs();
    for (let index = 0; index < charges.length; index += 1) {
      const [charge, count, position] = [charges[index], counts[index], positions[index]];
      if (charge === undefined || count === undefined || position === undefined) continue;
      count.advance(nowMs, elapsedMs);
      count.settle(position, charge.amount, amounts[index] ?? charge.amount);
      const threshold = count.newThreshold();
      if (threshold === null) continue;
      this.#options.onEvent(charge.limit, { kind: 'reached', threshold, used: count.used - count.reserved });
    }
  }

  #countsOf(charges: readonly Charge[]): Count[] {
    const nowMs = this.#clock.nowMs();
    const elapsedMs = this.#clock.elapsedMs();
    this.#expire(elapsedMs);
    return charges.map(({ limit }) => this.#countOf(limit, nowMs, elapsedMs));
  }

  #countOf(limit: Limit, nowMs: number, elapsedMs: number): Count {
    const known = this.#counts.get(limit.id);
    if (known !== undefined) {
      known.advance(nowMs, elapsedMs);
      return known;
    }
    const { countersMax, seeds } = this.#options;
    this.#sweep(this.#counts.size < countersMax ? SWEPT_EACH : SWEPT_WHEN_FULL, nowMs, elapsedMs);
    const fresh = createCount(limit);
    fresh.advance(nowMs, elapsedMs);
    fresh.kept = this.#counts.size < countersMax;
    if (seeds === null || !fresh.kept) fresh.seeded = true;
    if (fresh.kept) this.#counts.set(limit.id, fresh);
    return fresh;
  }

  async #seed(counts: readonly Count[]): Promise<void> {
    await Promise.all(counts.filter(({ seeded }) => !seeded).map((count) => this.#seedOne(count)));
  }

  async #seedOne(count: Count): Promise<void> {
    const sinceMs = count.sinceMs();
    const used = (await this.#options.seeds?.ask(count.limit, sinceMs)) ?? null;
    // Meanwhile another call may have seeded it, or its window may have begun anew with nothing.
    if (count.seeded) return;
    if (used !== null) count.seed(used);
    // A rate goes on from nothing when the ledger can't tell: its window is short.
    else if (isRate(count.limit)) count.seeded = true;
  }

  /** A reservation nobody settled or renewed: what it holds is taken for used. */
  #expire(elapsedMs: number): void {
    for (const [id, held] of this.#held) {
      if (held.expiresMs > elapsedMs) return;
      this.#held.delete(id);
      this.#settle(
        held,
        held.charges.map(({ amount }) => amount),
      );
    }
  }

  /** Goes on from where it stopped, so that no call pays for looking at all of them. */
  #sweep(steps: number, nowMs: number, elapsedMs: number): void {
    for (let step = 0; step < steps; step += 1) {
      const next = this.#hand.next();
      if (next.done === true) {
        this.#hand = this.#counts.entries();
        return;
      }
      const [id, count] = next.value;
      if (count.reserved === 0 && count.isOver(nowMs, elapsedMs)) this.#counts.delete(id);
    }
  }

  async #usedOf(limit: Limit, nowMs: number, elapsedMs: number): Promise<LimitUse | null> {
    const known = this.#counts.get(limit.id);
    if (known !== undefined) {
      known.advance(nowMs, elapsedMs);
      if (!known.seeded) await this.#seedOne(known);
      return known.seeded ? { used: known.used, reserved: known.reserved } : null;
    }
    const { seeds } = this.#options;
    const fresh = createCount(limit);
    fresh.advance(nowMs, elapsedMs);
    const used = seeds === null || fresh.seeded ? 0 : await seeds.ask(limit, fresh.sinceMs());
    return used === null ? null : { used, reserved: 0 };
  }
}

function createCount(limit: Limit): Count {
  if (limit.window.kind === 'none') return new HeldCount(limit);
  return limit.window.kind === 'rolling' ? new RollingCount(limit, limit.window.seconds) : new SpanCount(limit);
}

function whyUnavailable({ kept, seeded }: Count): 'full' | 'unseeded' | null {
  if (!kept) return 'full';
  return seeded ? null : 'unseeded';
}
