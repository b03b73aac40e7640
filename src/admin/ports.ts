/** All that the management API needs from outside. The composition root binds it to storage, keyring and settings. */
import type { Bound } from '../domain/bound.ts';
import type { DataKey } from '../domain/keys/data-key.ts';
import type { RandomBytes } from '../domain/keys/random-text.ts';
import type { Grant } from '../domain/policy/grant.ts';
import type { Clock, Log } from '../ports.ts';

export interface AdminParts {
  readonly store: AdminStore;
  /** What a fault of the store means; null for any other error. */
  readonly storeFault: (error: unknown) => StoreFault | null;
  readonly dataKeys: DataKeys;
  /** Has a bearer key stored under the current data key, beside the request. Never throws. */
  readonly rehash: (credentialId: number, fresh: Omit<NewCredential, 'kind'>) => void;
  /** Null when the gateway has none: then nobody manages anything. */
  readonly masterKey: MasterKey | null;
  /** Lower-case name of a header of the operator's choice that carries keys, or null. */
  readonly keyHeader: string | null;
  /** Notes a wrong key. @returns whether there have been too many from that address (null: it can't be said) */
  readonly tooManyFailedLogins: (address: string | null) => boolean;
  /** On the bodies of all requests together, those to Bedrock among them. */
  readonly bodyBytes: Bound;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
  /** A new id for a team or user. */
  readonly newId: () => string;
  readonly version: string;
}

export interface MasterKey {
  matches(key: string): boolean;
}

export interface DataKeys {
  readonly current: DataKey;
  /** Every version that still counts, the newest first. */
  live(): readonly DataKey[];
  byVersion(version: number): DataKey | undefined;
  /** @returns whether there is a newer version than the one given, now known. */
  catchUp(version: number): Promise<boolean>;
  /** Makes a new version the current one, with its audit row. @param othersRetireAtMs when the older ones end. */
  roll(othersRetireAtMs: number, by: Origin): Promise<DataKey>;
}

export interface StoredDataKey {
  readonly version: number;
  /** Null for one that no end is set for. */
  readonly retiredAtMs: number | null;
}

export interface CredentialCount {
  readonly version: number;
  readonly kind: 'bearer' | 'aws';
  readonly count: number;
}

export interface StoreFault {
  readonly kind: 'cannotOpen' | 'unavailable' | 'conflict' | 'missing' | 'invalid';
  readonly field: string | null;
}

export interface Origin {
  readonly actor: string;
  readonly action: string;
  readonly sourceAddress: string | null;
  /** In whose name, as the actor says (LiteLLM's header `litellm-changed-by`); null for its own. */
  readonly onBehalfOf: string | null;
}

