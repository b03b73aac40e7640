import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { conflict, missing, StorageError, unstorable } from './storage-error.ts';

/** Statements kept compiled. The repositories have fewer than a hundred. */
const STATEMENTS_MAX = 256;

/** How long another process may hold the write lock, and how often it is asked for. Waiting does not block this process. */
const LOCK_WAIT_MS_MAX = 5000;
const LOCK_RETRY_MS = 10;

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
const OUT_OF_ORDER: ReadonlySet<number> = new Set([BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB]);

/** Extended result codes. */
const CONSTRAINT_FOREIGN_KEY = 787;
const CONSTRAINT_PRIMARY_KEY = 1555;
const CONSTRAINT_UNIQUE = 2067;
const CONSTRAINT_DATATYPE = 3091;

/**
 * One connection of node:sqlite as Kysely wants it, with transactions that can't be held open: whoever awaits anything
 * but this connection inside of one finds it rolled back, since all other changes of the process would be waiting too.
 */
export class SqliteConnection implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();
  #guard: NodeJS.Immediate | null = null;
  #abandoned = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): SqliteStatement {
    if (this.#abandoned) throw abandonedTransaction();
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = sqliteStatement(translating(() => this.#database.prepare(sql)));
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= STATEMENTS_MAX && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(sql, statement);
    return statement;
  }

  /**
   * A statement that is run once for each of many rows, at a third of what Kysely's way costs.
   * @returns what runs it, and tells whether it has changed anything
   */
  repeated(sql: string): (values: readonly SQLInputValue[]) => boolean {
    const statement = translating(() => this.#database.prepare(sql));
    return (values) => {
      if (this.#abandoned) throw abandonedTransaction();
      for (const value of values) if (typeof value === 'string' && value.includes('\0')) throw unstorable();
      try {
        return Number(statement.run(...values).changes) > 0;
      } catch (error) {
        throw sqliteError(error);
      }
    };
  }

  /**
   * Runs transactions that wait for the disk, or do not: then a loss of power may undo them, but nothing else, and nothing
   * that was stored before. The disk would hold up the whole process. Nobody else may use the connection meanwhile.
   * Source: https://www.sqlite.org/pragma.html#pragma_synchronous
   */
  async synchronous<Result>(full: boolean, work: () => Promise<Result>): Promise<Result> {
    if (full) return work();
    this.#database.exec('pragma synchronous = normal');
    try {
      return await work();
    } finally {
      if (this.#database.isOpen) this.#database.exec('pragma synchronous = full');
    }
  }

  /** Takes the write lock at once: a transaction that reads first and writes then could be refused in the middle. */
  async begin(): Promise<void> {
    await whileBusy(() => this.#database.exec('begin immediate'));
    // Statements are synchronous, so a transaction that awaits nothing else is through before the event loop turns.
    this.#guard = setImmediate(() => {
      this.#abandoned = true;
      if (this.#database.isTransaction) this.#database.exec('rollback');
    });
  }

  commit(): void {
    this.#endGuard();
    if (this.#abandoned) throw abandonedTransaction();
    translating(() => this.#database.exec('commit'));
  }

  rollback(): void {
    this.#endGuard();
    this.#abandoned = false;
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  close(): void {
    this.#endGuard();
    this.#statements.clear();
    this.#database.close();
  }

  #endGuard(): void {
    if (this.#guard !== null) clearImmediate(this.#guard);
    this.#guard = null;
  }
}

/** Tries until no other process stands in the way. @throws StorageError unavailable after a few seconds */
export async function whileBusy(attempt: () => void): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
    try {
      attempt();
      return;
    } catch (error) {
      if (primaryCode(error) !== BUSY || waitedMs >= LOCK_WAIT_MS_MAX) throw sqliteError(error);
    }
    await setTimeout(LOCK_RETRY_MS);
  }
}

function sqliteStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => translating(() => statement.all(...parameters.map(bindable))),
    run: (parameters) => translating(() => statement.run(...parameters.map(bindable))),
    iterate: (parameters) => translating(() => statement.iterate(...parameters.map(bindable))),
  };
}

/** PostgreSQL's texts can't hold U+0000. SQLite's can, and a key made here must be able to move there. */
function bindable(value: unknown): SQLInputValue {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw unstorable();
    return value;
  }
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value;
  throw new TypeError(`A value of type ${typeof value} can not be stored.`);
}

function translating<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw sqliteError(error);
  }
}

function sqliteError(error: unknown): unknown {
  const code = extendedCode(error);
  if (code === null || !(error instanceof Error)) return error;
  if (code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY) {
    return conflict(/failed: \w+\.(\w+)/.exec(error.message)?.[1] ?? 'value');
  }
  if (code === CONSTRAINT_FOREIGN_KEY) return missing('reference');
  if (code === CONSTRAINT_DATATYPE) return unstorable();
  if (OUT_OF_ORDER.has(code & 0xff)) {
    return new StorageError('unavailable', `The database file can not be used: ${error.message}.`, { cause: error });
  }
  return error;
}

function primaryCode(error: unknown): number | null {
  const code = extendedCode(error);
  return code === null ? null : code & 0xff;
}

function extendedCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null;
}

function abandonedTransaction(): Error {
  return new TypeError('A change awaited something other than the database; it has been rolled back.');
}
