import type { StoredKey } from '../domain/holders.ts';
import type { OutputCap } from '../domain/limits/call-bounds.ts';
import { routesWithin } from '../domain/allowed-routes.ts';
import type { LoggingRules } from '../domain/logging/logging-rules.ts';
import { excessOf } from '../domain/policy/within.ts';
import type { Grant } from '../domain/policy/grant.ts';
import { Problem } from './problem.ts';

export const USER_ROLES = ['proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer'] as const;
export type UserRole = (typeof USER_ROLES)[number];

/** Whose hard limits the calls of a key count against. The name of a field that is one of them, null where there is none. */
export interface BoundBy {
  readonly key: string | null;
  readonly team: string | null;
  readonly user: string | null;
}

/** Who uses the management API. There is no default one. */
export type Actor = { readonly kind: 'master' } | KeyActor;

export interface KeyActor {
  readonly kind: 'key';
  readonly keyId: string;
  readonly userId: string | null;
  readonly teamId: string | null;
  /** The role of the key's user; null for a key that belongs to nobody. */
  readonly role: UserRole | null;
  /** Of the key, and of its team and user where it has them. */
  readonly grants: readonly Grant[];
  readonly allowedRoutes: readonly string[] | null;
  readonly outputCap: OutputCap | null;
  readonly logging: { readonly key: LoggingRules; readonly team: LoggingRules };
  readonly boundBy: BoundBy;
  readonly expiresMs: number | null;
  /** Of the credential it has shown. */
  readonly credentialId: number;
  /** When this credential, replaced by another, ends; null for the current one. */
  readonly graceEndMs: number | null;
  /** Teams the user is in, and those it leads. */
  readonly memberOf: ReadonlySet<string>;
  readonly adminOf: ReadonlySet<string>;
}

/** What a route asks of its caller before anything else; handlers then look at the object itself. */
export type Access =
  /** Anyone, without a key: descriptions of the API only. */
  | 'public'
  /** Any valid key. */
  | 'anyKey'
  /** Whoever may see all objects. */
  | 'auditor'
  /** Whoever may change something: an administrator, a user that is no viewer, a team admin. */
  | 'manager'
  /** Administrators only. */
  | 'admin'
  /** The holder of the master key, who holds the secret of the installation too. */
  | 'master';

/** The name of an actor in the audit and in `created_by`. */
export function actorName(actor: Actor): string {
  return actor.kind === 'master' ? 'master' : actor.keyId;
}

export function isAdmin(actor: Actor): boolean {
  return actor.kind === 'master' || actor.role === 'proxy_admin';
}

/** Whether an actor sees all objects. */
export function seesAll(actor: Actor): boolean {
  return isAdmin(actor) || (actor.kind === 'key' && actor.role === 'proxy_admin_viewer');
}

/** Whether an actor administers a team. @param teamId null is nobody's team. */
export function leadsTeam(actor: Actor, teamId: string | null): boolean {
  if (isAdmin(actor)) return true;
  return actor.kind === 'key' && teamId !== null && actor.role === 'internal_user' && actor.adminOf.has(teamId);
}

/** @throws Problem 403 */
export function requireAccess(actor: Actor, access: Exclude<Access, 'public'>, isChange: boolean): void {
  if (actor.kind === 'key' && isChange && actor.graceEndMs !== null) {
    throw new Problem(403, 'This key has been replaced: use the new one to change anything.');
  }
  if (access === 'master') {
    if (actor.kind === 'master') return;
    throw new Problem(403, 'This route takes the master key.');
  }
  if (access === 'anyKey' || isAdmin(actor)) return;
  if (access === 'auditor' && seesAll(actor)) return;
  if (access === 'manager' && actor.kind === 'key' && actor.role === 'internal_user') return;
  const needed = access === 'manager' ? 'a key of a user that may change something' : 'the master key or a proxy admin';
  throw new Problem(403, `This route takes ${needed}.`);
}

/** Whether an actor may see a key: it is its own, its user's, or of a team it leads. */
export function maySeeKey(actor: Actor, key: StoredKey): boolean {
  if (seesAll(actor)) return true;
  return ownsKey(actor, key) || leadsTeam(actor, key.teamId);
}

/** Whether an actor may change a key: its user's, or one of a team it leads. */
export function mayChangeKey(actor: Actor, key: StoredKey): boolean {
  if (isAdmin(actor)) return true;
  if (actor.kind !== 'key' || actor.role !== 'internal_user') return false;
  return (actor.userId !== null && key.userId === actor.userId) || leadsTeam(actor, key.teamId);
}

/**
 * Whether an actor may be handed the secret of a key. Whoever has it acts as the key's user, with that user's role, so
 * leading the team is not enough.
 */
export function mayHoldKey(actor: Actor, key: Pick<StoredKey, 'userId'>): boolean {
  return isAdmin(actor) || (actor.kind === 'key' && (key.userId === null || key.userId === actor.userId));
}

function ownsKey(actor: Actor, key: StoredKey): boolean {
  if (actor.kind !== 'key') return false;
  return key.id === actor.keyId || (actor.userId !== null && key.userId === actor.userId);
}

/** Names of the request fields that the parts of a grant come from. */
export const GRANT_FIELDS = {
  models: 'models',
  operations: 'allowed_operations',
  resources: 'allowed_resources',
  regions: 'allowed_regions',
  sources: 'allowed_source_addresses',
  actFor: 'act_for_users',
} as const satisfies Record<keyof Grant, string>;

/**
 * Nobody grants more than they hold, field by field. An administrator holds everything but what its own key, team and
 * user restrict in so many words; for anyone else silence means the default grant.
 * @throws Problem 403 naming the field
 */
export function requireHeld(actor: Actor, grant: Grant): void {
  if (actor.kind === 'master') return;
  for (const held of actor.grants) {
    const [excess] = excessOf(grant, isAdmin(actor) ? asAdministered(held) : held);
    if (excess === undefined) continue;
    const field = GRANT_FIELDS[excess];
    throw new Problem(403, `A key can not grant more than it holds itself: ${field} goes beyond the caller's own.`, {
      param: field,
    });
  }
}

/** @throws Problem 403 */
export function requireRoutesHeld(actor: Actor, routes: readonly string[] | null): void {
  if (actor.kind === 'master' || routesWithin(routes, actor.allowedRoutes)) return;
  throw new Problem(
    403,
    "A key can not grant more than it holds itself: allowed_routes goes beyond the caller's own.",
    {
      param: 'allowed_routes',
    },
  );
}

/** @throws Problem 403 */
export function requireOutputCapHeld(actor: Actor, cap: OutputCap | null): void {
  if (actor.kind === 'master' || actor.outputCap === null) return;
  if (cap !== null && cap.tokens <= actor.outputCap.tokens) return;
  throw new Problem(
    403,
    "A key can not grant more than it holds itself: max_output_tokens_reserved goes beyond the caller's own.",
    { param: 'max_output_tokens_reserved' },
  );
}

/** @throws Problem 403 */
export function requireExpiryHeld(actor: Actor, expiresMs: number | null): void {
  if (actor.kind === 'master' || actor.expiresMs === null) return;
  if (expiresMs !== null && expiresMs <= actor.expiresMs) return;
  throw new Problem(403, 'A key can not make another live longer than itself: give a shorter duration.', {
    param: 'duration',
  });
}

/** What an administrator's silence means: everything, also what no model describes. */
const EVERY_OPERATION: readonly string[] = ['*', '*:Unmodelled'];

function asAdministered(held: Grant): Grant {
  return { ...held, operations: held.operations ?? EVERY_OPERATION, actFor: true };
}
