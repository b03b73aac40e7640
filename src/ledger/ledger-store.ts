import type { CallRecord } from '../domain/call-record.ts';

/** What the ledger needs of the store. */
export interface LedgerStore {
  /** How many records one call of `insertCalls` may have. */
  readonly batchCallsMax: number;
  /**
   * Stores the records whose id is not there yet and adds them, and only them, to the totals: all of it or nothing.
   * @returns how many were new
   */
  insertCalls(records: readonly CallRecord[]): Promise<number>;
  /**
   * Whether an error says that one of the records can't be stored, whenever it is tried. All others are taken for an
   * outage: a store that turns everything away must not make the ledger set everything aside.
   */
  isUnstorable(error: unknown): boolean;
  /** Makes room for the days to come and drops the records of days that are over. */
  maintain(nowMs: number, retentionDays: number): Promise<void>;
}
