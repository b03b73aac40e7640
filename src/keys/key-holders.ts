import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { KeyCaller, Role } from '../domain/caller.ts';
import { Refusal } from '../domain/errors.ts';
import { isAccessKeyId } from '../domain/keys/access-key-id.ts';
import { isBearerKey } from '../domain/keys/bearer-key.ts';
import { bearerDigest, type DataKey, secretAccessKeyOf } from '../domain/keys/data-key.ts';
import type { RandomBytes } from '../domain/keys/random-text.ts';
import type { OutputCap } from '../domain/limits/call-bounds.ts';
import type { Limit } from '../domain/limits/limit.ts';
import type { CallLogging } from '../domain/logging/call-logging.ts';
import type { Grant } from '../domain/policy/grant.ts';
import type { Clock, KeyHolder, KeyHolders } from '../ports.ts';
import type { Keyring } from './keyring.ts';

/** What the store knows of a credential, as far as a request is judged by it. */
export interface CredentialFacts {
  readonly credential: {
    readonly id: number;
    readonly lookup: string;
    readonly dataKeyVersion: number;
    readonly validUntilMs: number | null;
  };
  readonly key: {
    readonly id: string;
    readonly alias: string | null;
    readonly teamId: string | null;
    readonly userId: string | null;
    readonly expiresMs: number | null;
    readonly blocked: boolean;
    readonly grant: Grant;
    readonly defaultRegion: string | null;
    readonly allowedRoutes: readonly string[] | null;
    readonly tags: readonly string[];
    readonly outputCap: OutputCap | null;
  };
  readonly team: { readonly grant: Grant; readonly blocked: boolean; readonly tags: readonly string[] } | null;
  readonly user: { readonly grant: Grant; readonly blocked: boolean; readonly role: Role } | null;
  /** Of the key, its team and its user. */
  readonly limits: readonly Limit[];
  /** Of the key and its team. */
  readonly logging: CallLogging;
}

/** The look-up behind the memory. @throws when the store can't be asked, which is not the same as null */
export type FindCredential = (kind: 'bearer' | 'aws', lookups: readonly string[]) => Promise<CredentialFacts | null>;

/** What a bearer key is stored as under one version of the data key. */
export interface BearerHash {
  readonly lookup: string;
  readonly dataKeyVersion: number;
}

/** News of changed objects. */
export type KeyNews = readonly { readonly kind: string; readonly id: string }[] | 'everything';

export interface KeyHoldersOptions {
  readonly keyring: Keyring;
  readonly find: FindCredential;
  /** Told of a bearer key found under an older data key, each time it is looked up: stores it under the current one. */
  readonly rehash: (credentialId: number, fresh: BearerHash) => void;
  /** Up to when (elapsed milliseconds) all changes have been heard; stands still while the store is down. */
  readonly currentAsOfMs: () => number;
  readonly clock: Clock;
  /** How long what is in memory counts while the store can't say whether it still holds. */
  readonly staleMs: number;
  readonly random: RandomBytes;
}

interface Entry {
  readonly holder: KeyHolder;
  /** The data key it is stored under: with the end of that one it ends too. */
  readonly dataKeyVersion: number;
  readonly loadedMs: number;
}

type Found = Omit<Entry, 'loadedMs'>;

/** Keys in memory, and unknown keys remembered as such, so that a flood of either costs no look-ups. */
const HOLDERS_MAX = 50_000;
const UNKNOWN_MAX = 50_000;
const UNKNOWN_MS = 5000;
/** Look-ups at once. Above it somebody is guessing, and those who hold known keys must not wait for that. */
const LOOKUPS_MAX = 256;
const SALT_BYTES = 32;

/**
 * Who holds a credential, from memory. The store is asked for what is not there; its news of changes takes out what no
 * longer holds, so that nothing needs to be asked twice.
 */
export class CachedKeyHolders implements KeyHolders {
  readonly #options: KeyHoldersOptions;
  readonly #holders: LRUCache<string, Entry>;
  readonly #unknown = new LRUCache<string, true>({ max: UNKNOWN_MAX, ttl: UNKNOWN_MS });
  readonly #namesOfKey = new Map<string, Set<string>>();
  readonly #lookups = new Map<string, Promise<KeyHolder | null>>();
  /** Of this process alone, so that what memory keeps of a key fits nothing elsewhere. */
  readonly #salt: string;
  #newsHeard = 0;

