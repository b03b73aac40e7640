import type { Limit } from '../domain/limits/limit.ts';
import type { Threshold } from '../domain/limits/thresholds.ts';

/** What is told of a limit: each threshold once in a window, and its first refusal. */
export type LimitEvent =
  /** By settled use alone. */
  | { readonly kind: 'reached'; readonly threshold: Threshold; readonly used: number }
  /** A call may need `amount`, and with what is `used`, settled and held, that is too much. */
  | { readonly kind: 'refused'; readonly amount: number; readonly used: number };

export type LimitListener = (limit: Limit, event: LimitEvent) => void;

/** What a counter that is new here has to begin with. */
export interface SeedNeed {
  readonly limit: Limit;
  /** Calls that began before do not count any more. */
  readonly sinceMs: number;
}

/** Asks the ledger what limits have used, in the order of the needs. */
export type LoadUsed = (needs: readonly SeedNeed[]) => Promise<readonly number[]>;
