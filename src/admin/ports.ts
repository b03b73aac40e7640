/** All that the management API needs from outside. The composition root binds it to storage, keyring and settings. */
import type { AuditEntry, Origin } from '../domain/audit.ts';
import type {
  KeyFacts,
  Patch,
  StoredCustomer,
  StoredKey,
  StoredTeam,
  StoredUser,
  TeamFacts,
  TeamMember,
  UserFacts,
  BudgetFacts,
  StoredBudget,
} from '../domain/holders.ts';
import type { CredentialCount, CredentialOwner, NewCredential, StoredCredential } from '../domain/keys/credentials.ts';
import type {
  AuditFilter,
  BudgetUses,
  CustomerFilter,
  KeyFilter,
  KeySort,
  Page,
  PageRequest,
  SpenderKind,
  TeamFilter,
  UserFilter,
} from '../domain/lists.ts';
import type { Bound } from '../domain/bound.ts';
import type { Limit } from '../domain/limits/limit.ts';
import type { SpendMark } from '../domain/spend-mark.ts';
import type { DataKey } from '../domain/keys/data-key.ts';
import type { RandomBytes } from '../domain/keys/random-text.ts';
import type { PriceBook } from '../domain/pricing/price-book.ts';
import type { Clock, Log, ModelResolver } from '../ports.ts';
import type { AdminLedger } from './ledger-ports.ts';

export interface AdminParts {
  readonly store: AdminStore;
  /** What a fault of the store means; null for any other error. */
  readonly storeFault: (error: unknown) => StoreFault | null;
  readonly metering: Metering;
  readonly ledger: AdminLedger;
  /** Those in force. */
  readonly prices: PriceBook;
  readonly modelResolver: ModelResolver;
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
  readonly logging: OfferedLogging;
}

/** What there is of logging for keys and teams to choose from. */
export interface OfferedLogging {
  /** Names of those that get calls. */
  readonly sinks: readonly string[];
  /** Of whose calls content is kept, unless they say otherwise. */
  readonly content: 'none' | 'per-key' | 'all';
}

/** What was used: by the counters of limits, and by the ledger. */
export interface Metering {
  /** What the counters say, in the order of the limits; null where that can't be told now. */
  used(limits: readonly Limit[]): Promise<readonly (CountedUse | null)[]>;
  /** Sets a counter, beside what running calls hold. */
  reset(limit: Limit, used: number): Promise<void>;
  /**
   * What the ledger has of these since a moment, in nano-dollars, over all models and tags; who is not in the answer has
   * spent nothing. With what has been flushed: the last moments may be missing.
   * @param ids at most 1,000; null: all there are, at most 100,000
   */
  spent(by: SpenderKind, ids: readonly string[] | null, sinceMs: number): Promise<ReadonlyMap<string, bigint>>;
}

export interface CountedUse {
  /** Settled and reserved. */
  readonly used: number;
  /** Held by running calls. */
  readonly reserved: number;
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

export interface StoreFault {
  readonly kind: 'cannotOpen' | 'unavailable' | 'conflict' | 'missing' | 'invalid';
  readonly field: string | null;
}

export interface AdminStore {
  readonly read: AdminReads;
  /** As a whole or not at all, with its audit rows. Nothing but the database may be awaited inside. */
  change<Result>(origin: Origin, work: (change: AdminChange) => Promise<Result>): Promise<Result>;
}

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
  getBudgets(ids: readonly string[]): Promise<readonly StoredBudget[]>;
  listBudgets(page: PageRequest): Promise<Page<StoredBudget>>;
  countBudgetUses(id: string): Promise<BudgetUses>;
  getSpendMarks(kind: SpenderKind, ids: readonly string[]): Promise<ReadonlyMap<string, SpendMark>>;
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
  insertBudget(id: string, facts: BudgetFacts): Promise<StoredBudget>;
  updateBudget(id: string, facts: BudgetFacts): Promise<StoredBudget>;
  deleteBudget(id: string): Promise<StoredBudget>;
  setSpendMark(kind: SpenderKind, id: string, mark: SpendMark, before: { readonly spentNanos: bigint }): Promise<void>;
  /** @param dayNanos what they have spent since midnight (UTC) */
  setSpendMarkOfEveryone(
    atMs: number,
    dayNanos: Readonly<Record<'key' | 'team', ReadonlyMap<string, bigint>>>,
  ): Promise<void>;
}
