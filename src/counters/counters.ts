import type { Limit } from '../domain/limits/limit.ts';
import type { Threshold } from '../domain/limits/thresholds.ts';

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
