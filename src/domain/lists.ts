/** Which part of a list is wanted. */
export interface PageRequest {
  /** From 1. */
  readonly page: number;
  /** 1 to 100. */
  readonly size: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** How many there are on all pages. */
  readonly total: number;
}

/** Conditions on a list of keys; all that are given must hold. */
export interface KeyFilter {
  readonly teamId?: string | undefined;
  readonly userId?: string | undefined;
  readonly createdBy?: string | undefined;
  readonly alias?: string | undefined;
  /** Without regard to the case of ASCII letters. */
  readonly aliasContains?: string | undefined;
  readonly blocked?: boolean | undefined;
  /** Deleted keys instead of those in use. */
  readonly deleted?: boolean | undefined;
  /** Only keys that somebody may see: of this user, of these teams or made by this actor. */
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

/** Conditions on a list of teams; all that are given must hold. */
export interface TeamFilter {
  readonly ids?: readonly string[] | undefined;
  readonly alias?: string | undefined;
  readonly aliasContains?: string | undefined;
  /** Teams this user is a member of. */
  readonly memberId?: string | undefined;
}

/** Conditions on a list of users; all that are given must hold. */
export interface UserFilter {
  readonly ids?: readonly string[] | undefined;
  readonly role?: string | undefined;
  readonly emailContains?: string | undefined;
  /** Members of this team. */
  readonly teamId?: string | undefined;
}

/** Conditions on a list of customers; all that are given must hold. */
export interface CustomerFilter {
  readonly idContains?: string | undefined;
  readonly blocked?: boolean | undefined;
}

/** Conditions on a list of audit entries; all that are given must hold. */
export interface AuditFilter {
  readonly actor?: string | undefined;
  /** In whose name: what the actor said, else the actor. */
  readonly changedBy?: string | undefined;
  readonly action?: string | undefined;
  readonly objectKind?: string | undefined;
  readonly objectId?: string | undefined;
  readonly fromMs?: number | undefined;
  /** Exclusive. */
  readonly untilMs?: number | undefined;
}

/** Who can have a budget, and has spent something. */
export type SpenderKind = 'key' | 'team' | 'user' | 'customer';

/** How many there are that have a shared budget. */
export interface BudgetUses {
  readonly keys: number;
  readonly teams: number;
  readonly users: number;
  readonly customers: number;
}
