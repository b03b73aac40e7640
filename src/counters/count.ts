import type { Limit } from '../domain/limits/limit.ts';
import { type Threshold, thresholdOf } from '../domain/limits/thresholds.ts';

const FULL = 100;

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

  constructor(limit: Limit) {
    this.limit = limit;
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
    this.told = Math.max(this.told, thresholdOf(this.settled(), this.limit.max) ?? 0);
  }

  /** A threshold that is reached for the first time in this window. */
  newThreshold(max: number): Threshold | null {
    const threshold = thresholdOf(this.settled(), max);
    return threshold !== null && threshold > this.told ? this.tell(threshold) : null;
  }

  /** 100 % when a call is refused for the first time in this window. */
  firstRefusal(): Threshold | null {
    return this.told < FULL ? this.tell(FULL) : null;
  }

  protected tell(threshold: Threshold): Threshold {
    this.told = threshold;
    return threshold;
  }
}
