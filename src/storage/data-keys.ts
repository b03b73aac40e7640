import type { Kysely } from 'kysely';
import { type Change, record } from './change.ts';
import type { Schema } from './schema.ts';
import { missing } from './storage-error.ts';

/** One wrapping of a data key; texts are base64. */
export interface DataKeyCopy {
  readonly salt: string;
  readonly nonce: string;
  readonly sealed: string;
}

export interface StoredDataKey {
  readonly version: number;
  /** Until when credentials of this version are good; null while no end is set. */
  readonly retiredAtMs: number | null;
  readonly copies: readonly DataKeyCopy[];
}

/** All versions of the data key with their copies, oldest first. */
export async function listDataKeys(db: Kysely<Schema>): Promise<readonly StoredDataKey[]> {
  const rows = await db
    .selectFrom('data_key')
    .innerJoin('data_key_copy as copy', 'copy.version', 'data_key.version')
    .select(['data_key.version', 'data_key.retired_at', 'copy.salt', 'copy.nonce', 'copy.sealed'])
    .orderBy('data_key.version')
    .orderBy('copy.id')
    .execute();
  return [...Map.groupBy(rows, (row) => row.version)].map(([version, copies]) => ({
    version,
    retiredAtMs: copies[0]?.retired_at ?? null,
    copies: copies.map(({ salt, nonce, sealed }) => ({ salt, nonce, sealed })),
  }));
}

/**
 * Stores a new version with its first copy and sets an end to the versions before it that would count longer.
 * @param othersRetireAtMs null to leave the others as they are.
 * @returns false, with nothing done, when the version is there: another instance was first.
 */
export async function insertDataKey(
  change: Change,
  version: number,
  copy: DataKeyCopy,
  othersRetireAtMs: number | null,
): Promise<boolean> {
  const { db, nowMs } = change;
  const existing = await db.selectFrom('data_key').select('version').where('version', '=', version).executeTakeFirst();
  if (existing !== undefined) return false;
  if (othersRetireAtMs !== null) {
    await db
      .updateTable('data_key')
      .set({ retired_at: othersRetireAtMs })
      .where((eb) => eb.or([eb('retired_at', 'is', null), eb('retired_at', '>', othersRetireAtMs)]))
      .execute();
  }
  await db.insertInto('data_key').values({ version, created_at: nowMs, retired_at: null }).execute();
  await db
    .insertInto('data_key_copy')
    .values({ version, ...copy, created_at: nowMs })
    .execute();
  await record(change, { kind: 'data_key', id: String(version), before: null, after: { version, othersRetireAtMs } });
  return true;
}

/** Puts a further copy beside those of a version. @throws StorageError missing (`data key`) */
export async function addDataKeyCopy(change: Change, version: number, copy: DataKeyCopy): Promise<void> {
  const { db, nowMs } = change;
  const existing = await db.selectFrom('data_key').select('version').where('version', '=', version).executeTakeFirst();
  if (existing === undefined) throw missing('data key');
  await db
    .insertInto('data_key_copy')
    .values({ version, ...copy, created_at: nowMs })
    .execute();
  await record(change, { kind: 'data_key', id: String(version), before: null, after: { version, copy: 'added' } });
}
