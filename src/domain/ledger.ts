import type { CallOutcome, CallRecord } from './call-record.ts';

/** A call as the ledger holds it. Durations are whole milliseconds there. */
export interface StoredCall extends CallRecord {
  /** The cost is what was reserved: the end of the call was never heard of. */
  readonly estimated: boolean;
}

/** What is added up of calls. Only the amounts of money can be beyond 2^53. */
export interface UsageSums {
  readonly requests: number;
  /** Those not answered as asked: refused ones, errors, broken and abandoned answers. */
  readonly failedRequests: number;
  /** Those that the gateway refused. */
  readonly refusedRequests: number;
  /** Those whose cost is unknown, and in no sum. */
  readonly unpricedRequests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly costNanos: bigint;
  /** What part of the cost was only reserved, because the end of the call was never heard of. */
  readonly estimatedNanos: bigint;
  /** What budgets count: the cost, and of calls whose cost is unknown what was reserved for them. */
  readonly chargedNanos: bigint;
  readonly durationMs: number;
}

/** By what usage can be grouped and filtered. */
export const USAGE_DIMENSIONS = [
  'key',
  'team',
  'user',
  'customer',
  'tag',
  'model',
  'region',
  'service',
  'operation',
] as const;

export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** The values a call may have in each dimension, '' for none; at most 1,000 each. What is not there may be anything. */
export type UsageFilter = { readonly [Dimension in UsageDimension]?: readonly string[] | undefined };

export interface UsageQuery {
  /** Each once. None: one row for everything, or for each bucket. */
  readonly groupBy: readonly UsageDimension[];
  /** Hours are added up from single records, at most 8 days of them; the others from totals, which are kept for ever. */
  readonly bucket: 'none' | 'hour' | 'day' | 'month';
  readonly filter: UsageFilter;
  /** With hours to the millisecond; otherwise the whole day (UTC) it falls on. */
  readonly fromMs: number;
  /** Exclusive. Otherwise the same. */
  readonly untilMs: number;
  /** By bucket and then by group, or the dearest first. */
  readonly order: 'time' | 'cost';
}

/** One line of a report. A call counts once for each of its tags, so rows of several tags add up to more than was used. */
export interface UsageRow {
  /** Null without buckets. */
  readonly bucketStartMs: number | null;
  /** In the order of `groupBy`, '' for calls that have none. */
  readonly group: readonly string[];
  readonly sums: UsageSums;
}

/** Conditions on single calls; all that are given must hold. Lists: one of them. */
export interface CallFilter {
  /** Of the start. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  readonly keyIds?: readonly string[] | undefined;
  readonly teamIds?: readonly string[] | undefined;
  readonly userIds?: readonly string[] | undefined;
  readonly customerIds?: readonly string[] | undefined;
  readonly sessionIds?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly modelIds?: readonly string[] | undefined;
  readonly operations?: readonly string[] | undefined;
  readonly outcomes?: readonly CallOutcome[] | undefined;
  /** Those of this status and above. */
  readonly statusMin?: number | undefined;
  /** Only those not answered as asked, or only the others. */
  readonly failed?: boolean | undefined;
}

/** Where a list of calls goes on: behind this call. */
export interface CallPosition {
  readonly startedAtMs: number;
  readonly id: string;
}

export interface CallPageRequest {
  /** 1 to 100. */
  readonly size: number;
  /** Null for the first page. */
  readonly after: CallPosition | null;
  /** Calls to leave out, at most 10,000: for clients that count pages. */
  readonly skip: number;
}

/** The newest first. */
export interface CallPage {
  readonly rows: readonly StoredCall[];
  /** Null on the last page. */
  readonly next: CallPosition | null;
}

/** What pricing a period anew has come to. */
export interface Repriced {
  readonly calls: number;
  readonly changed: number;
  /** Those whose cost was unknown and is not any more, and the other way round. */
  readonly becamePriced: number;
  readonly becameUnpriced: number;
  readonly nanosBefore: bigint;
  readonly nanosAfter: bigint;
}

/** What a key is called. */
export interface KeyNames {
  readonly alias: string | null;
  /** `sk-...` and its last four characters. */
  readonly name: string;
  readonly teamId: string | null;
  readonly userId: string | null;
  /** Out of use: the ledger goes on knowing it. */
  readonly isDeleted: boolean;
}

export interface UserNames {
  readonly alias: string | null;
  readonly email: string | null;
}
