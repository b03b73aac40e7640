import type { AliasedRawBuilder, Expression, Transaction } from 'kysely';
import type { CallRecord } from '../domain/call-record.ts';
import type { Total } from './ledger-totals.ts';
import type { Schema } from './schema.ts';

/**
 * What the databases do differently with the tables of the ledger.
 *
 * Its transactions stand beside those of `Storage.change` and do not take their lock: a batch of calls and a change of a
 * key have no row in common, a batch needs no audit row, and nobody's cache has to hear of it. On PostgreSQL they run at
 * the same time, and batches of several instances meet only in totals, whose rows all lock in the same order. On SQLite
 * there is one writer, so a batch is kept as short as a change.
 */
export interface LedgerEngine {
  /** How many calls one transaction may store without keeping others waiting. */
  readonly batchCallsMax: number;
  /** As in `Storage.change`, nothing but the database may be awaited inside. */
  transaction<Result>(work: (db: Transaction<Schema>) => Promise<Result>): Promise<Result>;
  /** Stores the calls whose id is not there yet, each once. @returns those. */
  insertCalls(db: Transaction<Schema>, records: readonly CallRecord[]): Promise<readonly CallRecord[]>;
  /** Adds to the totals that are there and inserts the others. @param totals each group once, in order. */
  addTotals(db: Transaction<Schema>, table: 'daily_total' | 'daily_tag_total', totals: readonly Total[]): Promise<void>;
  /** Makes room for calls of some days, before a transaction that needs it. */
  prepareDays(days: readonly number[]): Promise<void>;
  /** Deletes the calls of all days before one, a little at a time. */
  dropDaysBefore(day: number): Promise<void>;
  /** The texts in a JSON list, as rows of a table `listed` with the column `value`. */
  listed(json: Expression<string>): AliasedRawBuilder<{ value: string }, 'listed'>;
}
