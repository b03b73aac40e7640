import type { Kysely, Transaction } from 'kysely';
import type { LedgerEngine } from './ledger-engine.ts';
import type { Schema } from './schema.ts';

/** What a database has to offer for a store to stand on it. */
export interface Engine {
  /** For reading only, wherever the database can enforce that. */
  readonly read: Kysely<Schema>;
  /** For transactions only. */
  readonly write: Kysely<Schema>;
  readonly ledger: LedgerEngine;
  /** First thing in a transaction: waits until no other instance is changing anything. */
  lock(db: Transaction<Schema>): Promise<void>;
  /** Last thing in a transaction that changed something: wakes the other instances. */
  announce(db: Transaction<Schema>): Promise<void>;
  /** @param wake called when there may be news before the next poll. */
  openChangeSource(wake: () => void): Promise<ChangeSource>;
  close(): Promise<void>;
}

/** Where the change feed reads. Whatever fails in it, it is closed and another one opened. */
export interface ChangeSource {
  /** The highest number given so far; 0 when there was no change yet. */
  latest(): Promise<number>;
  /** The rows after a number, in order, at most so many. */
  after(seq: number, countMax: number): Promise<readonly ChangeRow[]>;
  close(): Promise<void>;
}

export interface ChangeRow {
  readonly seq: number;
  readonly kind: string;
  readonly id: string;
}
