import type { Origin } from '../domain/audit.ts';
import type { Kysely } from 'kysely';
import type { Clock, Log } from '../ports.ts';
import type { Change } from './change.ts';
import { CHANGE_ROWS_KEPT_MS, type ChangeFeed, PollingFeed } from './change-feed.ts';
import type { Engine } from './engine.ts';
import type { LedgerEngine } from './ledger-engine.ts';
import { openPostgres } from './postgres.ts';
import { reasonOf } from './postgres-error.ts';
import type { Schema } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { StorageError } from './storage-error.ts';

/**
 * The store: SQLite in a folder, or PostgreSQL.
 *
 * Reading is `getKey(storage.read, id)`; writing is
 *
 *     await storage.change({ actor: 'master', action: 'key.generate', sourceAddress, onBehalfOf }, async (change) => {
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
  /** The tables of the ledger, which are written in transactions of their own: see `ledger-store.ts`. */
  readonly ledger: LedgerEngine;
  close(): Promise<void>;
}

export interface StorageOptions {
  /** `postgres://…` or `postgresql://…`; null for SQLite in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  /**
   * Whether SQLite waits for the disk when it stores calls, as it does for everything else. What is kept elsewhere until
   * then only for the life of the process need not. True where nothing is said.
   */
  readonly callsOutlivePower?: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the store and brings its tables up to date. Several instances may do so at once.
 * @throws StorageError cannotOpen: one line for the operator
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { databaseUrl, dataDir, callsOutlivePower = true, clock, log } = options;
  const engine =
    databaseUrl === null ? await openSqlite(dataDir, { callsOutlivePower }) : await openPostgres(databaseUrl);
  const feed = await openFeed(engine, clock, log);
  return {
    read: engine.read,
    changes: feed,
    ledger: engine.ledger,
    change: async (origin, work) => {
      const change: Omit<Change, 'db'> = { nowMs: clock.nowMs(), origin, changed: [] };
      const result = await engine.write.transaction().execute(async (db) => {
        await engine.lock(db);
        const worked = await work({ ...change, db });
        if (change.changed.length > 0) {
          await db
            .deleteFrom('change')
            .where('at', '<', change.nowMs - CHANGE_ROWS_KEPT_MS)
            .execute();
          await engine.announce(db);
        }
        return worked;
      });
      feed.tellOwn(change.changed);
      return result;
    },
    close: async () => {
      await feed.close();
      await engine.close();
    },
  };
}

async function openFeed(engine: Engine, clock: Clock, log: Log): Promise<PollingFeed> {
  try {
    return await PollingFeed.open({ openSource: (wake) => engine.openChangeSource(wake), clock, log });
  } catch (error) {
    await engine.close();
    throw new StorageError('cannotOpen', `Cannot follow the changes in the database (${reasonOf(error)}).`, {
      cause: error,
    });
  }
}
