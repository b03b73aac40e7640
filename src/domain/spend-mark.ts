/**
 * A moment at which somebody set what a holder has spent. The ledger keeps what was really spent; the mark says how much
 * of it counts.
 */
export interface SpendMark {
  readonly atMs: number;
  /** What counts as spent at that moment, in nano-dollars. */
  readonly nanos: bigint;
  /**
   * What the ledger had of the holder on that day (UTC) until that moment. The ledger's totals are by day, and kept for
   * longer than its single records: with this the rest of the day can be told from them for ever.
   */
  readonly dayNanos: bigint;
}

/** What counts as spent is what the ledger has since `sinceMs`, and so much more (or less). */
export interface CountedSpend {
  readonly sinceMs: number;
  readonly plusNanos: bigint;
}

const DAY_MS = 86_400_000;

/** Midnight (UTC) before a moment. */
export function dayStartOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

/**
 * What the ledger has to be asked for what a holder has spent in a window, over all of its models.
 * @param windowStartMs 0 for a window without a beginning
 */
export function countedSpend(mark: SpendMark | null, windowStartMs: number): CountedSpend {
  if (mark === null || mark.atMs < windowStartMs) return { sinceMs: windowStartMs, plusNanos: 0n };
  return { sinceMs: dayStartOf(mark.atMs), plusNanos: mark.nanos - mark.dayNanos };
}
