import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import {
  type Dialect,
  Kysely,
  sql,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { ChangeSource, Engine } from './engine.ts';
import { sqliteLedger, type SqliteLedgerOptions } from './ledger-sqlite.ts';
import { migrate } from './migrate.ts';
import type { ColumnTypes } from './column-types.ts';
import type { Schema } from './schema.ts';
import { SqliteConnection, whileBusy } from './sqlite-database.ts';
import { StorageError } from './storage-error.ts';

const FILE_NAME = 'outcrop.db';

/**
 * How long SQLite itself waits, which blocks the process. Readers meet a lock only while another process recovers the
 * log; the writer waits in `whileBusy`, which blocks nothing.
 */
const READER_BUSY_MS = 250;
const WRITER_BUSY_MS = 0;

/** Twice the default: measured with batches of calls, a seventh less CPU, and half of what a page of 16 KiB saves. */
const PAGE_BYTES = 8192;

const COLUMN_TYPES: ColumnTypes = {
  text: sql`text`,
  integer: sql`integer`,
  counted: sql`integer primary key autoincrement`,
  tableEnd: sql`strict`,
  callKey: ['started_at', 'id'],
  callsAreInOneTree: true,
  partitionedByDay: sql`strict`,
};

/**
 * Opens, or makes, the database in a folder. Nobody but this user can read what is made. Several processes may have it
 * open; SQLite needs a local disk for that.
 * @throws StorageError cannotOpen
 */
export async function openSqlite(dataDir: string, options: SqliteLedgerOptions): Promise<Engine> {
  const file = path.join(dataDir, FILE_NAME);
  const { DatabaseSync } = await import('node:sqlite');
  try {
    makePrivateFile(dataDir, file);
    const writer = new DatabaseSync(file, { timeout: WRITER_BUSY_MS });
    // Before the file is made: records of calls come in batches.
    await whileBusy(() => writer.exec(`pragma page_size = ${PAGE_BYTES}`));
    // Several processes that start at once get in each other's way while the first one switches the file to WAL.
    await whileBusy(() => writer.exec('pragma journal_mode = wal'));
    // What has been acknowledged survives the loss of power, not just of the process.
    await whileBusy(() => writer.exec('pragma synchronous = full'));
    const connection = new SqliteConnection(writer);
    const write = new Kysely<Schema>({ dialect: sqliteDialect(connection) });
    await write.transaction().execute((db) => migrate(db.withTables(), COLUMN_TYPES));

    const reader = new DatabaseSync(file, { readOnly: true, timeout: READER_BUSY_MS });
    const read = new Kysely<Schema>({ dialect: sqliteDialect(new SqliteConnection(reader)) });
    return {
      read,
      write,
      ledger: sqliteLedger(write, connection, options),
      // `begin immediate` has taken the lock of the whole file.
      lock: async () => undefined,
      announce: async () => undefined,
      openChangeSource: async () => changeSource(read, () => reader.prepare('pragma data_version').get()),
      close: async () => {
        await read.destroy();
        await write.destroy();
        if (reader.isOpen) reader.close();
        if (writer.isOpen) writer.close();
      },
    };
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'cannotOpen') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StorageError('cannotOpen', `Cannot use the database ${file} (${reason}): check OUTCROP_DATA_DIR.`, {
      cause: error,
    });
  }
}

/** SQLite gives its log and index files the mode of the database file. */
function makePrivateFile(folder: string, file: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

/**
 * Asks SQLite whether anybody has written, which costs microseconds, before it looks for what.
 * @param dataVersion `pragma data_version`: differs after each commit of another connection, https://www.sqlite.org/pragma.html
 */
function changeSource(db: Kysely<Schema>, dataVersion: () => Record<string, unknown> | undefined): ChangeSource {
  let seen: unknown = null;
  return {
    latest: async () => {
      const { latest } = await db
        .selectFrom('change')
        .select((eb) => eb.fn.max('seq').as('latest'))
        .executeTakeFirstOrThrow();
      return latest ?? 0;
    },
    after: async (seq, countMax) => {
      const version = dataVersion()?.['data_version'];
      if (version === seen) return [];
      const rows = await db
        .selectFrom('change')
        .select(['seq', 'kind', 'object_id as id'])
        .where('seq', '>', seq)
        .orderBy('seq')
        .limit(countMax)
        .execute();
      seen = version;
      return rows;
    },
    close: async () => undefined,
  };
}

function sqliteDialect(connection: SqliteConnection): Dialect {
  return {
    createDriver: () => new GuardedDriver(connection),
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/** Kysely's driver with our way of beginning and ending transactions. */
class GuardedDriver extends SqliteDriver {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    super({ database: connection });
    this.#connection = connection;
  }

  override beginTransaction(): Promise<void> {
    return this.#connection.begin();
  }

  override async commitTransaction(): Promise<void> {
    this.#connection.commit();
  }

  override async rollbackTransaction(): Promise<void> {
    this.#connection.rollback();
  }
}
