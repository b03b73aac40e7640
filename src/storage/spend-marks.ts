import type { SpenderKind } from '../domain/lists.ts';
import type { SpendMark } from '../domain/spend-mark.ts';
import type { Kysely } from 'kysely';
import { type Change, record } from './change.ts';
import type { Schema } from './schema.ts';

/** Rows in one statement: both databases bound the number of their parameters. */
const ROWS_AT_ONCE = 1000;

/**
 * What has been said of what these have spent; who is not in the answer has spent what the ledger says.
 * @param ids at most 1,000
 */
export async function getSpendMarks(
  db: Kysely<Schema>,
  kind: SpenderKind,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SpendMark>> {
  const rows = await db
    .selectFrom('spend_mark')
    .selectAll()
    .where((eb) => {
      const ofEveryone = eb('kind', '=', 'everyone');
      return ids.length === 0 ? ofEveryone : eb.or([ofEveryone, eb.and([eb('kind', '=', kind), eb('id', 'in', ids)])]);
    })
    .execute();
  const marks = new Map<string, SpendMark>();
  const everyone = rows.find((row) => row.kind === 'everyone');
  if (everyone !== undefined && isResetWithEveryone(kind)) for (const id of ids) marks.set(id, spendMark(everyone));
  for (const row of rows) if (row.kind === kind) marks.set(row.id, spendMark(row));
  return marks;
}

/** Says what somebody has spent. The audit has it beside the holder. */
export async function setSpendMark(
  change: Change,
  kind: SpenderKind,
  id: string,
  mark: SpendMark,
  before: { readonly spentNanos: bigint },
): Promise<void> {
  await write(change, [{ kind, id, ...markColumns(mark) }]);
  await record(change, {
    kind,
    id,
    before: { spentNanos: before.spentNanos.toString() },
    after: { spentNanos: mark.nanos.toString() },
  });
}

/**
 * Says that no key and no team has spent anything.
 * @param dayNanos of those that have on that day, what `SpendMark` says; at most 100,000 of a kind
 */
export async function setSpendMarkOfEveryone(
  change: Change,
  atMs: number,
  dayNanos: Readonly<Record<'key' | 'team', ReadonlyMap<string, bigint>>>,
): Promise<void> {
  // An older mark of a single holder would count for more than this one.
  await change.db.deleteFrom('spend_mark').where('kind', 'in', ['key', 'team', 'everyone']).execute();
  const of = (kind: 'key' | 'team') =>
    [...dayNanos[kind]].map(([id, spent]) => ({ kind, id, ...markColumns({ atMs, nanos: 0n, dayNanos: spent }) }));
  const everyone = { kind: 'everyone', id: '', ...markColumns({ atMs, nanos: 0n, dayNanos: 0n }) } as const;
  await write(change, [everyone, ...of('key'), ...of('team')]);
  await record(change, { kind: 'spend', id: 'everyone', before: null, after: { atMs } });
}

/** Customers and users go on as they are, as in LiteLLM. */
function isResetWithEveryone(kind: SpenderKind): boolean {
  return kind === 'key' || kind === 'team';
}

async function write({ db }: Change, rows: readonly MarkRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    await db
      .insertInto('spend_mark')
      .values(rows.slice(from, from + ROWS_AT_ONCE))
      .onConflict((conflict) =>
        conflict.columns(['kind', 'id']).doUpdateSet((eb) => ({
          at: eb.ref('excluded.at'),
          nanos: eb.ref('excluded.nanos'),
          day_nanos: eb.ref('excluded.day_nanos'),
        })),
      )
      .execute();
  }
}

type MarkRow = Schema['spend_mark'];

function markColumns({ atMs, nanos, dayNanos }: SpendMark): Pick<MarkRow, 'at' | 'nanos' | 'day_nanos'> {
  return { at: atMs, nanos: nanos.toString(), day_nanos: dayNanos.toString() };
}

function spendMark(row: MarkRow): SpendMark {
  return { atMs: row.at, nanos: BigInt(row.nanos), dayNanos: BigInt(row.day_nanos) };
}
