import type {
  CredentialCount,
  CredentialKind,
  CredentialOwner,
  NewCredential,
  OwnerRights,
  StoredCredential,
} from '../domain/keys/credentials.ts';
import { limitsInForce } from '../domain/holders.ts';
import type { Page, PageRequest } from '../domain/lists.ts';
import type { Kysely, Selectable } from 'kysely';
import { type Change, record } from './change.ts';
import { holderFacts, parseGrant } from './holder.ts';
import { parseObject, parseObjectOrNull, parseStrings } from './json-column.ts';
import { pageBounds } from './paging.ts';
import type { Schema } from './schema.ts';
import { missing } from './storage-error.ts';

/**
 * Finds whose credential this is, with the rights of key, team and user: the look-up of every request that no cache
 * answers. Also finds what has expired, is blocked or is over its grace; judging that needs the time of each use.
 * @param lookups what the credential may be stored as: under each data key that is still good.
 * @returns null when there is no such credential. @throws StorageError unavailable, which is not the same.
 */
export async function findCredential(
  db: Kysely<Schema>,
  kind: CredentialKind,
  lookups: readonly string[],
): Promise<CredentialOwner | null> {
  if (lookups.length === 0) return null;
  const row = await db
    .selectFrom('credential')
    .innerJoin('virtual_key as key', 'key.id', 'credential.key_id')
    .leftJoin('team', 'team.id', 'key.team_id')
    .leftJoin('app_user as user', 'user.id', 'key.user_id')
    .leftJoin('budget as key_budget', 'key_budget.id', 'key.budget_id')
    .leftJoin('budget as team_budget', 'team_budget.id', 'team.budget_id')
    .leftJoin('budget as user_budget', 'user_budget.id', 'user.budget_id')
    .where('credential.kind', '=', kind)
    .where('credential.lookup', 'in', lookups)
    .where('key.deleted_at', 'is', null)
    .selectAll('credential')
    .select(['key.alias', 'key.team_id', 'key.user_id', 'key.expires_at', 'key.grants', 'key.limits', 'key.settings'])
    .select(['key.metadata', 'key.tags', 'key.blocked', 'key.budget_id', 'key_budget.limits as key_budget_limits'])
    .select(['team.grants as team_grants', 'team.blocked as team_blocked', 'team.limits as team_limits'])
    .select(['team.settings as team_settings', 'team.tags as team_tags'])
    .select(['team.budget_id as team_budget_id', 'team_budget.limits as team_budget_limits'])
    .select(['user.grants as user_grants', 'user.blocked as user_blocked', 'user.limits as user_limits'])
    .select(['user.settings as user_settings', 'user.tags as user_tags', 'user.role as user_role'])
    .select(['user.budget_id as user_budget_id', 'user_budget.limits as user_budget_limits'])
    .executeTakeFirst();
  if (row === undefined) return null;

  const team = ownerRights({
    grants: row.team_grants,
    blocked: row.team_blocked,
    limits: row.team_limits,
    budget_limits: row.team_budget_limits,
    settings: row.team_settings,
    tags: row.team_tags,
  });
  const user = ownerRights({
    grants: row.user_grants,
    blocked: row.user_blocked,
    limits: row.user_limits,
    budget_limits: row.user_budget_limits,
    settings: row.user_settings,
    tags: row.user_tags,
  });
  // Deleting a team or user deletes its keys, and no budget goes that somebody has: so none of this can be. If it is, the
  // key has lost who vouched for it, or what bounds it.
  const orphaned =
    (row.team_id !== null && team === null) ||
    (row.user_id !== null && user === null) ||
    (row.budget_id !== null && row.key_budget_limits === null) ||
    (row.team_budget_id !== null && row.team_budget_limits === null) ||
    (row.user_budget_id !== null && row.user_budget_limits === null);
  const { budgetId: _budgetId, ...facts } = holderFacts(row);
  return {
    credential: storedCredential(row),
    key: {
      id: row.key_id,
      alias: row.alias,
      teamId: row.team_id,
      userId: row.user_id,
      expiresMs: row.expires_at,
      ...facts,
      limits: limitsInForce(facts.limits, parseObjectOrNull(row.key_budget_limits)),
      blocked: facts.blocked || orphaned,
    },
    team,
    user: user === null || row.user_role === null ? null : { ...user, role: row.user_role },
  };
}

/** @throws StorageError conflict (`lookup`) when the credential is somebody's already, missing (`key`) */
export async function addCredentials(
  change: Change,
  keyId: string,
  fresh: readonly NewCredential[],
): Promise<readonly StoredCredential[]> {
  await dropEnded(change);
  return recordingCredentials(change, keyId, () => insert(change, keyId, fresh));
}

/**
 * Puts new credentials in the place of all the key has. The old ones live on for the grace; one that was in grace
 * already gets no longer by it. Without grace they are gone at once.
 * @param graceMs 0 or more.
 * @throws StorageError conflict (`lookup`), missing (`key`)
 */
export async function replaceCredentials(
  change: Change,
  keyId: string,
  fresh: readonly NewCredential[],
  graceMs: number,
): Promise<readonly StoredCredential[]> {
  await dropEnded(change);
  return recordingCredentials(change, keyId, async () => {
    const end = change.nowMs + graceMs;
    const old = change.db
      .updateTable('credential')
      .set({ valid_until: end })
      .where('key_id', '=', keyId)
      .where((eb) => eb.or([eb('valid_until', 'is', null), eb('valid_until', '>', end)]));
    await old.execute();
    // With no grace, everything ends now.
    await dropEnded(change);
    await insert(change, keyId, fresh);
  });
}

