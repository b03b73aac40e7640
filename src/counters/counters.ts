import type { Charge } from '../domain/limits/charges.ts';
import type { Limit } from '../domain/limits/limit.ts';
import type { Threshold } from '../domain/limits/thresholds.ts';

/**
 * Counts what limits have used. A call reserves its share of all its limits at once, all or none, and settles what it
 * really used when it is over.
 *
 * A reservation that is neither settled nor renewed in time frees its concurrency; what it held of requests, tokens and
 * money stays counted, as the ledger charges a call whose end is not known at what was reserved for it.
 */
export interface Counters {
  /**
   * Waits only where it must: for counters elsewhere, or for the ledger when a counter is new here.
   * @param id of the call, never used before
   */
  reserve(id: string, charges: readonly Charge[]): Reservation | Promise<Reservation>;
  /**
   * @param amounts what each charge came to, in the order of the charges. Concurrency is freed whatever it says.
   * A second time, or for what was not reserved, it does nothing.
   */
  settle(id: string, amounts: readonly number[]): void;
  /** Says that a long call is still running. */
  renew(id: string): void;
  /** What is used of each; null where that can't be told now. */
  used(limits: readonly Limit[]): Promise<readonly (LimitUse | null)[]>;
  /** Sets what is used, beside what running calls hold. */
  reset(limit: Limit, used: number): Promise<void>;
  /** Lets what is under way arrive, within a bound. */
  close(): Promise<void>;
}

export type Reservation =
  /** What each limit has left after it, in the order of the charges; negative where a soft one is over. */
  | { readonly kind: 'admitted'; readonly remaining: readonly number[] }
  /** Nothing was taken. `charge` is the first that did not fit. */
  | {
      readonly kind: 'refused';
      readonly charge: Charge;
      readonly used: number;
      /** Until it might fit, in milliseconds; null where waiting is no use. */
      readonly retryAfterMs: number | null;
    }
  /** Nothing was taken: what this hard limit has left can't be told. */
  | {
      readonly kind: 'unavailable';
      readonly charge: Charge;
      readonly reason: UnavailableReason;
      readonly retryAfterMs: number;
    };

/**
 * `down`: the counters can't be reached; `restoring`: they were lost and running calls are being counted again;
 * `unseeded`: what was used before can't be read from the ledger; `full`: there are more counters than may be held.
 */
export type UnavailableReason = 'down' | 'restoring' | 'unseeded' | 'full';

export interface LimitUse {
  /** Settled and reserved. */
  readonly used: number;
  /** Held by running calls. */
  readonly reserved: number;
}

/** Told once in a window for each threshold. `used` is settled use, except at 100 % for a call that was refused. */
export type ThresholdListener = (limit: Limit, event: { readonly threshold: Threshold; readonly used: number }) => void;

/** What a counter that is new here has to begin with. */
export interface SeedNeed {
  readonly limit: Limit;
  /** Calls that began before do not count any more. */
  readonly sinceMs: number;
}

/** Asks the ledger what limits have used, in the order of the needs. */
export type LoadUsed = (needs: readonly SeedNeed[]) => Promise<readonly number[]>;
