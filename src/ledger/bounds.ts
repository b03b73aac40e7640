const MIB = 1024 * 1024;

/** How much, how long and how often. */
export interface LedgerBounds {
  /** `process`: survives `kill -9`. `power`: survives the loss of power too, and waits for the disk before each call. */
  readonly durability: 'process' | 'power';
  readonly spoolBytesMax: number;
  readonly segmentBytesMax: number;
  /** Kept free on the disk for the ends of running calls. By default smaller for a small spool. */
  readonly reserveBytes: number;
  /** Ends kept in memory while the store is down; more are read from the disk again. */
  readonly waitingEndsMax: number;
  readonly flushEveryMs: number;
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** How often the disk is asked whether there is room again. */
  readonly lookEveryMs: number;
  /** How often spools of dead processes are looked for. */
  readonly adoptEveryMs: number;
  readonly maintainEveryMs: number;
  /** Whole days that single records are kept. */
  readonly retentionDays: number;
  readonly closeMsMax: number;
}

/** What holds where nothing else is said. */
const BOUNDS: LedgerBounds = {
  durability: 'process',
  spoolBytesMax: 1024 * MIB,
  segmentBytesMax: 32 * MIB,
  reserveBytes: 64 * MIB,
  waitingEndsMax: 5000,
  flushEveryMs: 200,
  retryMs: 250,
  retryMsMax: 5000,
  lookEveryMs: 250,
  adoptEveryMs: 30_000,
  maintainEveryMs: 3_600_000,
  retentionDays: 30,
  closeMsMax: 10_000,
};

/** Of the spool, at most: who has little space has little of everything. */
const RESERVE_SHARE = 1 / 16;
const SEGMENT_SHARE = 1 / 8;

/** All bounds, of which some are given. */
export function boundsOf(given: Partial<LedgerBounds>): LedgerBounds {
  const bounds = { ...BOUNDS, ...given };
  const { spoolBytesMax } = bounds;
  return {
    ...bounds,
    reserveBytes: given.reserveBytes ?? Math.min(BOUNDS.reserveBytes, spoolBytesMax * RESERVE_SHARE),
    segmentBytesMax: given.segmentBytesMax ?? Math.min(BOUNDS.segmentBytesMax, spoolBytesMax * SEGMENT_SHARE),
  };
}
