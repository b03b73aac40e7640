import type { CallRecord } from '../domain/call-record.ts';
import { dayOf } from './ledger-calls.ts';
import { totalsOf } from './ledger-totals.ts';
import type { Storage } from './storage.ts';
import { StorageError } from './storage-error.ts';

/** Days for which there is room ahead, so that no batch has to make it while others wait. */
const DAYS_AHEAD = 3;

/** What the ledger needs of the store. */
export interface LedgerStore {
  /** How many records one call of `insertCalls` may have. */
  readonly batchCallsMax: number;
  /**
   * Stores the records whose id is not there yet and adds them, and only them, to the totals of their day: all of it or
   * nothing. The same records may come any number of times.
   * @returns how many were new
   * @throws StorageError
   */
  insertCalls(records: readonly CallRecord[]): Promise<number>;
  /** Whether an error says that one of the records can't be stored, whenever it is tried. */
  isUnstorable(error: unknown): boolean;
  /**
   * Makes room for the next days and drops the records of days that are over. Totals stay.
   * @param retentionDays whole days that are kept before today. @throws StorageError
   */
  maintain(nowMs: number, retentionDays: number): Promise<void>;
}

export function createLedgerStore({ ledger }: Storage): LedgerStore {
  return {
    batchCallsMax: ledger.batchCallsMax,
    insertCalls: async (records) => {
      await ledger.prepareDays([...new Set(records.map(({ startedAtMs }) => dayOf(startedAtMs)))]);
      return ledger.transaction(async (db) => {
        const inserted = await ledger.insertCalls(db, records);
        const { totals, tagTotals } = totalsOf(inserted);
        if (totals.length > 0) await ledger.addTotals(db, 'daily_total', totals);
        if (tagTotals.length > 0) await ledger.addTotals(db, 'daily_tag_total', tagTotals);
        return inserted.length;
      });
    },
    isUnstorable: (error) =>
      (error instanceof StorageError && error.kind === 'invalid') ||
      error instanceof TypeError ||
      error instanceof RangeError,
    maintain: async (nowMs, retentionDays) => {
      const today = dayOf(nowMs);
      await ledger.prepareDays(Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead) => today + ahead));
      await ledger.dropDaysBefore(today - retentionDays);
    },
  };
}
