import { hash } from 'node:crypto';
import type { CallRecord } from '../domain/call-record.ts';
import type { UsageSums } from '../domain/ledger.ts';
import {
  type BulkColumn,
  cacheReadTokensOf,
  cacheWriteTokensOf,
  dayOf,
  dayStartMs,
  inputTokensOf,
  isEstimated,
  outputTokensOf,
} from './ledger-calls.ts';

/** Calls of one day that have the same of everything one can group by. */
export interface TotalGroup {
  readonly day: number;
  /** In the order of `GROUP_COLUMNS`, '' for what a call has none of. */
  readonly names: readonly string[];
  /** Null in the totals that are not by tag. */
  readonly tag: string | null;
}

/** What is counted of a group of calls, in the making. */
export type TotalSums = { -readonly [Name in keyof UsageSums]: UsageSums[Name] };

export interface Total extends TotalGroup {
  readonly hash: string;
  readonly sums: TotalSums;
}

const GROUP_COLUMNS = [
  'key_id',
  'team_id',
  'user_id',
  'customer_id',
  'model_id',
  'region',
  'service',
  'operation',
] as const;

/** What is added when a total is there already. */
export const SUM_COLUMNS = [
  { name: 'requests', type: 'integer', of: ({ sums }) => sums.requests },
  { name: 'failed_requests', type: 'integer', of: ({ sums }) => sums.failedRequests },
  { name: 'refused_requests', type: 'integer', of: ({ sums }) => sums.refusedRequests },
  { name: 'unpriced_requests', type: 'integer', of: ({ sums }) => sums.unpricedRequests },
  { name: 'input_tokens', type: 'integer', of: ({ sums }) => sums.inputTokens },
  { name: 'output_tokens', type: 'integer', of: ({ sums }) => sums.outputTokens },
  { name: 'cache_read_tokens', type: 'integer', of: ({ sums }) => sums.cacheReadTokens },
  { name: 'cache_write_tokens', type: 'integer', of: ({ sums }) => sums.cacheWriteTokens },
  { name: 'cost_nanos', type: 'integer', of: ({ sums }) => sums.costNanos },
  { name: 'estimated_nanos', type: 'integer', of: ({ sums }) => sums.estimatedNanos },
  { name: 'charged_nanos', type: 'integer', of: ({ sums }) => sums.chargedNanos },
  { name: 'duration_ms', type: 'integer', of: ({ sums }) => sums.durationMs },
] as const satisfies readonly BulkColumn<Total>[];

/** The table `daily_total`, column by column. */
export const TOTAL_COLUMNS: readonly BulkColumn<Total>[] = [
  { name: 'day', type: 'integer', of: ({ day }) => day },
  { name: 'group_hash', type: 'text', of: (total) => total.hash },
  { name: 'month', type: 'integer', of: ({ day }) => monthOf(dayStartMs(day)) },
  ...GROUP_COLUMNS.map((name, index) => ({
    name,
    type: 'text' as const,
    of: (total: Total) => total.names[index] ?? '',
  })),
  ...SUM_COLUMNS,
];

/** The table `daily_tag_total`. */
export const TAG_TOTAL_COLUMNS: readonly BulkColumn<Total>[] = [
  ...TOTAL_COLUMNS,
  { name: 'tag', type: 'text', of: ({ tag }) => tag ?? '' },
];

/** Months since January of year 0, UTC. */
function monthOf(timeMs: number): number {
  const date = new Date(timeMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

export function monthStartMs(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12);
}

/**
 * The totals of some calls: one for each group, and one more for each group and tag.
 * Sorted by day and hash, so that instances which write at once lock the rows of the database in the same order.
 */
export function totalsOf(records: readonly CallRecord[]): {
  readonly totals: readonly Total[];
  readonly tagTotals: readonly Total[];
} {
  const totals = new Map<string, Total>();
  const tagTotals = new Map<string, Total>();
  for (const record of records) {
    const group = groupOf(record);
    const name = groupName(group);
    add(totals, name, group, record);
    for (const tag of record.attribution.tags) add(tagTotals, `${tag}\0${name}`, { ...group, tag }, record);
  }
  return { totals: inOrder(totals), tagTotals: inOrder(tagTotals) };
}

export function groupHash(group: TotalGroup): string {
  return hash('sha256', JSON.stringify([group.names, group.tag])).slice(0, 32);
}

export function groupOf({ startedAtMs, attribution, modelId, region, service, operation }: CallRecord): TotalGroup {
  const { keyId, teamId, userId, customerId } = attribution;
  const names = [keyId, teamId, userId, customerId, modelId, region, service, operation];
  return { day: dayOf(startedAtMs), names: names.map((name) => name ?? ''), tag: null };
}

/** No text that a database can hold has U+0000 in it. */
function groupName({ day, names }: TotalGroup): string {
  return `${day}\0${names.join('\0')}`;
}

function add(totals: Map<string, Total>, name: string, group: TotalGroup, record: CallRecord): void {
  let total = totals.get(name);
  if (total === undefined) {
    total = { ...group, hash: groupHash(group), sums: nothing() };
    totals.set(name, total);
  }
  const { sums } = total;
  const { cost, outcome, status } = record;
  sums.requests += 1;
  if (outcome !== 'completed' || status === null || status >= 400) sums.failedRequests += 1;
  if (outcome === 'refused') sums.refusedRequests += 1;
  sums.inputTokens += inputTokensOf(record) ?? 0;
  sums.outputTokens += outputTokensOf(record) ?? 0;
  sums.cacheReadTokens += cacheReadTokensOf(record) ?? 0;
  sums.cacheWriteTokens += cacheWriteTokensOf(record) ?? 0;
  sums.durationMs += Math.round(record.durationMs);
  if (cost.kind === 'unknown') {
    sums.unpricedRequests += 1;
    sums.chargedNanos += record.reservedNanos;
    return;
  }
  sums.costNanos += cost.nanos;
  sums.chargedNanos += cost.nanos;
  if (isEstimated(record)) sums.estimatedNanos += cost.nanos;
}

function nothing(): TotalSums {
  return {
    requests: 0,
    failedRequests: 0,
    refusedRequests: 0,
    unpricedRequests: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costNanos: 0n,
    estimatedNanos: 0n,
    chargedNanos: 0n,
    durationMs: 0,
  };
}

function inOrder(totals: ReadonlyMap<string, Total>): readonly Total[] {
  return [...totals.values()].sort((a, b) => a.day - b.day || (a.hash < b.hash ? -1 : 1));
}
