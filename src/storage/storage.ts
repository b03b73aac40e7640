import type { Kysely } from 'kysely';
import type { Clock, Log } from '../ports.ts';
import type { Change, Origin } from './change.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Schema } from './schema.ts';

/**
 * The store: SQLite in a folder, or PostgreSQL.
 *
 * Reading is `getKey(storage.read, id)`; writing is
 *
 *     await storage.change({ actor: 'master', action: 'key.generate', sourceAddress }, async (change) => {
 *       await insertKey(change, id, facts);
 *       await addCredentials(change, id, credentials);
 *     });
 *
 * Functions of the repositories that take a `Kysely` read (give them `change.db` inside a change), those that take a
 * `Change` write, and leave the audit row and the row for the caches in the same transaction. Changes run one after the
 * other, over all instances: what was read inside one is still so when it commits, so a check before an act is safe.
 *
 * All functions throw `StorageError`; only its kind `unavailable` says that the store is down.
 */
export interface Storage {
  /** For reading outside of changes. On SQLite a connection of its own, which can't write. */
  readonly read: Kysely<Schema>;
  /**
   * Runs a change as a whole or not at all. The caches of this instance have heard of it when the promise resolves.
   *
   * Inside of it nothing but the database may be awaited: on SQLite one transaction is open in the whole process, and
   * one that waits for something else is rolled back. Derive keys and call others before.
   */
  change<Result>(origin: Origin, work: (change: Change) => Promise<Result>): Promise<Result>;
  readonly changes: ChangeFeed;
  close(): Promise<void>;
}

export interface StorageOptions {
  /** `postgres://…` or `postgresql://…`; null for SQLite in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
}
