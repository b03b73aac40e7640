import type { Origin } from '../domain/audit.ts';
import { DATA_KEY_BYTES, type DataKey, dataKey } from '../domain/keys/data-key.ts';
import type { RandomBytes } from '../domain/keys/random-text.ts';
import { unwrap, wrap, type WrappedDataKey } from './wrapping.ts';

/** A version of the data key as stored. */
export interface StoredDataKey {
  readonly version: number;
  /** From then on it no longer counts; null while nobody has rolled it. Milliseconds since the epoch. */
  readonly retiredAtMs: number | null;
  readonly copies: readonly WrappedDataKey[];
}

export interface NewDataKey {
  readonly version: number;
  readonly createdAtMs: number;
  readonly copy: WrappedDataKey;
  /** When the versions before it stop counting: set on each of them that would count longer. Null for the first. */
  readonly othersRetireAtMs: number | null;
  /** Null for the gateway itself, which makes the first one. */
  readonly by: Origin | null;
}

/** What the keyring needs of storage. */
export interface DataKeyStore {
  listDataKeys(): Promise<readonly StoredDataKey[]>;
  /**
   * Version, copy and the others' retirement in one transaction.
   * @returns false, having changed nothing, when the version is there already: another instance was first.
   */
  insertDataKey(key: NewDataKey): Promise<boolean>;
  /** Puts a further copy beside those of a version. */
  addDataKeyCopy(version: number, copy: WrappedDataKey, createdAtMs: number): Promise<void>;
}

export interface KeyringOptions {
  readonly store: DataKeyStore;
  readonly secret: string;
  /** The secret before this one. What only it opens gets a copy under the present one. */
  readonly previousSecret: string | null;
  readonly random: RandomBytes;
  readonly nowMs: () => number;
}

/** The data keys of this installation, opened. */
export interface Keyring {
  /** Under which new credentials are made. */
  readonly current: DataKey;
  /** Every version that still counts, the newest first. */
  live(): readonly DataKey[];
  /** @returns undefined for a version that is unknown here or no longer counts. */
  byVersion(version: number): DataKey | undefined;
  /** Learns of versions that other instances have made. @throws KeyringError */
  refresh(): Promise<void>;
  /**
   * For who has not found a credential, which may be under a version unknown here.
   * @param version the newest that was looked under.
   * @returns whether there is a newer one, now known. @throws KeyringError, and when the store can't be asked
   */
  catchUp(version: number): Promise<boolean>;
  /**
   * Makes a new version the current one. When another instance does so at the same moment, its version is taken.
   * @param othersRetireAtMs until when credentials of the older versions count.
   */
  roll(othersRetireAtMs: number, by?: Origin): Promise<DataKey>;
}

/** The data key can't be opened. The message says what to do and holds no secret. */
export class KeyringError extends Error {
  override readonly name = 'KeyringError';
}

/**
 * Opens the data keys, or makes the first one in an empty store. Of several instances that start at once on an empty
 * store one makes it and the others open it. Each copy to open costs a tenth of a second, off the event loop.
 * @throws KeyringError when neither secret opens a version that still counts.
 */
export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  if ((await options.store.listDataKeys()).length === 0) await insertNew(1, null, null, options);
  const keyring = new OpenKeyring(options);
  await keyring.refresh();
  return keyring;
}

interface OpenedVersion {
  readonly dataKey: DataKey;
  readonly retiredAtMs: number | null;
}

class OpenKeyring implements Keyring {
  readonly #options: KeyringOptions;
  /** The newest first. */
  #versions: readonly OpenedVersion[] = [];
  #lastRefresh: Promise<void> = Promise.resolve();
  /** A refresh that has not begun to read yet: whoever wants one in the meantime shares it. */
  #waitingRefresh: Promise<void> | null = null;

  constructor(options: KeyringOptions) {
    this.#options = options;
  }

  get current(): DataKey {
    const [newest] = this.#versions;
    if (newest === undefined) throw new KeyringError('The keyring has not been opened.');
    return newest.dataKey;
  }