  constructor(options: KeyHoldersOptions) {
    this.#options = options;
    this.#salt = Buffer.from(options.random(SALT_BYTES)).toString('base64');
    this.#holders = new LRUCache({
      max: HOLDERS_MAX,
      dispose: ({ holder }, name) => this.#forgetName(holder.caller.keyId, name),
    });
  }

  byBearerKey(key: string): KeyHolder | null | Promise<KeyHolder | null> {
    const name = this.#bearerName(key);
    const known = this.#known(name);
    if (known !== undefined) return known;
    return isBearerKey(key) ? this.#lookUp(name, () => this.#findBearer(key)) : null;
  }

  byAccessKeyId(accessKeyId: string): KeyHolder | null | Promise<KeyHolder | null> {
    if (!isAccessKeyId(accessKeyId)) return null;
    const known = this.#known(accessKeyId);
    return known === undefined ? this.#lookUp(accessKeyId, () => this.#findPair(accessKeyId)) : known;
  }

  /** Takes out what has changed. Teams and users change seldom and have many keys: then everything goes. */
  hear(news: KeyNews): void {
    this.#newsHeard += 1;
    this.#unknown.clear();
    if (news === 'everything' || news.some(({ kind }) => kind !== 'key' && kind !== 'customer')) {
      this.#holders.clear();
      return;
    }
    for (const { kind, id } of news) {
      if (kind !== 'key') continue;
      for (const name of this.#namesOfKey.get(id) ?? []) this.#holders.delete(name);
    }
  }

  /**
   * What memory knows a bearer key by. The stored digest and the key's checksum cost several times as much, and need not
   * be asked for about a key that has been found. With each new data key every key gets another name: it is looked up
   * again, and moves.
   */
  #bearerName(key: string): string {
    return hash('sha256', `${this.#salt} ${this.#options.keyring.current.version} ${key}`, 'base64');
  }

  /** Undefined when memory does not know; null when it knows that nobody holds it. */
  #known(name: string): KeyHolder | null | undefined {
    const entry = this.#holders.get(name);
    if (entry === undefined) return this.#unknown.has(name) ? null : undefined;
    const { clock, currentAsOfMs, keyring, staleMs } = this.#options;
    const confirmedMs = Math.max(entry.loadedMs, currentAsOfMs());
    const isFresh = clock.elapsedMs() - confirmedMs <= staleMs;
    if (isFresh && keyring.byVersion(entry.dataKeyVersion) !== undefined) return entry.holder;
    this.#holders.delete(name);
    return undefined;
  }

  /** A key that is not found may be stored under a data key that another instance has just made. */
  async #findBearer(key: string): Promise<Found | null> {
    const { find, keyring, rehash } = this.#options;
    const { version } = keyring.current;
    let hashes = this.#bearerHashes(key);
    let facts = await find('bearer', hashes.map(lookupOf));
    if (facts === null && (await keyring.catchUp(version))) {
      hashes = this.#bearerHashes(key);
      facts = await find('bearer', hashes.map(lookupOf));
    }
    if (facts === null) return null;
    const [current] = hashes;
    const { id, dataKeyVersion } = facts.credential;
    if (current !== undefined && dataKeyVersion < current.dataKeyVersion) rehash(id, current);
    return this.#holderOf('bearer', facts);
  }

  async #findPair(accessKeyId: string): Promise<Found | null> {
    const { find, keyring } = this.#options;
    const facts = await find('aws', [accessKeyId]);
    if (facts === null) return null;
    const { version } = keyring.current;
    if (facts.credential.dataKeyVersion > version) await keyring.catchUp(version);
    return this.#holderOf('aws', facts);
  }

  #bearerHashes(key: string): readonly BearerHash[] {
    const hashUnder = (dataKey: DataKey): BearerHash => ({
      lookup: bearerDigest(dataKey, key),
      dataKeyVersion: dataKey.version,
    });
    return this.#options.keyring.live().map(hashUnder);
  }

  #lookUp(name: string, find: () => Promise<Found | null>): Promise<KeyHolder | null> {
    const running = this.#lookups.get(name);
    if (running !== undefined) return running;
    if (this.#lookups.size >= LOOKUPS_MAX) {
      throw new Refusal('overloaded', 'Too many keys are being looked up at once: try again shortly.');
    }
    const lookup = this.#ask(name, find).finally(() => this.#lookups.delete(name));
    this.#lookups.set(name, lookup);
    return lookup;
  }

  async #ask(name: string, find: () => Promise<Found | null>): Promise<KeyHolder | null> {
    const newsBefore = this.#newsHeard;
    const loadedMs = this.#options.clock.elapsedMs();
    let found: Found | null;
    try {
      found = await find();
    } catch (cause) {
      throw new Refusal('storeUnavailable', 'Keys can not be looked up right now: try again shortly.', cause);
    }
    // News that overtook the look-up may have been about this very key.
    if (newsBefore === this.#newsHeard) this.#keep(name, found, loadedMs);
    return found?.holder ?? null;
  }

  #keep(name: string, found: Found | null, loadedMs: number): void {
    if (found === null) {
      this.#unknown.set(name, true);
      return;
    }
    this.#holders.set(name, { ...found, loadedMs });
    const { keyId } = found.holder.caller;
    const names = this.#namesOfKey.get(keyId) ?? new Set();
    this.#namesOfKey.set(keyId, names.add(name));
  }

  #forgetName(keyId: string, name: string): void {
    const names = this.#namesOfKey.get(keyId);
    names?.delete(name);
    if (names?.size === 0) this.#namesOfKey.delete(keyId);
  }

  /** Null when the data key of the credential no longer counts. */
  #holderOf(kind: 'bearer' | 'aws', { credential, key, team, user, limits, logging }: CredentialFacts): Found | null {
    const dataKey = this.#options.keyring.byVersion(credential.dataKeyVersion);
    if (dataKey === undefined) return null;
    const caller: KeyCaller = {
      kind: 'key',
      keyId: key.id,
      alias: key.alias,
      teamId: key.teamId,
      userId: key.userId,
      grants: [key.grant, ...(team === null ? [] : [team.grant]), ...(user === null ? [] : [user.grant])],
      expiresMs: key.expiresMs,
      blocked: key.blocked || team?.blocked === true || user?.blocked === true,
      defaultRegion: key.defaultRegion,
      allowedRoutes: key.allowedRoutes,
      role: user?.role ?? 'internal_user',
      tags: [...new Set([...key.tags, ...(team?.tags ?? [])])],
      limits,
      outputCap: key.outputCap,
      logging,
    };
    const secretAccessKey = kind === 'aws' ? secretAccessKeyOf(dataKey, credential.lookup) : null;
    const holder = { caller, validUntilMs: credential.validUntilMs, secretAccessKey };
    return { holder, dataKeyVersion: credential.dataKeyVersion };
  }
}

function lookupOf({ lookup }: BearerHash): string {
  return lookup;
}
