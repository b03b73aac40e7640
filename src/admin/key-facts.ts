import type { KeyFacts, Patch, StoredKey } from '../domain/holders.ts';
import { z } from '@hono/zod-openapi';
import {
  type Actor,
  isAdmin,
  leadsTeam,
  requireExpiryHeld,
  requireHeld,
  requireOutputCapHeld,
  requireRoutesHeld,
} from './actor.ts';
import { durationMs } from './duration.ts';
import { holderAfter, inheritedGrant, NEW_KEY, NEW_OWNER } from './grants.ts';
import { requireBoundAlike } from './held-limits.ts';
import { durationText, keyShape } from './inputs.ts';
import { holderLimitShape } from './limit-inputs.ts';
import { inheritedLogging, loggingAfter } from './logging.ts';
import { loggingShape } from './logging-inputs.ts';
import type { AdminChange } from './ports.ts';
import { Problem } from './problem.ts';
import type { AdminRequest } from './route.ts';
import { DEFAULT_GRANT } from '../domain/policy/grant.ts';
import { type HolderSettings, NO_SETTINGS, outputCapOf, readSettings, storedSettings } from './settings.ts';

/** How LiteLLM writes that a key is to live for ever. */
const FOREVER = '-1';

/** More than any model gives. */
const OUTPUT_TOKENS_MAX = 1_000_000_000;

/** What requests say of a key, new or not. */
export const keyInput = z.object({
  ...keyShape,
  ...loggingShape,
  ...holderLimitShape,
  max_output_tokens_reserved: z
    .number()
    .int()
    .min(1)
    .max(OUTPUT_TOKENS_MAX)
    .nullable()
    .optional()
    .openapi({ description: 'Requests that could get more output tokens than this are refused.' }),
  duration: z.literal(FOREVER).or(durationText).optional(),
});
export type KeyInput = z.infer<typeof keyInput>;

