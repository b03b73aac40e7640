import { sql } from 'kysely';
import {
  USAGE_DIMENSIONS,
  type UsageDimension,
  type UsageFilter,
  type UsageQuery,
  type UsageRow,
} from '../domain/ledger.ts';
import type { Page, PageRequest } from '../domain/lists.ts';
import { dayStartMs } from './ledger-calls.ts';
import { type Counted, countedCalls, countedTotals, sumSelections, sumsOf } from './ledger-counted.ts';
import { isOneOf } from './ledger-sql.ts';
import { monthStartMs } from './ledger-totals.ts';
import type { Storage } from './storage.ts';
import { StorageError } from './storage-error.ts';

const PAGE_SIZE_MAX = 1000;
const OFFSET_MAX = 1_000_000;
const VALUES_MAX = 1000;
const HOUR_MS = 3_600_000;
const HOURS_RANGE_MS_MAX = 8 * 24 * HOUR_MS;

/** The columns of what is counted, by what users call them. */
const COLUMNS = {
  key: 'counted.key_id',
  team: 'counted.team_id',
  user: 'counted.user_id',
  customer: 'counted.customer_id',
  tag: 'counted.tag',
  model: 'counted.model_id',
  region: 'counted.region',
  service: 'counted.service',
  operation: 'counted.operation',
} as const satisfies Record<UsageDimension, string>;

/**
 * What was used, added up: any grouping, any filter, any bucket. Costs are exact.
 * @param page of 1 to 1,000 rows @throws StorageError invalid for what is beyond a bound
 */
export async function usage(storage: Storage, query: UsageQuery, page: PageRequest): Promise<Page<UsageRow>> {
  const { limit, offset } = boundsOf(query, page);
  const groups = query.groupBy.map((dimension) => COLUMNS[dimension]);
  const groupedBy = ['counted.bucket' as const, ...groups];
  const passing = storage.read.selectFrom(counted(storage, query)).where(passes(query.filter)).groupBy(groupedBy);

  const sums = passing.select(sumSelections()).select(['counted.bucket', ...names(query.groupBy)]);
  const byCost = query.order === 'cost' ? sums.orderBy(sql`sum(counted.cost_nanos)`, 'desc') : sums;
  const sorted = groupedBy.reduce((rows, column) => rows.orderBy(column), byCost);
  const rows = await sorted.limit(limit).offset(offset).execute();

  const { count } = await storage.read
    .selectFrom(passing.select('counted.bucket').as('groups'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return {
    rows: rows.map((row) => ({
      bucketStartMs: bucketStartMs(query.bucket, row.bucket),
      group: query.groupBy.map((dimension) => row[dimension]),
      sums: sumsOf(row),
    })),
    total: count,
  };
}

/** Every dimension is a column of the answer; those that are not asked for are empty. */
function names(groupBy: readonly UsageDimension[]) {
  const name = (dimension: UsageDimension) =>
    groupBy.includes(dimension) ? sql.ref<string>(COLUMNS[dimension]) : sql<string>`''`;
  return [
    name('key').as('key'),
    name('team').as('team'),
    name('user').as('user'),
    name('customer').as('customer'),
    name('tag').as('tag'),
    name('model').as('model'),
    name('region').as('region'),
    name('service').as('service'),
    name('operation').as('operation'),
  ] as const;
}

function counted(storage: Storage, { bucket, groupBy, filter, fromMs, untilMs }: UsageQuery): Counted {
  const range = { fromMs, untilMs, byTag: groupBy.includes('tag') || filter.tag !== undefined };
  switch (bucket) {
    case 'hour':
      return countedCalls(storage, range, sql<number>`t.started_at / ${sql.lit(HOUR_MS)}`);
    case 'day':
      return countedTotals(storage, range, sql.ref<number>('t.day'));
    case 'month':
      return countedTotals(storage, range, sql.ref<number>('t.month'));
    case 'none':
      return countedTotals(storage, range, sql<number>`0`);
  }
}

function bucketStartMs(bucket: UsageQuery['bucket'], value: number): number | null {
  switch (bucket) {
    case 'hour':
      return value * HOUR_MS;
    case 'day':
      return dayStartMs(value);
    case 'month':
      return monthStartMs(value);
    case 'none':
      return null;
  }
}

function passes(filter: UsageFilter) {
  const conditions = USAGE_DIMENSIONS.flatMap((dimension) => {
    const values = filter[dimension];
    return values === undefined ? [] : [isOneOf(sql.ref(COLUMNS[dimension]), values)];
  });
  return conditions.reduce((all, condition) => sql<boolean>`${all} and ${condition}`, sql<boolean>`1 = 1`);
}

function boundsOf({ bucket, groupBy, filter, fromMs, untilMs }: UsageQuery, { page, size }: PageRequest) {
  const offset = (page - 1) * size;
  const isPage = Number.isSafeInteger(page) && Number.isSafeInteger(size) && page >= 1 && size >= 1;
  if (!isPage || size > PAGE_SIZE_MAX || offset > OFFSET_MAX) {
    throw invalid(`Pages count from 1 and hold 1 to ${PAGE_SIZE_MAX} rows.`, 'page');
  }
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(untilMs))
    throw invalid('A range is of milliseconds.', 'range');
  if (bucket === 'hour' && untilMs - fromMs > HOURS_RANGE_MS_MAX) {
    throw invalid('Hours are told of at most 8 days: ask for days.', 'range');
  }
  if (new Set(groupBy).size !== groupBy.length) throw invalid('Nothing can be grouped by the same twice.', 'groupBy');
  if (Object.values(filter).some((values) => values !== undefined && values.length > VALUES_MAX)) {
    throw invalid(`A filter takes at most ${VALUES_MAX} values.`, 'filter');
  }
  return { limit: size, offset };
}

function invalid(message: string, field: string): StorageError {
  return new StorageError('invalid', message, { field });
}
