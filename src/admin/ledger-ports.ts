import type {
  CallFilter,
  CallPage,
  CallPageRequest,
  KeyNames,
  Repriced,
  StoredCall,
  UsageQuery,
  UsageRow,
  UserNames,
} from '../domain/ledger.ts';
import type { Origin } from '../domain/audit.ts';
import type { CallCost } from '../domain/call-record.ts';
import type { Page, PageRequest } from '../domain/lists.ts';

/** What the management API asks of the ledger. It tells what has been flushed: the last moments may be missing. */
export interface AdminLedger {
  /** @param page of 1 to 1,000 rows */
  usage(query: UsageQuery, page: PageRequest): Promise<Page<UsageRow>>;
  listCalls(filter: CallFilter, page: CallPageRequest): Promise<CallPage>;
  /** Up to 10,000; more are told as 10,000. */
  countCalls(filter: CallFilter): Promise<number>;
  /** Null when there is none, or none any more. */
  getCall(id: string): Promise<StoredCall | null>;
  /** What keys are called, those that are gone as well. @param ids at most 1,000, as in the next two */
  keyNames(ids: readonly string[]): Promise<ReadonlyMap<string, KeyNames>>;
  /** Null for a team without an alias. */
  teamNames(ids: readonly string[]): Promise<ReadonlyMap<string, string | null>>;
  userNames(ids: readonly string[]): Promise<ReadonlyMap<string, UserNames>>;
  /** Prices the single records of a period anew, and corrects the totals with them. */
  reprice(options: RepriceOptions): Promise<Repriced>;
  /** Leaves a row in the audit. */
  note(by: Origin, before: object | null, after: object): Promise<void>;
  /** Of this instance. */
  state(): LedgerState;
}

export interface RepriceOptions {
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  readonly price: (call: StoredCall) => NewPrice;
  /** Only tells what would change. */
  readonly isTrial: boolean;
}

/** What a call costs by the prices in force. */
export interface NewPrice {
  readonly cost: CallCost;
  readonly priceVersion: string | null;
}

export interface LedgerState {
  /** What waits on this instance's disk, and as much as may. */
  readonly spoolBytes: number;
  readonly spoolBytesMax: number;
  /** Whether new calls are refused because they could not be recorded. */
  readonly isFull: boolean;
  /** Whether the store takes no records for now. */
  readonly isStoreDown: boolean;
  readonly openCalls: number;
  /** Calls that are over and not in the store yet. */
  readonly waitingEnds: number;
  /** Refused requests that could not be recorded since the spool was too full. */
  readonly refusalsNotRecorded: number;
}