const ROUTES_OF_TYPE = {
  default: null,
  llm_api: ['llm_api_routes', 'self_managed_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
} as const;

/**
 * What a new key is to be, within what its maker holds. Where the request is silent, the key gets what its maker is
 * restricted to.
 * @throws Problem 403, 422
 */
export function newKeyFacts(
  input: KeyInput,
  { actor, parts }: AdminRequest,
  owner: 'user' | 'team',
): Omit<KeyFacts, 'name'> {
  const held = actor.kind === 'key' ? actor : { allowedRoutes: null, outputCap: null, expiresMs: null };
  const holder = holderAfter(input, { ...NEW_KEY, grant: inheritedGrant(actor) }, DEFAULT_GRANT, actor);
  requireHeld(actor, holder.grant);
  const owners = ownersOf(input, actor, owner);
  const { allowedRoutes, outputCap } = held;
  const inherited = { ...NO_SETTINGS, allowedRoutes, outputCap, logging: inheritedLogging(actor, owners.teamId) };
  const settings = settingsAfter(input, inherited, { actor, parts });
  requireRoutesHeld(actor, settings.allowedRoutes);
  requireOutputCapHeld(actor, settings.outputCap);
  const expiresMs = input.duration === undefined ? held.expiresMs : endOf(input.duration, parts.clock.nowMs());
  requireExpiryHeld(actor, expiresMs);
  requireBoundAlike(actor, { keyId: null, ...owners });
  return {
    ...holder,
    settings: storedSettings(settings),
    alias: textOrNull(input.key_alias),
    expiresMs,
    ...owners,
  };
}

/** What is to be changed of a key. @throws Problem 403, 422 */
export function keyPatch(input: KeyInput, key: StoredKey, { actor, parts }: AdminRequest): Patch<KeyFacts> {
  const holder = holderAfter(input, key, DEFAULT_GRANT, actor);
  if (input.blocked === false && key.blocked && !isAdmin(actor)) {
    throw new Problem(403, 'Only an administrator may unblock a key.', { param: 'blocked' });
  }
  const settings = settingsAfter(input, readSettings(key.settings), { actor, parts });
  if (input.allowed_routes !== undefined || input.key_type !== undefined)
    requireRoutesHeld(actor, settings.allowedRoutes);
  if (input.max_output_tokens_reserved !== undefined) requireOutputCapHeld(actor, settings.outputCap);
  const expiresMs = input.duration === undefined ? key.expiresMs : endOf(input.duration, parts.clock.nowMs());
  if (input.duration !== undefined) requireExpiryHeld(actor, expiresMs);
  for (const field of ['team_id', 'user_id'] as const) {
    if (input[field] === undefined || isAdmin(actor)) continue;
    throw new Problem(403, 'Only an administrator may give a key to another team or user.', { param: field });
  }
  return {
    grant: holder.grant,
    limits: holder.limits,
    budgetId: holder.budgetId,
    blocked: holder.blocked,
    metadata: holder.metadata,
    tags: holder.tags,
    settings: storedSettings(settings),
    expiresMs,
    alias: input.key_alias === undefined ? key.alias : textOrNull(input.key_alias),
    teamId: input.team_id === undefined ? key.teamId : textOrNull(input.team_id),
    userId: input.user_id === undefined ? key.userId : textOrNull(input.user_id),
  };
}

/**
 * A user that an administrator names for the first time is made, with the least of roles. Unlike a team, which would
 * have to say something.
 */
export async function ensureUser(change: AdminChange, userId: string | null, actor: Actor): Promise<void> {
  if (userId === null || !isAdmin(actor) || (await change.getUser(userId)) !== null) return;
  await change.insertUser(userId, { ...NEW_OWNER, alias: null, email: null, role: 'internal_user_viewer' });
}

/** Whose a new key is. Nobody but an administrator makes keys in the name of others: they would act with their roles. */
function ownersOf(
  input: KeyInput,
  actor: Actor,
  owner: 'user' | 'team',
): { readonly teamId: string | null; readonly userId: string | null } {
  const teamId = textOrNull(input.team_id);
  const asked = textOrNull(input.user_id);
  if (owner === 'team' && teamId === null) {
    throw new Problem(422, 'team_id: a service account belongs to a team.', { param: 'team_id' });
  }
  if (actor.kind === 'key' && !isAdmin(actor)) {
    if (asked !== null && asked !== actor.userId) {
      throw new Problem(403, 'Only an administrator may make keys for other users.', { param: 'user_id' });
    }
    if (teamId !== null && !leadsTeam(actor, teamId)) {
      throw new Problem(403, 'Keys of a team are made by its admins.', { param: 'team_id' });
    }
  }
  if (owner === 'team') return { teamId, userId: null };
  return { teamId, userId: isAdmin(actor) || actor.kind === 'master' ? asked : actor.userId };
}

function settingsAfter(
  input: KeyInput,
  base: HolderSettings,
  { actor, parts }: Pick<AdminRequest, 'actor' | 'parts'>,
): HolderSettings {
  const { allowed_routes: routes, default_region: region, key_type: type } = input;
  const { max_output_tokens_reserved: outputTokens } = input;
  const ofType = type === undefined ? base.allowedRoutes : (ROUTES_OF_TYPE[type] ?? base.allowedRoutes);
  const emptied = routes?.length === 0 && type === undefined;
  return {
    allowedRoutes: emptied ? null : routes === undefined || routes.length === 0 ? ofType : routes,
    defaultRegion: region === undefined ? base.defaultRegion : textOrNull(region),
    outputCap: outputTokens === undefined ? base.outputCap : outputTokens === null ? null : outputCapOf(outputTokens),
    logging: loggingAfter(input, base.logging, actor, parts.logging),
  };
}

function endOf(duration: string, nowMs: number): number | null {
  return duration === FOREVER ? null : nowMs + (durationMs(duration) ?? 0);
}

export function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
