import type { Patch, StoredTeam, TeamFacts, TeamMember } from '../domain/holders.ts';
import type { Page, PageRequest, TeamFilter } from '../domain/lists.ts';
import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';
import { budgetExists } from './budgets.ts';
import { type Change, record } from './change.ts';
import { dates, holderColumns, holderFacts } from './holder.ts';
import { deleteKey } from './keys.ts';
import { contains, pageBounds } from './paging.ts';
import { insertRecorded, updateRecorded } from './recorded.ts';
import type { Schema } from './schema.ts';
import { missing } from './storage-error.ts';

/** @throws StorageError conflict (`id`), missing (`budget`) */
export async function insertTeam(change: Change, id: string, facts: TeamFacts): Promise<StoredTeam> {
  await budgetExists(change.db, facts.budgetId);
  return insertRecorded(change, 'team', id, facts, (dated) =>
    change.db
      .insertInto('team')
      .values({ id, ...columns(facts), ...dated })
      .execute(),
  );
}

/** @throws StorageError missing (`team`, `budget`) */
export async function updateTeam(change: Change, id: string, patch: Patch<TeamFacts>): Promise<StoredTeam> {
  const before = await existingTeam(change.db, id);
  return updateRecorded<StoredTeam>(change, 'team', before, patch, async (after, dated) => {
    await budgetExists(change.db, after.budgetId);
    await change.db
      .updateTable('team')
      .set({ ...columns(after), ...dated })
      .where('id', '=', id)
      .execute();
  });
}

/** Takes the team, its memberships and its keys away. @throws StorageError missing (`team`) */
export async function deleteTeam(change: Change, id: string): Promise<StoredTeam> {
  const before = await existingTeam(change.db, id);
  const keys = change.db.selectFrom('virtual_key').select('id').where('team_id', '=', id);
  for (const key of await keys.where('deleted_at', 'is', null).execute()) await deleteKey(change, key.id);
  await change.db.deleteFrom('team').where('id', '=', id).execute();
  await record(change, { kind: 'team', id, before, after: null });
  return before;
}

export async function getTeam(db: Kysely<Schema>, id: string): Promise<StoredTeam | null> {
  const row = await db.selectFrom('team').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : storedTeam(row);
}

/** One page of teams, the newest first. */
export async function listTeams(db: Kysely<Schema>, filter: TeamFilter, page: PageRequest): Promise<Page<StoredTeam>> {
  const { limit, offset } = pageBounds(page);
  const passing = db.selectFrom('team').where((eb) => passes(eb, filter));
  const { total } = await passing.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await passing
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
  return { rows: rows.map(storedTeam), total };
}

/** Makes a user a member, or gives a member another role. @throws StorageError missing (`team`, `user`) */
export async function setMember(change: Change, { teamId, userId, role }: TeamMember): Promise<void> {
  await existingTeam(change.db, teamId);
  const user = await change.db.selectFrom('app_user').select('id').where('id', '=', userId).executeTakeFirst();
  if (user === undefined) throw missing('user');
  const before = await getMember(change.db, teamId, userId);
  await change.db
    .insertInto('team_member')
    .values({ team_id: teamId, user_id: userId, role })
    .onConflict((conflict) => conflict.columns(['team_id', 'user_id']).doUpdateSet({ role }))
    .execute();
  await record(change, { kind: 'team', id: teamId, before, after: { teamId, userId, role } });
}

/** @throws StorageError missing (`member`) */
export async function removeMember(change: Change, teamId: string, userId: string): Promise<void> {
  const before = await getMember(change.db, teamId, userId);
  if (before === null) throw missing('member');
  await change.db.deleteFrom('team_member').where('team_id', '=', teamId).where('user_id', '=', userId).execute();
  await record(change, { kind: 'team', id: teamId, before, after: null });
}

async function getMember(db: Kysely<Schema>, teamId: string, userId: string): Promise<TeamMember | null> {
  const row = await db
    .selectFrom('team_member')
    .selectAll()
    .where('team_id', '=', teamId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row === undefined ? null : member(row);
}

export async function listMembers(db: Kysely<Schema>, teamId: string): Promise<readonly TeamMember[]> {
  const rows = await db
    .selectFrom('team_member')
    .selectAll()
    .where('team_id', '=', teamId)
    .orderBy('user_id')
    .execute();
  return rows.map(member);
}

/** The teams a user is in, and as what. */
export async function listMemberships(db: Kysely<Schema>, userId: string): Promise<readonly TeamMember[]> {
  const rows = await db
    .selectFrom('team_member')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('team_id')
    .execute();
  return rows.map(member);
}

function passes(eb: ExpressionBuilder<Schema, 'team'>, { ids, alias, aliasContains, memberId }: TeamFilter) {
  const conditions = [];
  // Without ids nothing is meant, not everything; an empty `in ()` is no SQL in PostgreSQL.
  if (ids !== undefined) conditions.push(ids.length === 0 ? eb.or([]) : eb('id', 'in', ids));
  if (alias !== undefined) conditions.push(eb('alias', '=', alias));
  if (memberId !== undefined) {
    const theirs = eb.selectFrom('team_member').select('team_id').where('user_id', '=', memberId);
    conditions.push(eb('id', 'in', theirs));
  }
  return aliasContains === undefined
    ? eb.and(conditions)
    : eb.and([...conditions, contains(eb.ref('alias'), aliasContains)]);
}

async function existingTeam(db: Kysely<Schema>, id: string): Promise<StoredTeam> {
  const team = await getTeam(db, id);
  if (team === null) throw missing('team');
  return team;
}

function member(row: Selectable<Schema['team_member']>): TeamMember {
  return { teamId: row.team_id, userId: row.user_id, role: row.role };
}

function columns(facts: TeamFacts) {
  return { ...holderColumns(facts), alias: facts.alias };
}

function storedTeam(row: Selectable<Schema['team']>): StoredTeam {
  return { id: row.id, alias: row.alias, ...holderFacts(row), ...dates(row) };
}
