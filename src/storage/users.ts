import type { Patch, StoredUser, UserFacts } from '../domain/holders.ts';
import type { Page, PageRequest, UserFilter } from '../domain/lists.ts';
import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';
import { budgetExists } from './budgets.ts';
import { type Change, record } from './change.ts';
import { dates, holderColumns, holderFacts } from './holder.ts';
import { deleteKey } from './keys.ts';
import { contains, pageBounds } from './paging.ts';
import { insertRecorded, updateRecorded } from './recorded.ts';
import type { Schema } from './schema.ts';
import { missing } from './storage-error.ts';
import { listMemberships, removeMember } from './teams.ts';

/** @throws StorageError conflict (`id`, `email`), missing (`budget`) */
export async function insertUser(change: Change, id: string, facts: UserFacts): Promise<StoredUser> {
  await budgetExists(change.db, facts.budgetId);
  return insertRecorded(change, 'user', id, facts, (dated) =>
    change.db
      .insertInto('app_user')
      .values({ id, ...columns(facts), ...dated })
      .execute(),
  );
}

/** @throws StorageError missing (`user`, `budget`), conflict (`email`) */
export async function updateUser(change: Change, id: string, patch: Patch<UserFacts>): Promise<StoredUser> {
  const before = await existingUser(change.db, id);
  return updateRecorded<StoredUser>(change, 'user', before, patch, async (after, dated) => {
    await budgetExists(change.db, after.budgetId);
    await change.db
      .updateTable('app_user')
      .set({ ...columns(after), ...dated })
      .where('id', '=', id)
      .execute();
  });
}

/** Takes the user, the memberships and the keys away. @throws StorageError missing (`user`) */
export async function deleteUser(change: Change, id: string): Promise<StoredUser> {
  const before = await existingUser(change.db, id);
  const keys = change.db.selectFrom('virtual_key').select('id').where('user_id', '=', id);
  for (const key of await keys.where('deleted_at', 'is', null).execute()) await deleteKey(change, key.id);
  for (const { teamId } of await listMemberships(change.db, id)) await removeMember(change, teamId, id);
  await change.db.deleteFrom('app_user').where('id', '=', id).execute();
  await record(change, { kind: 'user', id, before, after: null });
  return before;
}

export async function getUser(db: Kysely<Schema>, id: string): Promise<StoredUser | null> {
  const row = await db.selectFrom('app_user').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : storedUser(row);
}

export async function getUserByEmail(db: Kysely<Schema>, email: string): Promise<StoredUser | null> {
  const row = await db.selectFrom('app_user').selectAll().where('email', '=', email).executeTakeFirst();
  return row === undefined ? null : storedUser(row);
}

/** How many users have a role: the last admin may not be taken away. */
export async function countUsersWithRole(db: Kysely<Schema>, role: string): Promise<number> {
  const { count } = await db
    .selectFrom('app_user')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('role', '=', role)
    .executeTakeFirstOrThrow();
  return count;
}

/** One page of users, the newest first. */
export async function listUsers(db: Kysely<Schema>, filter: UserFilter, page: PageRequest): Promise<Page<StoredUser>> {
  const { limit, offset } = pageBounds(page);
  const passing = db.selectFrom('app_user').where((eb) => passes(eb, filter));
  const { total } = await passing.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await passing
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
  return { rows: rows.map(storedUser), total };
}

function passes(eb: ExpressionBuilder<Schema, 'app_user'>, { ids, role, emailContains, teamId }: UserFilter) {
  const conditions = [];
  if (ids !== undefined) conditions.push(ids.length === 0 ? eb.or([]) : eb('id', 'in', ids));
  if (role !== undefined) conditions.push(eb('role', '=', role));
  if (teamId !== undefined) {
    const members = eb.selectFrom('team_member').select('user_id').where('team_id', '=', teamId);
    conditions.push(eb('id', 'in', members));
  }
  return emailContains === undefined
    ? eb.and(conditions)
    : eb.and([...conditions, contains(eb.ref('email'), emailContains)]);
}

async function existingUser(db: Kysely<Schema>, id: string): Promise<StoredUser> {
  const user = await getUser(db, id);
  if (user === null) throw missing('user');
  return user;
}

function columns(facts: UserFacts) {
  return { ...holderColumns(facts), alias: facts.alias, email: facts.email, role: facts.role };
}

function storedUser(row: Selectable<Schema['app_user']>): StoredUser {
  return { id: row.id, alias: row.alias, email: row.email, role: row.role, ...holderFacts(row), ...dates(row) };
}
