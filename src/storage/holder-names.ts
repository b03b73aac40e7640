import type { Kysely } from 'kysely';
import type { KeyNames, UserNames } from '../domain/ledger.ts';
import type { Schema } from './schema.ts';

/** What keys are called, those that are gone as well. @param ids at most 1,000; who never was is not in the answer */
export async function keyNames(db: Kysely<Schema>, ids: readonly string[]): Promise<ReadonlyMap<string, KeyNames>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('virtual_key')
    .select(['id', 'alias', 'name', 'team_id', 'user_id', 'deleted_at'])
    .where('id', 'in', ids)
    .execute();
  return new Map(
    rows.map(({ id, alias, name, team_id, user_id, deleted_at }) => [
      id,
      { alias, name, teamId: team_id, userId: user_id, isDeleted: deleted_at !== null },
    ]),
  );
}

/** The aliases of teams, null for those without. @param ids at most 1,000; a team that is gone is not in the answer */
export async function teamNames(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('team').select(['id', 'alias']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, alias }) => [id, alias]));
}

/** @param ids at most 1,000; a user that is gone is not in the answer */
export async function userNames(db: Kysely<Schema>, ids: readonly string[]): Promise<ReadonlyMap<string, UserNames>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('app_user').select(['id', 'alias', 'email']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, alias, email }) => [id, { alias, email }]));
}
