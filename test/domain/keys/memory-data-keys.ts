import type { DataKeyStore, NewDataKey, StoredDataKey } from '../../../src/keys/keyring.ts';
import type { WrappedDataKey } from '../../../src/keys/wrapping.ts';

interface Row {
  retiredAtMs: number | null;
  readonly copies: WrappedDataKey[];
}

/** A store of data keys in memory that keeps the promises its interface makes, one turn of the event loop later. */
export class MemoryDataKeys implements DataKeyStore {
  readonly rows = new Map<number, Row>();

  async listDataKeys(): Promise<readonly StoredDataKey[]> {
    await nextTurn();
    return [...this.rows].map(([version, row]) => ({ version, retiredAtMs: row.retiredAtMs, copies: [...row.copies] }));
  }

  async insertDataKey({ version, copy, othersRetireAtMs }: NewDataKey): Promise<boolean> {
    await nextTurn();
    if (this.rows.has(version)) return false;
    for (const row of this.rows.values()) {
      if (othersRetireAtMs === null) continue;
      row.retiredAtMs = Math.min(row.retiredAtMs ?? othersRetireAtMs, othersRetireAtMs);
    }
    this.rows.set(version, { retiredAtMs: null, copies: [copy] });
    return true;
  }

  async addDataKeyCopy(version: number, copy: WrappedDataKey): Promise<void> {
    await nextTurn();
    this.rows.get(version)?.copies.push(copy);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
