import type { KeyFacts, Patch, StoredKey } from '../domain/holders.ts';
import type { KeyFilter, KeySort, KeyViewer, Page, PageRequest } from '../domain/lists.ts';
import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';
import { budgetExists } from './budgets.ts';
import { type Change, record } from './change.ts';
import { dates, holderColumns, holderFacts } from './holder.ts';
import { contains, pageBounds } from './paging.ts';
import { insertRecorded, updateRecorded } from './recorded.ts';
import type { Schema } from './schema.ts';
import { missing } from './storage-error.ts';

/**
 * Stores a key without credentials; `addCredentials` in the same change gives it some.
 * @throws StorageError conflict (`id`, `alias`), missing (`team`, `user`, `budget`)
 */
export async function insertKey(change: Change, id: string, facts: KeyFacts): Promise<StoredKey> {
  await ownersExist(change.db, facts);
  await budgetExists(change.db, facts.budgetId);
  return insertRecorded(change, 'key', id, { ...facts, deletedMs: null }, (dated) =>
    change.db
      .insertInto('virtual_key')
      .values({ id, ...columns(facts), ...dated, deleted_at: null })
      .execute(),
  );
}

/** @throws StorageError missing (`key`, `team`, `user`, `budget`), conflict (`alias`) */
export async function updateKey(change: Change, id: string, patch: Patch<KeyFacts>): Promise<StoredKey> {
  const before = await liveKey(change.db, id);
  return updateRecorded<StoredKey>(change, 'key', before, patch, async (after, dated) => {
    await ownersExist(change.db, after);
    await budgetExists(change.db, after.budgetId);
    await change.db
      .updateTable('virtual_key')
      .set({ ...columns(after), ...dated })
      .where('id', '=', id)
      .execute();
  });
}

/**
 * Takes a key out of use for good. Its row stays for the records that name it, its credentials go: what was sent with
 * them is unknown from now on, and its alias is free.
 * @throws StorageError missing (`key`)
 */
export async function deleteKey(change: Change, id: string): Promise<StoredKey> {
  const before = await liveKey(change.db, id);
  const after = { ...before, deletedMs: change.nowMs, updatedMs: change.nowMs };
  await change.db.deleteFrom('credential').where('key_id', '=', id).execute();
  await change.db
    .updateTable('virtual_key')
    .set({ deleted_at: change.nowMs, updated_at: change.nowMs })
    .where('id', '=', id)
    .execute();
  await record(change, { kind: 'key', id, before, after });
  return after;
}

/** @returns also a deleted key; null when there never was one of this id. */
export async function getKey(db: Kysely<Schema>, id: string): Promise<StoredKey | null> {
  const row = await db.selectFrom('virtual_key').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : storedKey(row);
}

/** The key, not deleted, that has this alias. */
export async function getKeyByAlias(db: Kysely<Schema>, alias: string): Promise<StoredKey | null> {
  const row = await db
    .selectFrom('virtual_key')
    .selectAll()
    .where('alias', '=', alias)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : storedKey(row);
}

const SORT_COLUMNS = {
  created: 'created_at',
  updated: 'updated_at',
  alias: 'alias',
  expires: 'expires_at',
  id: 'id',
} as const;

/** One page of the keys that pass the filter. Without a value in the sort column (no alias, no expiry) comes last. */
export async function listKeys(
  db: Kysely<Schema>,
  filter: KeyFilter,
  page: PageRequest,
  sort: KeySort = { by: 'created', order: 'desc' },
): Promise<Page<StoredKey>> {
  const { limit, offset } = pageBounds(page);
  const passing = db.selectFrom('virtual_key').where((eb) => passes(eb, filter));
  const { total } = await passing.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await passing
    .selectAll()
    .orderBy(SORT_COLUMNS[sort.by], (column) => column[sort.order]().nullsLast())
    .orderBy('id', sort.order)
    .limit(limit)
    .offset(offset)
    .execute();
  return { rows: rows.map(storedKey), total };
}

function passes(eb: ExpressionBuilder<Schema, 'virtual_key'>, filter: KeyFilter) {
  const conditions = [eb('deleted_at', filter.deleted === true ? 'is not' : 'is', null)];
  if (filter.teamId !== undefined) conditions.push(eb('team_id', '=', filter.teamId));
  if (filter.userId !== undefined) conditions.push(eb('user_id', '=', filter.userId));
  if (filter.createdBy !== undefined) conditions.push(eb('created_by', '=', filter.createdBy));
  if (filter.alias !== undefined) conditions.push(eb('alias', '=', filter.alias));
  if (filter.blocked !== undefined) conditions.push(eb('blocked', '=', filter.blocked ? 1 : 0));
  const { aliasContains, visibleTo } = filter;
  if (visibleTo !== undefined) conditions.push(visible(eb, visibleTo));
  return aliasContains === undefined
    ? eb.and(conditions)
    : eb.and([...conditions, contains(eb.ref('alias'), aliasContains)]);
}

/** An `or` of nothing is false: a viewer without any relation sees no key. */
function visible(eb: ExpressionBuilder<Schema, 'virtual_key'>, { userId, teamIds, createdBy }: KeyViewer) {
  const relations = [];
  if (userId !== null) relations.push(eb('user_id', '=', userId));
  if (teamIds.length > 0) relations.push(eb('team_id', 'in', teamIds));
  if (createdBy !== null) relations.push(eb('created_by', '=', createdBy));
  return eb.or(relations);
}

async function liveKey(db: Kysely<Schema>, id: string): Promise<StoredKey> {
  const key = await getKey(db, id);
  if (key === null || key.deletedMs !== null) throw missing('key');
  return key;
}

/** A key whose team or user is not there would be bound by nothing they say. */
async function ownersExist(db: Kysely<Schema>, { teamId, userId }: KeyFacts): Promise<void> {
  if (teamId !== null) {
    const team = await db.selectFrom('team').select('id').where('id', '=', teamId).executeTakeFirst();
    if (team === undefined) throw missing('team');
  }
  if (userId !== null) {
    const user = await db.selectFrom('app_user').select('id').where('id', '=', userId).executeTakeFirst();
    if (user === undefined) throw missing('user');
  }
}

function columns(facts: KeyFacts) {
  return {
    ...holderColumns(facts),
    alias: facts.alias,
    name: facts.name,
    team_id: facts.teamId,
    user_id: facts.userId,
    expires_at: facts.expiresMs,
  };
}

function storedKey(row: Selectable<Schema['virtual_key']>): StoredKey {
  return {
    id: row.id,
    alias: row.alias,
    name: row.name,
    teamId: row.team_id,
    userId: row.user_id,
    expiresMs: row.expires_at,
    ...holderFacts(row),
    ...dates(row),
    deletedMs: row.deleted_at,
  };
}