/**
 * Notes a bearer credential under a newer data key; done when the key itself is shown, since only then can it be hashed
 * again. Nothing is done when another instance was first, or when it has been replaced or taken away meanwhile.
 */
export async function rehashCredential(
  change: Change,
  credentialId: number,
  fresh: { readonly lookup: string; readonly dataKeyVersion: number },
): Promise<void> {
  const row = await change.db
    .selectFrom('credential')
    .select(['key_id', 'data_key_version'])
    .where('id', '=', credentialId)
    .where('kind', '=', 'bearer')
    .executeTakeFirst();
  if (row === undefined || row.data_key_version >= fresh.dataKeyVersion) return;
  await recordingCredentials(change, row.key_id, async () => {
    await change.db
      .updateTable('credential')
      .set({ lookup: fresh.lookup, data_key_version: fresh.dataKeyVersion })
      .where('id', '=', credentialId)
      .execute();
  });
}

/** All credentials of a key, the newest first, those in grace among them. */
export async function listCredentials(db: Kysely<Schema>, keyId: string): Promise<readonly StoredCredential[]> {
  const rows = await db
    .selectFrom('credential')
    .selectAll()
    .where('key_id', '=', keyId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(storedCredential);
}

/** How many credentials that are still good stand under each data key version. */
export async function countByDataKeyVersion(db: Kysely<Schema>, nowMs: number): Promise<readonly CredentialCount[]> {
  const rows = await db
    .selectFrom('credential')
    .where((eb) => eb.or([eb('valid_until', 'is', null), eb('valid_until', '>', nowMs)]))
    .select(['data_key_version', 'kind'])
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .groupBy(['data_key_version', 'kind'])
    .orderBy('data_key_version')
    .orderBy('kind')
    .execute();
  return rows.map(({ data_key_version: version, kind, count }) => ({ version, kind, count }));
}

/** The current AWS pairs under data keys older than a version: they end with it unless they are issued again. */
export async function listPairsOlderThan(
  db: Kysely<Schema>,
  version: number,
  page: PageRequest,
): Promise<Page<StoredCredential & { readonly keyAlias: string | null }>> {
  const { limit, offset } = pageBounds(page);
  const older = db
    .selectFrom('credential')
    .innerJoin('virtual_key as key', 'key.id', 'credential.key_id')
    .where('credential.kind', '=', 'aws')
    .where('credential.data_key_version', '<', version)
    .where('credential.valid_until', 'is', null);
  const { total } = await older.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await older
    .selectAll('credential')
    .select('key.alias as key_alias')
    .orderBy('credential.id')
    .limit(limit)
    .offset(offset)
    .execute();
  return { rows: rows.map((row) => ({ ...storedCredential(row), keyAlias: row.key_alias })), total };
}

/** Ended ones are of no use, and a value of the caller's own among them may be given to a key again. */
async function dropEnded({ db, nowMs }: Change): Promise<void> {
  await db.deleteFrom('credential').where('valid_until', '<=', nowMs).execute();
}

async function insert(change: Change, keyId: string, fresh: readonly NewCredential[]): Promise<void> {
  const rows = fresh.map(({ kind, lookup, dataKeyVersion }) => ({
    key_id: keyId,
    kind,
    lookup,
    data_key_version: dataKeyVersion,
    valid_until: null,
    created_at: change.nowMs,
  }));
  if (rows.length > 0) await change.db.insertInto('credential').values(rows).execute();
}

/** The audit row says which credentials there were and are, without what could be compared with a stolen table. */
async function recordingCredentials(
  change: Change,
  keyId: string,
  write: () => Promise<void>,
): Promise<readonly StoredCredential[]> {
  const key = await change.db
    .selectFrom('virtual_key')
    .select('id')
    .where('id', '=', keyId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (key === undefined) throw missing('key');
  const before = await listCredentials(change.db, keyId);
  await write();
  const after = await listCredentials(change.db, keyId);
  await record(change, {
    kind: 'key',
    id: keyId,
    before: { credentials: before.map(withoutDigest) },
    after: { credentials: after.map(withoutDigest) },
  });
  return after;
}

function withoutDigest({ lookup, ...facts }: StoredCredential): object {
  return facts.kind === 'aws' ? { ...facts, accessKeyId: lookup } : facts;
}

function storedCredential(row: Selectable<Schema['credential']>): StoredCredential {
  return {
    id: row.id,
    keyId: row.key_id,
    kind: row.kind,
    lookup: row.lookup,
    dataKeyVersion: row.data_key_version,
    validUntilMs: row.valid_until,
    createdMs: row.created_at,
  };
}

/** As the join gives them: all null where there is no such owner. */
interface OwnerColumns {
  readonly grants: string | null;
  readonly blocked: number | null;
  readonly limits: string | null;
  readonly budget_limits: string | null;
  readonly settings: string | null;
  readonly tags: string | null;
}

function ownerRights({ grants, blocked, limits, budget_limits, settings, tags }: OwnerColumns): OwnerRights | null {
  if (grants === null || settings === null || tags === null) return null;
  return {
    grant: parseGrant(grants),
    blocked: blocked !== 0,
    limits: limitsInForce(parseObjectOrNull(limits), parseObjectOrNull(budget_limits)),
    settings: parseObject(settings),
    tags: parseStrings(tags),
  };
}
