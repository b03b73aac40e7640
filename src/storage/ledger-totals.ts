import { hash } from 'node:crypto';
import type { CallRecord } from '../domain/call-record.ts';
import type { UsageSums } from '../domain/ledger.ts';
import {
  type BulkTable,
  dayOf,
  dayStartMs,
  isEstimated,
  otherModelsText,
  type SqlValue,
  tokensOf,
} from './ledger-calls.ts';

/** Calls of one day that have the same of everything one can group by. */
export interface TotalGroup {
  readonly day: number;
  /** In the order of `GROUP_COLUMNS`, '' for what a call has none of. */
  readonly names: readonly string[];
  /** Null in the totals that are not by tag. */
  readonly tag: string | null;
  /** As columns hold them. */
  readonly otherModels: string;
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
  { name: 'requests', of: (sums) => sums.requests },
  { name: 'failed_requests', of: (sums) => sums.failedRequests },
  { name: 'refused_requests', of: (sums) => sums.refusedRequests },
  { name: 'unpriced_requests', of: (sums) => sums.unpricedRequests },
  { name: 'input_tokens', of: (sums) => sums.inputTokens },
  { name: 'output_tokens', of: (sums) => sums.outputTokens },
  { name: 'cache_read_tokens', of: (sums) => sums.cacheReadTokens },
  { name: 'cache_write_tokens', of: (sums) => sums.cacheWriteTokens },
  { name: 'cost_nanos', of: (sums) => sums.costNanos },
  { name: 'estimated_nanos', of: (sums) => sums.estimatedNanos },
  { name: 'charged_nanos', of: (sums) => sums.chargedNanos },
  { name: 'duration_ms', of: (sums) => sums.durationMs },
] as const satisfies readonly { readonly name: string; readonly of: (sums: TotalSums) => SqlValue }[];

/** The table `daily_total`. */
export const TOTALS: BulkTable<Total> = {
  columns: [
    { name: 'day', type: 'integer' },
    { name: 'group_hash', type: 'text' },
    { name: 'month', type: 'integer' },
    ...GROUP_COLUMNS.map((name) => ({ name, type: 'text' as const })),
    ...SUM_COLUMNS.map(({ name }) => ({ name, type: 'integer' as const })),
    { name: 'other_models', type: 'text' },
  ],
  valuesOf: ({ day, hash: groupHashed, names, otherModels, sums }) => [
    day,
    groupHashed,
    monthOf(dayStartMs(day)),
    ...names,
    ...SUM_COLUMNS.map(({ of }) => of(sums)),
    otherModels,
  ],
};

/** The table `daily_tag_total`. */
export const TAG_TOTALS: BulkTable<Total> = {
  columns: [...TOTALS.columns, { name: 'tag', type: 'text' }],
  valuesOf: (total) => [...TOTALS.valuesOf(total), total.tag ?? ''],
};

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
    const name = groupName(record);
    add(totalIn(totals, name, record, null), record);
    for (const tag of record.attribution.tags) add(totalIn(tagTotals, `${tag}\0${name}`, record, tag), record);
  }
  return { totals: inOrder(totals), tagTotals: inOrder(tagTotals) };
}

export function groupHash({ names, tag, otherModels }: TotalGroup): string {
  // Totals from before there were other models keep their hash.
  const group = otherModels === '' ? [names, tag] : [names, tag, otherModels];
  return hash('sha256', JSON.stringify(group)).slice(0, 32);
}

export function groupOf({
  startedAtMs,
  attribution,
  modelId,
  otherModels,
  region,
  service,
  operation,
}: CallRecord): TotalGroup {
  const { keyId, teamId, userId, customerId } = attribution;
  const names = [keyId, teamId, userId, customerId, modelId, region, service, operation];
  return {
    day: dayOf(startedAtMs),
    names: names.map((name) => name ?? ''),
    tag: null,
    otherModels: otherModelsText(otherModels),
  };
}

/** No text that a database can hold has U+0000 in it. */
function groupName({ startedAtMs, attribution, modelId, otherModels, region, service, operation }: CallRecord): string {
  const { keyId, teamId, userId, customerId } = attribution;
  const who = `${keyId ?? ''}\0${teamId ?? ''}\0${userId ?? ''}\0${customerId ?? ''}`;
  const models = otherModels.length === 0 ? (modelId ?? '') : `${modelId ?? ''}\0${otherModelsText(otherModels)}`;
  return `${dayOf(startedAtMs)}\0${who}\0${models}\0${region ?? ''}\0${service ?? ''}\0${operation ?? ''}`;
}

/** @param name of the group, with its tag */
function totalIn(totals: Map<string, Total>, name: string, record: CallRecord, tag: string | null): Total {
  const known = totals.get(name);
  if (known !== undefined) return known;
  const group = { ...groupOf(record), tag };
  const total = { ...group, hash: groupHash(group), sums: nothing() };
  totals.set(name, total);
  return total;
}

function add({ sums }: Total, record: CallRecord): void {
  const { cost, outcome, status } = record;
  sums.requests += 1;
  if (outcome !== 'completed' || status === null || status >= 400) sums.failedRequests += 1;
  if (outcome === 'refused') sums.refusedRequests += 1;
  const { input, output, cacheRead, cacheWrite } = tokensOf(record.usage);
  sums.inputTokens += input ?? 0;
  sums.outputTokens += output ?? 0;
  sums.cacheReadTokens += cacheRead ?? 0;
  sums.cacheWriteTokens += cacheWrite ?? 0;
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
