import { type AliasedExpression, type RawBuilder, sql } from 'kysely';
import { dayOf } from './ledger-calls.ts';
import { decimalTotal, total } from './ledger-sql.ts';
import type { TotalSums } from './ledger-totals.ts';
import type { Storage } from './storage.ts';

/** What is counted, as rows of one form wherever they come from. */
export interface CountedRow {
  readonly bucket: number;
  readonly key_id: string;
  readonly team_id: string;
  readonly user_id: string;
  readonly customer_id: string;
  readonly tag: string;
  readonly model_id: string;
  readonly other_models: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly requests: number;
  readonly failed_requests: number;
  readonly refused_requests: number;
  readonly unpriced_requests: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly cost_nanos: never;
  readonly estimated_nanos: never;
  readonly charged_nanos: never;
  readonly duration_ms: number;
}

export type Counted = AliasedExpression<CountedRow, 'counted'>;

export interface CountedRange {
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  /** Whether a call is counted once for each of its tags, instead of once. */
  readonly byTag: boolean;
}

const NOTHING = sql<string>`''`;

/** The totals of whole days. @param bucket an expression over a total, called `t`. */
export function countedTotals(
  { read }: Storage,
  { fromMs, untilMs, byTag }: CountedRange,
  bucket: RawBuilder<number>,
): Counted {
  return read
    .selectFrom(read.dynamic.table(byTag ? 'daily_tag_total' : 'daily_total').as('t'))
    .where('t.day', '>=', dayOf(fromMs))
    .where('t.day', '<', Math.max(dayOf(fromMs), dayOf(untilMs - 1)) + 1)
    .select([
      bucket.as('bucket'),
      't.key_id',
      't.team_id',
      't.user_id',
      't.customer_id',
      (byTag ? sql.ref<string>('t.tag') : NOTHING).as('tag'),
      't.model_id',
      't.other_models',
      't.region',
      't.service',
      't.operation',
      't.requests',
      't.failed_requests',
      't.refused_requests',
      't.unpriced_requests',
      't.input_tokens',
      't.output_tokens',
      't.cache_read_tokens',
      't.cache_write_tokens',
      't.cost_nanos',
      't.estimated_nanos',
      't.charged_nanos',
      't.duration_ms',
    ])
    .as('counted');
}

/** Single calls. @param bucket an expression over a call, called `t`. */
export function countedCalls(
  { read, ledger }: Storage,
  { fromMs, untilMs, byTag }: CountedRange,
  bucket: RawBuilder<number>,
): Counted {
  const calls = read
    .selectFrom('call as t')
    // The days tell PostgreSQL which parts of the table to look into.
    .where('t.day', '>=', dayOf(fromMs))
    .where('t.day', '<=', dayOf(untilMs))
    .where('t.started_at', '>=', fromMs)
    .where('t.started_at', '<', untilMs)
    .select((eb) => [
      bucket.as('bucket'),
      eb.fn.coalesce('t.key_id', NOTHING).as('key_id'),
      eb.fn.coalesce('t.team_id', NOTHING).as('team_id'),
      eb.fn.coalesce('t.user_id', NOTHING).as('user_id'),
      eb.fn.coalesce('t.customer_id', NOTHING).as('customer_id'),
      eb.fn.coalesce('t.model_id', NOTHING).as('model_id'),
      't.other_models',
      eb.fn.coalesce('t.region', NOTHING).as('region'),
      eb.fn.coalesce('t.service', NOTHING).as('service'),
      eb.fn.coalesce('t.operation', NOTHING).as('operation'),
      sql<number>`1`.as('requests'),
      oneIf(sql`t.outcome <> 'completed' or t.status is null or t.status >= 400`).as('failed_requests'),
      oneIf(sql`t.outcome = 'refused'`).as('refused_requests'),
      oneIf(sql`t.cost_nanos is null`).as('unpriced_requests'),
      eb.fn.coalesce('t.input_tokens', sql<number>`0`).as('input_tokens'),
      eb.fn.coalesce('t.output_tokens', sql<number>`0`).as('output_tokens'),
      eb.fn.coalesce('t.cache_read_tokens', sql<number>`0`).as('cache_read_tokens'),
      eb.fn.coalesce('t.cache_write_tokens', sql<number>`0`).as('cache_write_tokens'),
      sql<never>`coalesce(t.cost_nanos, 0)`.as('cost_nanos'),
      sql<never>`case when t.estimated = 1 then coalesce(t.cost_nanos, 0) else 0 end`.as('estimated_nanos'),
      sql<never>`coalesce(t.cost_nanos, t.reserved_nanos)`.as('charged_nanos'),
      't.duration_ms',
    ]);
  if (!byTag) return calls.select(NOTHING.as('tag')).as('counted');
  return calls
    .innerJoin(ledger.listed(sql.ref<string>('t.tags')), (join) => join.onTrue())
    .select('listed.value as tag')
    .as('counted');
}

/** Everything that is added up of a group, for `sumsOf`. */
export function sumSelections() {
  const sum = (name: keyof CountedRow) => total(sql.ref(`counted.${name}`));
  return [
    sum('requests').as('requests'),
    sum('failed_requests').as('failed_requests'),
    sum('refused_requests').as('refused_requests'),
    sum('unpriced_requests').as('unpriced_requests'),
    sum('input_tokens').as('input_tokens'),
    sum('output_tokens').as('output_tokens'),
    sum('cache_read_tokens').as('cache_read_tokens'),
    sum('cache_write_tokens').as('cache_write_tokens'),
    sum('duration_ms').as('duration_ms'),
    decimalTotal(sql.ref('counted.cost_nanos')).as('cost_nanos'),
    decimalTotal(sql.ref('counted.estimated_nanos')).as('estimated_nanos'),
    decimalTotal(sql.ref('counted.charged_nanos')).as('charged_nanos'),
  ] as const;
}

interface SumRow {
  readonly requests: number;
  readonly failed_requests: number;
  readonly refused_requests: number;
  readonly unpriced_requests: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly cost_nanos: string;
  readonly estimated_nanos: string;
  readonly charged_nanos: string;
  readonly duration_ms: number;
}

export function sumsOf(row: SumRow): TotalSums {
  return {
    requests: row.requests,
    failedRequests: row.failed_requests,
    refusedRequests: row.refused_requests,
    unpricedRequests: row.unpriced_requests,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    costNanos: BigInt(row.cost_nanos),
    estimatedNanos: BigInt(row.estimated_nanos),
    chargedNanos: BigInt(row.charged_nanos),
    durationMs: row.duration_ms,
  };
}

function oneIf(condition: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`case when ${condition} then 1 else 0 end`;
}
