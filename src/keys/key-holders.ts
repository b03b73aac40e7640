import { LRUCache } from 'lru-cache';
import type { KeyCaller, Role } from '../domain/caller.ts';
import { Refusal } from '../domain/errors.ts';
import { isAccessKeyId } from '../domain/keys/access-key-id.ts';
import { isBearerKey } from '../domain/keys/bearer-key.ts';
import { bearerDigest, secretAccessKeyOf } from '../domain/keys/data-key.ts';
import type { Grant } from '../domain/policy/grant.ts';
import type { Clock, KeyHolder, KeyHolders } from '../ports.ts';
import type { Keyring } from './keyring.ts';

/** What the store knows of a credential, as far as a request is judged by it. */
export interface CredentialFacts {
  readonly credential: {
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
  };
  readonly team: { readonly grant: Grant; readonly blocked: boolean } | null;
  readonly user: { readonly grant: Grant; readonly blocked: boolean; readonly role: Role } | null;
}

/** The look-up behind the memory. @throws when the store can't be asked, which is not the same as null */
export type FindCredential = (kind: 'bearer' | 'aws', lookups: readonly string[]) => Promise<CredentialFacts | null>;

/** News of changed objects. */
export type KeyNews = readonly { readonly kind: string; readonly id: string }[] | 'everything';

export interface KeyHoldersOptions {
  readonly keyring: Keyring;
  readonly find: FindCredential;
  /** Up to when (elapsed milliseconds) all changes have been heard; stands still while the store is down. */
  readonly currentAsOfMs: () => number;
  readonly clock: Clock;
  /** How long what is in memory counts while the store can't say whether it still holds. */
  readonly staleMs: number;
}

interface Entry {
  readonly holder: KeyHolder;
  readonly loadedMs: number;
}

/** Keys in memory, and unknown keys remembered as such, so that a flood of either costs no look-ups. */
const HOLDERS_MAX = 50_000;
const UNKNOWN_MAX = 50_000;
const UNKNOWN_MS = 5000;
/** Look-ups at once. Above it somebody is guessing, and those who hold known keys must not wait for that. */
const LOOKUPS_MAX = 256;

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
  #newsHeard = 0;

  constructor(options: KeyHoldersOptions) {
    this.#options = options;
    this.#holders = new LRUCache({
      max: HOLDERS_MAX,
      dispose: ({ holder }, name) => this.#forgetName(holder.caller.keyId, name),
    });
  }

  byBearerKey(key: string): KeyHolder | null | Promise<KeyHolder | null> {
    if (!isBearerKey(key)) return null;
    const name = bearerDigest(this.#options.keyring.current, key);
    const known = this.#known(name);
    return known === undefined ? this.#lookUp(name, 'bearer', () => this.#bearerLookups(name, key)) : known;
  }

  byAccessKeyId(accessKeyId: string): KeyHolder | null | Promise<KeyHolder | null> {
    if (!isAccessKeyId(accessKeyId)) return null;
    const known = this.#known(accessKeyId);
    return known === undefined ? this.#lookUp(accessKeyId, 'aws', () => [accessKeyId]) : known;
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

  /** Undefined when memory does not know; null when it knows that nobody holds it. */
  #known(name: string): KeyHolder | null | undefined {
    const entry = this.#holders.get(name);
    if (entry === undefined) return this.#unknown.has(name) ? null : undefined;
    const { clock, currentAsOfMs, staleMs } = this.#options;
    const confirmedMs = Math.max(entry.loadedMs, currentAsOfMs());
    if (clock.elapsedMs() - confirmedMs <= staleMs) return entry.holder;
    this.#holders.delete(name);
    return undefined;
  }

  #bearerLookups(currentDigest: string, key: string): readonly string[] {
    const { keyring } = this.#options;
    const older = keyring.live().filter(({ version }) => version !== keyring.current.version);
    return [currentDigest, ...older.map((dataKey) => bearerDigest(dataKey, key))];
  }

  #lookUp(name: string, kind: 'bearer' | 'aws', lookups: () => readonly string[]): Promise<KeyHolder | null> {
    const running = this.#lookups.get(name);
    if (running !== undefined) return running;
    if (this.#lookups.size >= LOOKUPS_MAX) {
      throw new Refusal('overloaded', 'Too many keys are being looked up at once: try again shortly.');
    }
    const lookup = this.#ask(name, kind, lookups()).finally(() => this.#lookups.delete(name));
    this.#lookups.set(name, lookup);
    return lookup;
  }

  async #ask(name: string, kind: 'bearer' | 'aws', lookups: readonly string[]): Promise<KeyHolder | null> {
    const { find, clock } = this.#options;
    const newsBefore = this.#newsHeard;
    const loadedMs = clock.elapsedMs();
    let facts: CredentialFacts | null;
    try {
      facts = await find(kind, lookups);
    } catch (cause) {
      throw new Refusal('storeUnavailable', 'Keys can not be looked up right now: try again shortly.', cause);
    }
    const holder = facts === null ? null : this.#holderOf(kind, facts);
    // News that overtook the look-up may have been about this very key.
    if (newsBefore === this.#newsHeard) this.#keep(name, holder, loadedMs);
    return holder;
  }

  #keep(name: string, holder: KeyHolder | null, loadedMs: number): void {
    if (holder === null) {
      this.#unknown.set(name, true);
      return;
    }
    this.#holders.set(name, { holder, loadedMs });
    const { keyId } = holder.caller;
    const names = this.#namesOfKey.get(keyId) ?? new Set();
    this.#namesOfKey.set(keyId, names.add(name));
  }

  #forgetName(keyId: string, name: string): void {
    const names = this.#namesOfKey.get(keyId);
    names?.delete(name);
    if (names?.size === 0) this.#namesOfKey.delete(keyId);
  }

  /** Null when the data key of the credential no longer counts. */
  #holderOf(kind: 'bearer' | 'aws', { credential, key, team, user }: CredentialFacts): KeyHolder | null {
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
    };
    const secretAccessKey = kind === 'aws' ? secretAccessKeyOf(dataKey, credential.lookup) : null;
    return { caller, validUntilMs: credential.validUntilMs, secretAccessKey };
  }
}
