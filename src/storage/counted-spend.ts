import { sql } from 'kysely';
import { type Limit, type LimitScope, makeLimit } from '../domain/limits/limit.ts';
import type { SpenderKind } from '../domain/lists.ts';
import { countedSpend, type SpendMark } from '../domain/spend-mark.ts';
import { countedTotals } from './ledger-counted.ts';
import { decimalTotal } from './ledger-sql.ts';
import { usedSince } from './ledger-spent.ts';
import { getSpendMarks } from './spend-marks.ts';
import type { Storage } from './storage.ts';
import { StorageError } from './storage-error.ts';

/** What a limit is to begin with: what was used since a moment. */
interface Need {
  readonly limit: Limit;
  readonly sinceMs: number;
}

const SPENDERS: readonly LimitScope['kind'][] = ['key', 'team', 'user', 'customer'] satisfies SpenderKind[];

/** Holders of one kind that have spent something today. */
const HOLDERS_MAX = 100_000;
const END_OF_TIME_MS = Number.MAX_SAFE_INTEGER;

/**
 * What limits have used, in the order of the needs: by the ledger, and by what somebody has set back.
 * @param needs at most 1,000 @throws StorageError
 */
export async function countedSince(storage: Storage, needs: readonly Need[]): Promise<readonly number[]> {
  const marks = await marksOf(storage, needs);
  const counted = needs.map(({ limit, sinceMs }) => {
    const mark = isWholeSpend(limit) ? marks.get(markName(limit.scope)) : undefined;
    return { limit, ...countedSpend(mark ?? null, sinceMs) };
  });
  const used = await usedSince(storage, counted);
  return counted.map(({ plusNanos }, index) => Math.max(0, (used[index] ?? 0) + Number(plusNanos)));
}

/**
 * What the ledger has of some holders since a moment, in nano-dollars, whatever was set back; who is not in the answer has
 * spent nothing.
 * @param ids at most 1,000; null for all there are, at most 100,000: then whole days count
 * @throws StorageError
 */
export async function spentSince(
  storage: Storage,
  by: SpenderKind,
  ids: readonly string[] | null,
  sinceMs: number,
): Promise<ReadonlyMap<string, bigint>> {
  if (ids === null) return spentByAll(storage, by, sinceMs);
  const needs = ids.map((id) => ({ limit: spendOf(by, id), sinceMs }));
  const used = await usedSince(storage, needs);
  return new Map(ids.map((id, index) => [id, BigInt(used[index] ?? 0)]));
}

async function spentByAll(storage: Storage, by: SpenderKind, sinceMs: number): Promise<ReadonlyMap<string, bigint>> {
  const range = { fromMs: sinceMs, untilMs: END_OF_TIME_MS, byTag: false };
  const column = `counted.${by}_id` as const;
  const rows = await storage.read
    .selectFrom(countedTotals(storage, range, sql<number>`0`))
    .where(column, '<>', '')
    .groupBy(column)
    .select([sql.ref<string>(column).as('id'), decimalTotal(sql.ref('counted.charged_nanos')).as('nanos')])
    .limit(HOLDERS_MAX + 1)
    .execute();
  if (rows.length > HOLDERS_MAX) {
    throw new StorageError('invalid', `More than ${HOLDERS_MAX} have spent something.`, { field: 'ids' });
  }
  return new Map(rows.map(({ id, nanos }) => [id, BigInt(nanos)]));
}

async function marksOf(storage: Storage, needs: readonly Need[]): Promise<ReadonlyMap<string, SpendMark>> {
  const marks = new Map<string, SpendMark>();
  const scopes = needs.filter(({ limit }) => isWholeSpend(limit)).map(({ limit }) => limit.scope);
  for (const kind of new Set(scopes.map((scope) => scope.kind))) {
    if (!isSpender(kind)) continue;
    const ids = [...new Set(scopes.filter((scope) => scope.kind === kind).map(({ id }) => id))];
    for (const [id, mark] of await getSpendMarks(storage.read, kind, ids)) marks.set(markName({ kind, id }), mark);
  }
  return marks;
}

/** What is set back is spending over all models and tags. */
function isWholeSpend({ kind, model, tag, scope }: Limit): boolean {
  return kind === 'spend' && model === null && tag === null && isSpender(scope.kind);
}

function isSpender(kind: LimitScope['kind']): kind is SpenderKind {
  return SPENDERS.includes(kind);
}

function markName({ kind, id }: LimitScope): string {
  return `${kind} ${id}`;
}

function spendOf(kind: SpenderKind, id: string): Limit {
  return makeLimit({ kind: 'spend', max: 0, window: { kind: 'forever' }, scope: { kind, id } });
}