export interface AdminStore {
  readonly read: AdminReads;
  /** As a whole or not at all, with its audit rows. Nothing but the database may be awaited inside. */
  change<Result>(origin: Origin, work: (change: AdminChange) => Promise<Result>): Promise<Result>;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** What keys, teams, users and customers have in common. */
export interface HolderFacts {
  readonly grant: Grant;
  readonly limits: JsonObject | null;
  readonly settings: JsonObject;
  readonly metadata: JsonObject;
  readonly tags: readonly string[];
  readonly blocked: boolean;
}

interface Dated {
  readonly createdMs: number;
  readonly createdBy: string;
  readonly updatedMs: number;
}

export interface KeyFacts extends HolderFacts {
  readonly alias: string | null;
  readonly name: string;
  readonly teamId: string | null;
  readonly userId: string | null;
  readonly expiresMs: number | null;
}

export interface StoredKey extends KeyFacts, Dated {
  readonly id: string;
  readonly deletedMs: number | null;
}

export interface TeamFacts extends HolderFacts {
  readonly alias: string | null;
}

export interface StoredTeam extends TeamFacts, Dated {
  readonly id: string;
}

export interface UserFacts extends HolderFacts {
  readonly alias: string | null;
  readonly email: string | null;
  readonly role: string;
}

export interface StoredUser extends UserFacts, Dated {
  readonly id: string;
}

export interface StoredCustomer extends HolderFacts, Dated {
  readonly id: string;
  readonly alias: string | null;
}

export interface TeamMember {
  readonly teamId: string;
  readonly userId: string;
  readonly role: string;
}

export interface NewCredential {
  readonly kind: 'bearer' | 'aws';
  readonly lookup: string;
  readonly dataKeyVersion: number;
}

export interface StoredCredential extends NewCredential {
  readonly id: number;
  readonly keyId: string;
  /** Null while current; of a replaced one the end of its grace. */
  readonly validUntilMs: number | null;
}

interface OwnerRights {
  readonly grant: Grant;
  readonly blocked: boolean;
  readonly settings: JsonObject;
}

export interface CredentialOwner {
  readonly credential: StoredCredential;
  readonly key: HolderFacts & {
    readonly id: string;
    readonly teamId: string | null;
    readonly userId: string | null;
    readonly expiresMs: number | null;
  };
  readonly team: OwnerRights | null;
  readonly user: (OwnerRights & { readonly role: string }) | null;
}

export interface AuditEntry {
  readonly id: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly objectKind: string;
  readonly objectId: string;
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  readonly sourceAddress: string | null;
  readonly onBehalfOf: string | null;
}

export interface PageRequest {
  readonly page: number;
  readonly size: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

export interface KeyFilter {
  readonly teamId?: string | undefined;
  readonly userId?: string | undefined;
  readonly aliasContains?: string | undefined;
  readonly blocked?: boolean | undefined;
  readonly deleted?: boolean | undefined;
  /** All conditions are met together with this one: of this user, of these teams or made by this actor. */
  readonly visibleTo?: KeyViewer | undefined;
}

export interface KeyViewer {
  readonly userId: string | null;
  readonly teamIds: readonly string[];
  readonly createdBy: string | null;
}

export interface KeySort {
  readonly by: 'created' | 'updated' | 'alias' | 'expires' | 'id';
  readonly order: 'asc' | 'desc';
}

export interface TeamFilter {
  readonly ids?: readonly string[] | undefined;
  readonly alias?: string | undefined;
  readonly aliasContains?: string | undefined;
  readonly memberId?: string | undefined;
}

export interface UserFilter {
  readonly ids?: readonly string[] | undefined;
  readonly role?: string | undefined;
  readonly emailContains?: string | undefined;
  readonly teamId?: string | undefined;
}

export interface CustomerFilter {
  readonly idContains?: string | undefined;
  readonly blocked?: boolean | undefined;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  /** In whose name: what the actor said, else the actor. */
  readonly changedBy?: string | undefined;
  readonly action?: string | undefined;
  readonly objectKind?: string | undefined;
  readonly objectId?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

export type Patch<Facts> = { readonly [Name in keyof Facts]?: Facts[Name] | undefined };

/** Reading. What is not there is null; a store that is down is a fault. */
export interface AdminReads {
  findCredential(kind: 'bearer' | 'aws', lookups: readonly string[]): Promise<CredentialOwner | null>;
  listCredentials(keyId: string): Promise<readonly StoredCredential[]>;
  /** Also a deleted key. */
  getKey(id: string): Promise<StoredKey | null>;
  getKeyByAlias(alias: string): Promise<StoredKey | null>;
  listKeys(filter: KeyFilter, page: PageRequest, sort?: KeySort): Promise<Page<StoredKey>>;
  getTeam(id: string): Promise<StoredTeam | null>;
  listTeams(filter: TeamFilter, page: PageRequest): Promise<Page<StoredTeam>>;
  listMembers(teamId: string): Promise<readonly TeamMember[]>;
  listMemberships(userId: string): Promise<readonly TeamMember[]>;
  getUser(id: string): Promise<StoredUser | null>;
  getUserByEmail(email: string): Promise<StoredUser | null>;
  listUsers(filter: UserFilter, page: PageRequest): Promise<Page<StoredUser>>;
  countUsersWithRole(role: string): Promise<number>;
  getCustomer(id: string): Promise<StoredCustomer | null>;
  listCustomers(filter: CustomerFilter, page: PageRequest): Promise<Page<StoredCustomer>>;
  listAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>;
  /** The oldest first. */
  listDataKeys(): Promise<readonly StoredDataKey[]>;
  /** Of the credentials that are good at a moment. */
  countByDataKeyVersion(nowMs: number): Promise<readonly CredentialCount[]>;
  /** Current AWS pairs only. */
  listPairsOlderThan(
    version: number,
    page: PageRequest,
  ): Promise<Page<StoredCredential & { readonly keyAlias: string | null }>>;
}

/** Writing, inside a change: its reads see what it has written. */
export interface AdminChange extends AdminReads {
  insertKey(id: string, facts: KeyFacts): Promise<StoredKey>;
  updateKey(id: string, patch: Patch<KeyFacts>): Promise<StoredKey>;
  deleteKey(id: string): Promise<StoredKey>;
  addCredentials(keyId: string, fresh: readonly NewCredential[]): Promise<readonly StoredCredential[]>;
  replaceCredentials(
    keyId: string,
    fresh: readonly NewCredential[],
    graceMs: number,
  ): Promise<readonly StoredCredential[]>;
  insertTeam(id: string, facts: TeamFacts): Promise<StoredTeam>;
  updateTeam(id: string, patch: Patch<TeamFacts>): Promise<StoredTeam>;
  deleteTeam(id: string): Promise<StoredTeam>;
  setMember(member: TeamMember): Promise<void>;
  removeMember(teamId: string, userId: string): Promise<void>;
  insertUser(id: string, facts: UserFacts): Promise<StoredUser>;
  updateUser(id: string, patch: Patch<UserFacts>): Promise<StoredUser>;
  deleteUser(id: string): Promise<StoredUser>;
  insertCustomer(id: string, facts: TeamFacts): Promise<StoredCustomer>;
  updateCustomer(id: string, patch: Patch<TeamFacts>): Promise<StoredCustomer>;
  deleteCustomer(id: string): Promise<StoredCustomer>;
}
