import type { ColumnType, Generated } from 'kysely';

/**
 * The tables as both databases hold them. One representation serves both: times are epoch milliseconds, JSON is text,
 * flags are 0 or 1. Only the files of this folder see these rows; everything else sees what the repositories give.
 */
export interface Schema {
  readonly data_key: DataKeyTable;
  readonly data_key_copy: DataKeyCopyTable;
  readonly virtual_key: VirtualKeyTable;
  readonly credential: CredentialTable;
  readonly team: TeamTable;
  readonly app_user: UserTable;
  readonly team_member: TeamMemberTable;
  readonly customer: CustomerTable;
  readonly budget: BudgetTable;
  readonly spend_mark: SpendMarkTable;
  readonly audit: AuditTable;
  readonly change: ChangeTable;
  readonly call: CallTable;
  readonly daily_total: TotalTable;
  readonly daily_tag_total: TagTotalTable;
}

interface DataKeyTable {
  version: number;
  created_at: number;
  /** Until when credentials of this version are good; null while no end is set. */
  retired_at: number | null;
}

/** One wrapping of a data key. Several may stand side by side, under different secrets. */
interface DataKeyCopyTable {
  id: Generated<number>;
  version: number;
  /** Base64. */
  salt: string;
  nonce: string;
  sealed: string;
  created_at: number;
}

/** What everything that can hold rights has in common. */
export interface HolderColumns {
  grants: string;
  limits: string | null;
  budget_id: string | null;
  settings: string;
  metadata: string;
  tags: string;
  blocked: number;
  created_at: number;
  created_by: string;
  updated_at: number;
}

interface VirtualKeyTable extends HolderColumns {
  id: string;
  alias: string | null;
  name: string;
  team_id: string | null;
  user_id: string | null;
  expires_at: number | null;
  deleted_at: number | null;
}

interface CredentialTable {
  id: Generated<number>;
  key_id: string;
  kind: 'bearer' | 'aws';
  /** Bearer: digest in hex. AWS: access key id. */
  lookup: string;
  data_key_version: number;
  /** Null while current; set when replaced: the end of its grace. */
  valid_until: number | null;
  created_at: number;
}

interface TeamTable extends HolderColumns {
  id: string;
  alias: string | null;
}

interface UserTable extends HolderColumns {
  id: string;
  alias: string | null;
  email: string | null;
  role: string;
}

interface TeamMemberTable {
  team_id: string;
  user_id: string;
  role: string;
}

interface CustomerTable extends HolderColumns {
  id: string;
  alias: string | null;
}

/** Limits that several holders have in common. */
interface BudgetTable {
  id: string;
  limits: string;
  created_at: number;
  created_by: string;
  updated_at: number;
}

/** A `SpendMark`. Amounts are decimal texts, since nothing is computed with them here. */
interface SpendMarkTable {
  kind: 'key' | 'team' | 'user' | 'customer' | 'everyone';
  /** '' for everyone. */
  id: string;
  at: number;
  nanos: string;
  day_nanos: string;
}

interface AuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  object_kind: string;
  object_id: string;
  before: string | null;
  after: string | null;
  source_address: string | null;
  on_behalf_of: string | null;
}

/** What caches are told. Kept for a day; the order of `seq` is the order of commits. */
interface ChangeTable {
  seq: Generated<number>;
  kind: string;
  object_id: string;
  at: number;
}

/**
 * Nano-dollars. A sum of them may be beyond 2^53, so they are never read as they are: `decimal` in `ledger-sql.ts` reads
 * them as text, which becomes a BigInt.
 */
type Nanos = ColumnType<never, bigint, bigint>;
type NanosOrNull = ColumnType<never, bigint | null, bigint | null>;

/** One call. Everything a `CallRecord` has, and what is asked for most beside the JSON it is also in. */
interface CallTable {
  id: string;
  /** Of the start, in days since 1970-01-01, UTC. */
  day: number;
  started_at: number;
  duration_ms: number;
  first_byte_ms: number | null;
  key_id: string | null;
  key_alias: string | null;
  team_id: string | null;
  user_id: string | null;
  customer_id: string | null;
  session_id: string | null;
  /** A list of texts. */
  tags: string;
  service: string | null;
  operation: string | null;
  operation_kind: string | null;
  model_id: string | null;
  region: string | null;
  status: number | null;
  outcome: string;
  /** 1: the end was never heard of, and the cost is what was reserved. */
  estimated: number;
  refusal: string | null;
  aws_request_id: string | null;
  client_address: string | null;
  user_agent: string | null;
  request_bytes: number;
  response_bytes: number;
  /** A `Usage`. */
  usage: string;
  /** Null where nobody said. */
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  cache_write_tokens: number | null;
  /** Null where it is unknown; `cost_missing` then says why. */
  cost_nanos: NanosOrNull;
  cost_missing: string | null;
  price_version: string | null;
  reserved_nanos: Nanos;
  /** A list of texts; '' where there are none. */
  other_models: string;
}

/** All calls of one day that have the same of everything up to `operation` and of `other_models`, each '' where a call has none. */
export interface TotalTable {
  day: number;
  /** Of the columns from `key_id` to `operation`, `tag`, and `other_models` where there are any. */
  group_hash: string;
  /** Of the day: months since January of year 0. */
  month: number;
  key_id: string;
  team_id: string;
  user_id: string;
  customer_id: string;
  model_id: string;
  region: string;
  service: string;
  operation: string;
  requests: number;
  /** Those that Bedrock or the gateway did not answer as asked: refused ones, errors, broken and abandoned answers. */
  failed_requests: number;
  /** Those the gateway refused. */
  refused_requests: number;
  /** Those whose cost is unknown, and in no sum. */
  unpriced_requests: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  cost_nanos: Nanos;
  /** What part of the cost was only reserved, because the end of the call was never heard of. */
  estimated_nanos: Nanos;
  /** The cost, and of calls whose cost is unknown what was reserved: what budgets count. */
  charged_nanos: Nanos;
  duration_ms: number;
  /** What else the calls count for in limits by model, as in `call`. A part of the group. */
  other_models: string;
}

/** A call stands here once for each of its tags, so sums over several tags count it several times. */
interface TagTotalTable extends TotalTable {
  tag: string;
}
