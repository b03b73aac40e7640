import type { JsonObject } from './json.ts';
import type { Grant } from './policy/grant.ts';

/** What keys, teams, users and customers have in common: all of them can hold rights. */
export interface HolderFacts {
  readonly grant: Grant;
  /** The holder's own budgets and rates, see `limits/limit-fields.ts`; null while none are set. */
  readonly limits: JsonObject | null;
  /** Of a shared budget, whose limits hold where the holder has none of its own. */
  readonly budgetId: string | null;
  /** What else is enforced of the holder (default region, allowed routes, …), as the management API defines it. */
  readonly settings: JsonObject;
  /** The owner's own notes. Never interpreted. */
  readonly metadata: JsonObject;
  readonly tags: readonly string[];
  readonly blocked: boolean;
}

/** What the store adds to what it is given. Times are milliseconds since the epoch. */
export interface Dated {
  readonly createdMs: number;
  /** `master`, a key id, `system`. */
  readonly createdBy: string;
  readonly updatedMs: number;
}

/** What is to be changed of something; a member that is absent or undefined stays as it is. */
export type Patch<Facts> = { readonly [Name in keyof Facts]?: Facts[Name] | undefined };

/** What is known of a virtual key apart from its credentials. */
export interface KeyFacts extends HolderFacts {
  /** Unique among keys that are not deleted. */
  readonly alias: string | null;
  /** As shown to people: `sk-...` and the last four characters. */
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
  /** A name for people; several teams may have the same. */
  readonly alias: string | null;
}

export interface StoredTeam extends TeamFacts, Dated {
  readonly id: string;
}

export interface TeamMember {
  readonly teamId: string;
  readonly userId: string;
  /** `admin` or `user`. */
  readonly role: string;
}

export interface UserFacts extends HolderFacts {
  readonly alias: string | null;
  /** Unique, as it is written. */
  readonly email: string | null;
  /** One of `Role` in `caller.ts`; another version of the code may have written others. */
  readonly role: string;
}

export interface StoredUser extends UserFacts, Dated {
  readonly id: string;
}

/** An end user of somebody's application, named by the application. */
export interface CustomerFacts extends HolderFacts {
  readonly alias: string | null;
}

/** What decides about the requests that name a customer. */
export interface CustomerRights {
  readonly id: string;
  readonly blocked: boolean;
  /** Those in force, with the ones of its budget. */
  readonly limits: JsonObject | null;
}

export interface StoredCustomer extends CustomerFacts, Dated {
  readonly id: string;
}

/** Limits that several holders may have in common. Each of them counts for itself. */
export interface BudgetFacts {
  /** As in `HolderFacts`; empty while none are set. */
  readonly limits: JsonObject;
}

export interface StoredBudget extends BudgetFacts, Dated {
  readonly id: string;
}

/** What a holder is bound by: its own limits, and those of its budget that it has none of its own in place of. */
export function limitsInForce(own: JsonObject | null, budget: JsonObject | null): JsonObject | null {
  return own === null || budget === null ? (own ?? budget) : { ...budget, ...own };
}
