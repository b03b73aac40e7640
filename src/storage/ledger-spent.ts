import { sql } from 'kysely';
import { type Limit, type LimitScope, namesOfModels } from '../domain/limits/limit.ts';
import { matchesGlob } from '../domain/policy/glob.ts';
import { dayOf, dayStartMs, otherModelsOf } from './ledger-calls.ts';
import { type CountedRange, countedCalls, countedTotals, sumSelections, sumsOf } from './ledger-counted.ts';
import { isOneOf } from './ledger-sql.ts';
import type { Storage } from './storage.ts';
import { StorageError } from './storage-error.ts';

/** Whose use is asked for, and since when. */
interface SpentQuery {
  readonly by: LimitScope['kind'];
  /** At most 1,000. Of `all` there is one, ''. */
  readonly ids: readonly string[];
  /** Only calls with this tag; null for all. */
  readonly tag: string | null;
  /** Whether each model is told apart. */
  readonly byModel: boolean;
  readonly sinceMs: number;
}

/** What has been used, as limits count it: refused requests are not. */
interface Spent {
  readonly id: string;
  /** By what limits may mean its models; none when models are counted together, and for calls that have none. */
  readonly modelNames: readonly string[];
  readonly requests: number;
  /** From caches too. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The cost; of calls whose cost is unknown, what was reserved for them. */
  readonly chargedNanos: bigint;
}

const IDS_MAX = 1000;

/** More models than anybody has, times the ids. */
const ROWS_MAX = 100_000;

const END_OF_TIME_MS = Number.MAX_SAFE_INTEGER;

const ID_COLUMNS = {
  key: 'counted.key_id',
  team: 'counted.team_id',
  user: 'counted.user_id',
  customer: 'counted.customer_id',
  tag: 'counted.tag',
} as const satisfies Record<Exclude<LimitScope['kind'], 'all'>, string>;

/**
 * What has been used since a moment: from the totals of all whole days, and from the single records of the day that the
 * moment cuts in two. Where those are gone already the whole day counts.
 * @throws StorageError invalid for more ids than `SpentQuery` may have
 */
async function spentSince(storage: Storage, query: SpentQuery): Promise<readonly Spent[]> {
  const { by, ids, tag, sinceMs } = query;
  if (ids.length > IDS_MAX) throw tooMany();
  const byTag = by === 'tag' || tag !== null;
  const firstDay = dayOf(sinceMs);
  const isCut = sinceMs > dayStartMs(firstDay) && (await hasRecords(storage, firstDay));
  const daysFromMs = dayStartMs(isCut ? firstDay + 1 : firstDay);
  const ofDays = await add(storage, query, { fromMs: daysFromMs, untilMs: END_OF_TIME_MS, byTag }, countedTotals);
  if (!isCut) return ofDays;
  return [...ofDays, ...(await add(storage, query, { fromMs: sinceMs, untilMs: daysFromMs, byTag }, countedCalls))];
}

/**
 * What limits have used, in the order of the needs: what their counters begin with. A model is what it was when the call
 * was made, by all the names that counted then. @throws StorageError
 */
export async function usedSince(
  storage: Storage,
  needs: readonly { readonly limit: Limit; readonly sinceMs: number }[],
): Promise<readonly number[]> {
  const used = needs.map(() => 0);
  // Many limits are asked for at once when a gateway starts; most of them have their windows in common.
  const together = Map.groupBy(
    needs.map(({ limit, sinceMs }, index) => ({ limit, sinceMs, index })),
    ({ limit, sinceMs }) => JSON.stringify([limit.scope.kind, limit.tag, sinceMs]),
  );
  for (const group of together.values()) {
    const [{ limit, sinceMs } = { limit: null, sinceMs: 0 }] = group;
    if (limit === null) continue;
    const spent = await spentSince(storage, {
      by: limit.scope.kind,
      ids: [...new Set(group.map((need) => need.limit.scope.id))],
      tag: limit.tag,
      byModel: group.some((need) => need.limit.model !== null),
      sinceMs,
    });
    for (const need of group) used[need.index] = usedOf(need.limit, spent);
  }
  return used;
}

function usedOf(limit: Limit, spent: readonly Spent[]): number {
  return spent
    .filter(({ id, modelNames }) => id === limit.scope.id && (limit.model === null || isModel(limit.model, modelNames)))
    .reduce((sum, part) => sum + countOf(limit, part), 0);
}

function countOf({ kind }: Limit, { requests, inputTokens, outputTokens, chargedNanos }: Spent): number {
  switch (kind) {
    case 'requests':
      return requests;
    case 'inputTokens':
      return inputTokens;
    case 'outputTokens':
      return outputTokens;
    case 'totalTokens':
      return inputTokens + outputTokens;
    case 'spend':
      return Number(chargedNanos);
    case 'concurrency':
      return 0;
  }
}

function isModel(glob: string, names: readonly string[]): boolean {
  return names.some((name) => matchesGlob(glob, name));
}

async function hasRecords({ read }: Storage, day: number): Promise<boolean> {
  const found = await read
    .selectFrom('call')
    .select('id')
    .where('day', '=', day)
    .where('started_at', '>=', dayStartMs(day))
    .where('started_at', '<', dayStartMs(day + 1))
    .limit(1)
    .execute();
  return found.length > 0;
}

async function add(
  storage: Storage,
  { by, ids, tag, byModel }: SpentQuery,
  range: CountedRange,
  source: typeof countedCalls,
): Promise<readonly Spent[]> {
  const counted = storage.read.selectFrom(source(storage, range, sql<number>`0`));
  const tagged = tag === null ? counted : counted.where(isOneOf(sql.ref('counted.tag'), [tag]));
  const passing = by === 'all' ? tagged : tagged.where(isOneOf(sql.ref(ID_COLUMNS[by]), ids));
  const byId = by === 'all' ? passing : passing.groupBy(ID_COLUMNS[by]);
  const grouped = byModel ? byId.groupBy(['counted.model_id', 'counted.other_models']) : byId;
  const rows = await grouped
    .select(sumSelections())
    .select([
      (by === 'all' ? sql<string>`''` : sql.ref<string>(ID_COLUMNS[by])).as('id'),
      (byModel ? sql.ref<string | null>('counted.model_id') : sql<string | null>`null`).as('model_id'),
      (byModel ? sql.ref<string>('counted.other_models') : sql<string>`''`).as('other_models'),
    ])
    .limit(ROWS_MAX + 1)
    .execute();
  if (rows.length > ROWS_MAX) throw tooMany();
  return rows.map((row) => {
    const { requests, refusedRequests, inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, chargedNanos } =
      sumsOf(row);
    return {
      id: row.id,
      modelNames: byModel
        ? namesOfModels(row.model_id === '' ? null : row.model_id, otherModelsOf(row.other_models))
        : [],
      requests: requests - refusedRequests,
      inputTokens: inputTokens + cacheReadTokens + cacheWriteTokens,
      outputTokens,
      chargedNanos,
    };
  });
}

function tooMany(): StorageError {
  return new StorageError('invalid', `Spending is told of at most ${IDS_MAX} ids, or ${ROWS_MAX} rows, at once.`, {
    field: 'ids',
  });
}
