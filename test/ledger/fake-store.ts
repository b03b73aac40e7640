import type { CallRecord } from '../../src/domain/call-record.ts';
import type { LedgerStore } from '../../src/ledger/ledger-store.ts';

class StoreDown extends Error {}
class Unstorable extends Error {}

/** A store in memory that can be down, and that does not take every record. */
export class FakeStore implements LedgerStore {
  readonly batchCallsMax = 50;
  readonly stored = new Map<string, CallRecord>();
  readonly unstorable = new Set<string>();
  isDown = false;
  /** Whether the answer to the next batch is lost, although it has been stored. */
  losesNextAnswer = false;
  batches = 0;
  maintained: readonly number[] = [];

  async insertCalls(records: readonly CallRecord[]): Promise<number> {
    await Promise.resolve();
    if (this.isDown) throw new StoreDown('down');
    if (records.length > this.batchCallsMax) throw new Error('too many at once');
    if (records.some(({ id }) => this.unstorable.has(id))) throw new Unstorable('unstorable');
    this.batches += 1;
    const before = this.stored.size;
    for (const record of records) if (!this.stored.has(record.id)) this.stored.set(record.id, record);
    if (this.losesNextAnswer) {
      this.losesNextAnswer = false;
      throw new StoreDown('connection lost');
    }
    return this.stored.size - before;
  }

  isUnstorable(error: unknown): boolean {
    return error instanceof Unstorable;
  }

  async maintain(...args: readonly [nowMs: number, retentionDays: number]): Promise<void> {
    this.maintained = args;
  }
}