  live(): readonly DataKey[] {
    return this.#versions.filter((version) => this.#counts(version)).map((version) => version.dataKey);
  }

  byVersion(version: number): DataKey | undefined {
    const found = this.#versions.find((candidate) => candidate.dataKey.version === version);
    return found !== undefined && this.#counts(found) ? found.dataKey : undefined;
  }

  /** One after the other, so that an answer read earlier never replaces one read later. */
  refresh(): Promise<void> {
    if (this.#waitingRefresh !== null) return this.#waitingRefresh;
    const refreshed = this.#lastRefresh.then(() => {
      this.#waitingRefresh = null;
      return this.#read();
    });
    this.#waitingRefresh = refreshed;
    this.#lastRefresh = refreshed.catch(() => undefined);
    return refreshed;
  }

  async catchUp(version: number): Promise<boolean> {
    if (this.current.version === version) await this.refresh();
    return this.current.version > version;
  }

  async roll(othersRetireAtMs: number, by: Origin | null = null): Promise<DataKey> {
    // A version that this instance has not heard of yet must not be taken for the outcome of this roll.
    await this.refresh();
    await insertNew(this.current.version + 1, othersRetireAtMs, by, this.#options);
    await this.refresh();
    return this.current;
  }

  async #read(): Promise<void> {
    const stored = await this.#options.store.listDataKeys();
    const opened: OpenedVersion[] = [];
    for (const version of stored.filter((candidate) => this.#counts(candidate))) {
      const known = this.#versions.find(({ dataKey }) => dataKey.version === version.version);
      opened.push({
        dataKey: known?.dataKey ?? (await openVersion(version, this.#options)),
        retiredAtMs: version.retiredAtMs,
      });
    }
    if (opened.length === 0)
      throw new KeyringError('The database has no data key that still counts: was it restored in part?');
    this.#versions = opened.sort((a, b) => b.dataKey.version - a.dataKey.version);
  }

  #counts({ retiredAtMs }: { readonly retiredAtMs: number | null }): boolean {
    return retiredAtMs === null || this.#options.nowMs() < retiredAtMs;
  }
}

/** Leaves the version of another instance in place when that was first. */
async function insertNew(
  version: number,
  othersRetireAtMs: number | null,
  by: Origin | null,
  { store, secret, random, nowMs }: KeyringOptions,
): Promise<void> {
  const copy = await wrap(random(DATA_KEY_BYTES), version, secret, random);
  await store.insertDataKey({ version, createdAtMs: nowMs(), copy, othersRetireAtMs, by });
}

async function openVersion({ version, copies }: StoredDataKey, options: KeyringOptions): Promise<DataKey> {
  const { store, secret, previousSecret, random, nowMs } = options;
  const bytes = await openAny(copies, version, secret);
  if (bytes !== null) return dataKey(version, bytes);

  const fromPrevious = previousSecret === null ? null : await openAny(copies, version, previousSecret);
  if (fromPrevious === null) throw wrongSecret(version, previousSecret !== null);
  await store.addDataKeyCopy(version, await wrap(fromPrevious, version, secret, random), nowMs());
  return dataKey(version, fromPrevious);
}

async function openAny(copies: readonly WrappedDataKey[], version: number, secret: string): Promise<Buffer | null> {
  for (const copy of copies) {
    const bytes = await unwrap(copy, version, secret);
    if (bytes !== null) return bytes;
  }
  return null;
}

function wrongSecret(version: number, triedPrevious: boolean): KeyringError {
  const tried = triedPrevious ? 'Neither the secret nor the previous one opens' : 'The secret does not open';
  return new KeyringError(
    `${tried} the data key (version ${version}) in the database. Start with the OUTCROP_SECRET_KEY, LITELLM_SALT_KEY or ` +
      'master key it was made with, or give that one as OUTCROP_SECRET_KEY_PREVIOUS to change to the new one.',
  );
}
