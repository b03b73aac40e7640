import { type HolderFacts, limitsInForce, type Patch, type StoredKey } from '../domain/holders.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import type { CredentialOwner } from '../domain/keys/credentials.ts';
import { dollarsToNanos } from '../domain/limits/dollars.ts';
import { LIMIT_FIELDS } from '../domain/limits/limit-fields.ts';
import { type Actor, type BoundBy, isAdmin } from './actor.ts';
import { type LimitField, readLimits } from './limits.ts';
import type { AdminReads } from './ports.ts';
import { Problem } from './problem.ts';

/** Whose calls a key's calls count with. */
interface Counted {
  /** Null for a key that is new. */
  readonly keyId: string | null;
  readonly teamId: string | null;
  readonly userId: string | null;
}

export function boundBy({ key, team, user }: Pick<CredentialOwner, 'key' | 'team' | 'user'>): BoundBy {
  return {
    key: boundingField(key.limits),
    team: boundingField(team?.limits ?? null),
    user: boundingField(user?.limits ?? null),
  };
}

/** Limits that can't be read bound everything. */
function boundingField(limits: JsonObject | null): string | null {
  if (limits === null) return null;
  try {
    if (!readLimits({ kind: 'key', id: '' }, limits).some(({ hard }) => hard)) return null;
  } catch {
    // Said by whoever is asked to let a request in.
  }
  return LIMIT_FIELDS.find((field) => limits[field] !== undefined && field !== 'soft_budget') ?? 'limits';
}

/**
 * A budget is spent once, however many keys it is spent with: what the caller's calls count against, the calls of a key
 * that it makes, or gets into its hands, must count against too. Administrators set limits and are not held by their own.
 * @throws Problem 403
 */
export function requireBoundAlike(actor: Actor, counted: Counted): void {
  const unbound = unboundBy(actor, counted);
  if (unbound === null) return;
  throw new Problem(403, unbound.message, { param: unbound.param });
}

function unboundBy(actor: Actor, counted: Counted): { readonly message: string; readonly param: string } | null {
  if (actor.kind === 'master' || isAdmin(actor)) return null;
  const { key, team, user } = actor.boundBy;
  if (key !== null && counted.keyId !== actor.keyId) {
    return {
      message: `The caller's own key has limits (${key}) that another key would not count against: limits of the user or of the team are shared by all keys of theirs.`,
      param: key,
    };
  }
  if (user !== null && counted.userId !== actor.userId) {
    return {
      message: "The caller's user has limits: a key of its own making has to be that user's.",
      param: 'user_id',
    };
  }
  if (team !== null && counted.teamId !== actor.teamId) {
    return {
      message: "The caller's team has limits: a key of its own making has to be of that team.",
      param: 'team_id',
    };
  }
  return null;
}

/** Of these less is less, whatever else there is. */
const LOWERABLE: ReadonlySet<LimitField> = new Set(['rpm_limit', 'tpm_limit', 'max_parallel_requests', 'max_budget']);

/**
 * Whoever could make such a key without limits may set any. Whoever is bound by limits of its own may lower those of a
 * key and not loosen them, field by field; what can't be told is loosening.
 * @throws Problem 403 naming the field
 */
export async function requireLimitsKept(
  reads: AdminReads,
  key: StoredKey,
  patch: Patch<HolderFacts>,
  actor: Actor,
): Promise<void> {
  if (patch.limits === undefined || unboundBy(actor, { ...key, keyId: null }) === null) return;
  // Which budget a key has is said by administrators only, so it is the same before and after.
  const [budget = null] = key.budgetId === null ? [] : await reads.getBudgets([key.budgetId]);
  const inForce = (own: JsonObject | null) => limitsInForce(own, budget?.limits ?? null) ?? {};
  const [before, after] = [inForce(key.limits), inForce(patch.limits)];
  const loosened = LIMIT_FIELDS.find((field) => !isAsTight(field, before, after));
  if (loosened === undefined) return;
  throw new Problem(
    403,
    `A key can not grant more than it holds itself: ${loosened} may only be lowered by a caller with limits.`,
    { param: loosened },
  );
}

function isAsTight(field: LimitField, before: JsonObject, after: JsonObject): boolean {
  const [was, is] = [before[field], after[field]];
  if (JSON.stringify(was) === JSON.stringify(is) || field === 'soft_budget') return true;
  if (!LOWERABLE.has(field) || is === undefined) return false;
  if (was === undefined) return true;
  const amount = (value: JsonValue) => (typeof value === 'number' ? value : dollarsToNanos(value));
  const [amountBefore, amountAfter] = [amount(was), amount(is)];
  return amountBefore !== null && amountAfter !== null && amountAfter <= amountBefore;
}
