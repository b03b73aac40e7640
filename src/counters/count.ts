import type { Limit } from '../domain/limits/limit.ts';
import { type Threshold, thresholdOf } from '../domain/limits/thresholds.ts';

/** How much of one limit is in use, in this process. Call `advance` before anything else: time passes for it only there. */
export abstract class Count {
  readonly limit: Limit;
  /** Settled and reserved. */
  used = 0;
  /** By running calls. */
  reserved = 0;
  /** Whether what was used before this process began to count is in it. */
  seeded = false;
  /** False where there was no room for it: it is forgotten at once. */
  kept = true;
  /** The highest threshold that was told in this window; 0 before the first. */
  protected told = 0;
  /** Whether a refusal was told in this window. */
  protected isRefusalTold = false;
  /** What it may come to, by the last call: the same counter serves when a limit is given another maximum. */
  #max: number;

  constructor(limit: Limit) {
    this.limit = limit;
    this.#max = limit.max;
    // V8 keeps small integers apart from other numbers, and an object whose field goes from one to the other slows down all
    // code that meets it, by a tenth of a whole call. Spend is over 2^31 nano-dollars soon, so both are the other from the start.
    this.used = this.reserved = 0.5;
    this.used = this.reserved = 0;
  }

  /** What has left the window counts no more. */
  abstract advance(wallMs: number, elapsedMs: number): void;
  /** @returns where it is counted, for `settle` */
  abstract reserve(amount: number): number;
  /** @param position as `reserve` gave it. @param held what was reserved. */
  abstract settle(position: number, held: number, actual: number): void;
  /** Until so much more might fit, in milliseconds; null where time alone does not make room. */
  abstract fitsInMs(amount: number, max: number): number | null;
  /** Where the time that counts begins, in wall time: what was used since then is its seed. */
  abstract sinceMs(): number;
  /** Sets the settled use. */
  abstract set(settled: number): void;
  /** Whether nothing would be lost by forgetting it. */
  abstract isOver(wallMs: number, elapsedMs: number): boolean;
  /** Settled use, as far as it is told from the reserved one. */
  protected abstract settled(): number;

  /** What the ledger has of it: all that is settled, here too. Thresholds it is over were told before. */
  seed(used: number): void {
    this.set(Math.max(this.used - this.reserved, used));
    this.seeded = true;
    this.tell(Math.max(this.told, this.reached()));
  }

  /** Begins anew at so much. Only thresholds beyond it are news, and so is the next refusal. */
  reset(used: number): void {
    this.set(used);
    this.seeded = true;
    this.tell(this.reached());
    this.isRefusalTold = false;
  }

  /** With another maximum than before, thresholds that use is below again will be news, and so will the next refusal. */
  meet(max: number): void {
    if (max === this.#max) return;
    this.#max = max;
    this.told = Math.min(this.told, this.reached());
    this.isRefusalTold = false;
  }

  /** A threshold that is reached for the first time in this window. */
  newThreshold(): Threshold | null {
    const threshold = thresholdOf(this.settled(), this.#max);
    if (threshold === null || threshold <= this.told) return null;
    this.tell(threshold);
    return threshold;
  }

  /** Whether it is the first in this window. */
  isFirstRefusal(): boolean {
    if (this.isRefusalTold) return false;
    this.isRefusalTold = true;
    return true;
  }

  protected reached(): Threshold | 0 {
    return thresholdOf(this.settled(), this.#max) ?? 0;
  }

  protected tell(threshold: number): void {
    this.told = threshold;
  }
}
