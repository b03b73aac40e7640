import type { Origin } from '../domain/audit.ts';
import { addDataKeyCopy, type DataKeyCopy, insertDataKey, listDataKeys, type StoredDataKey } from './data-keys.ts';
import type { Storage } from './storage.ts';

/** What the keyring needs of the store. */
export interface DataKeyStore {
  listDataKeys(): Promise<readonly StoredDataKey[]>;
  /** @returns false, having changed nothing, when the version is there already. */
  insertDataKey(key: NewDataKey): Promise<boolean>;
  addDataKeyCopy(version: number, copy: DataKeyCopy): Promise<void>;
}

interface NewDataKey {
  readonly version: number;
  readonly copy: DataKeyCopy;
  readonly othersRetireAtMs: number | null;
  /** Null for the gateway itself. */
  readonly by: Origin | null;
}

const SYSTEM = { actor: 'system', sourceAddress: null, onBehalfOf: null };
const INSERT: Origin = { ...SYSTEM, action: 'data_key.insert' };
const ADD_COPY: Origin = { ...SYSTEM, action: 'data_key.add_copy' };

/** Each call is a change of its own. */
export function createDataKeyStore(storage: Storage): DataKeyStore {
  return {
    listDataKeys: () => listDataKeys(storage.read),
    insertDataKey: ({ version, copy, othersRetireAtMs, by }) =>
      storage.change(by ?? INSERT, (change) => insertDataKey(change, version, copy, othersRetireAtMs)),
    addDataKeyCopy: (version, copy) => storage.change(ADD_COPY, (change) => addDataKeyCopy(change, version, copy)),
  };
}
