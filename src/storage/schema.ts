import type { Generated } from 'kysely';

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
  readonly audit: AuditTable;
  readonly change: ChangeTable;
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
