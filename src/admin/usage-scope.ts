import type { UsageFilter } from '../domain/ledger.ts';
import { isKeyId } from '../domain/keys/key-id.ts';
import { type Actor, type KeyActor, leadsTeam, maySeeKey, seesAll } from './actor.ts';
import { requireKey } from './find-key.ts';
import type { AdminParts } from './ports.ts';
import { Problem } from './problem.ts';
import type { AdminRequest } from './route.ts';

/** What a route calls the filters that decide whose calls are told of. */
export interface ScopeFields {
  readonly key: string;
  readonly team: string;
  readonly user: string;
}

/** As most of LiteLLM's routes have it. */
export const LITELLM_SCOPE: ScopeFields = { key: 'api_key', team: 'team_id', user: 'user_id' };

/** Each is looked up. */
const KEYS_MAX = 100;

/**
 * A filter that lets through no call the caller may not see. Administrators and viewers see all calls; a user sees its
 * own, a key of nobody those made with it; who leads teams sees their calls when it asks for those teams, or for keys of
 * theirs. Without any of that the own calls are meant. What is named and may not be seen is refused, since a sum over
 * less than was asked for would be taken for the whole.
 * @throws Problem 403, 404, 422 naming a field
 */
export async function visibleFilter(
  asked: UsageFilter,
  request: AdminRequest,
  fields: ScopeFields,
): Promise<UsageFilter> {
  const { actor } = request;
  const filter = asked.key === undefined ? asked : { ...asked, key: await keyIds(asked.key, request, fields) };
  if (actor.kind === 'master' || seesAll(actor)) return filter;

  const own = ownFilter(actor);
  if (isWithin(filter, own)) return filter;
  if (filter.team !== undefined) {
    for (const team of filter.team) requireLed(actor, team, fields);
    return filter;
  }
  if (filter.user !== undefined) throw new Problem(404, 'User not found in database.', { param: fields.user });
  if (filter.key === undefined) return { ...filter, ...own };
  return { ...filter, ...(await scopeOfKeys(filter.key, actor, request, fields)) };
}

/** What is the caller's own: its user's calls, or those of its key where it has no user. */
function ownFilter({ userId, keyId }: KeyActor): UsageFilter {
  return userId === null ? { key: [keyId] } : { user: [userId] };
}

function isWithin(filter: UsageFilter, own: UsageFilter): boolean {
  const within = (inner: readonly string[] | undefined, outer: readonly string[] | undefined): boolean =>
    outer === undefined || (inner !== undefined && inner.length > 0 && inner.every((value) => outer.includes(value)));
  return within(filter.key, own.key) && within(filter.user, own.user);
}

function requireLed(actor: KeyActor, teamId: string, { team }: ScopeFields): void {
  if (leadsTeam(actor, teamId)) return;
  if (actor.teamId === teamId || actor.memberOf.has(teamId)) {
    throw new Problem(403, 'The calls of a team are shown to its admins; ask for your own.', { param: team });
  }
  throw new Problem(404, 'Team not found in database.', { param: team });
}

/** Keys that may be seen, which are either the caller's own or of teams it leads. */
async function scopeOfKeys(
  ids: readonly string[],
  actor: KeyActor,
  { parts }: AdminRequest,
  fields: ScopeFields,
): Promise<UsageFilter> {
  const teams = new Set<string>();
  let ownKeys = 0;
  for (const id of ids) {
    const key = await parts.store.read.getKey(id);
    if (key === null || !maySeeKey(actor, key)) throw noSuchKey(fields);
    if (actor.userId === null ? key.id === actor.keyId : key.userId === actor.userId) ownKeys += 1;
    else if (key.teamId !== null && leadsTeam(actor, key.teamId)) teams.add(key.teamId);
  }
  if (ownKeys === ids.length) return ownFilter(actor);
  if (ownKeys > 0) {
    throw new Problem(422, `${fields.key}: ask for your own keys and for those of your teams apart.`, {
      param: fields.key,
    });
  }
  return { team: [...teams] };
}

/** Keys by their public ids or aliases, or by themselves as LiteLLM takes them; empty for calls without one. */
async function keyIds(
  references: readonly string[],
  { actor, parts }: AdminRequest,
  fields: ScopeFields,
): Promise<readonly string[]> {
  if (references.length > KEYS_MAX) {
    throw new Problem(422, `${fields.key}: at most ${KEYS_MAX} keys can be asked for.`, { param: fields.key });
  }
  const ids: string[] = [];
  for (const reference of references) {
    if (reference === '' || isKeyId(reference)) ids.push(reference);
    else if (!reference.startsWith('sk-')) ids.push(await idOfAlias(reference, actor, parts, fields));
    else {
      const key = await requireKey(parts.store.read, reference, actor, parts).catch((error: unknown) => {
        throw error instanceof Problem && error.status === 404 ? noSuchKey(fields) : error;
      });
      ids.push(key.id);
    }
  }
  return ids;
}

/** Of a name that is nobody's a sum would be nothing, which would be taken for what was asked. */
async function idOfAlias(alias: string, actor: Actor, parts: AdminParts, fields: ScopeFields): Promise<string> {
  const key = await parts.store.read.getKeyByAlias(alias);
  if (key === null || !maySeeKey(actor, key)) throw noSuchKey(fields);
  return key.id;
}

function noSuchKey({ key }: ScopeFields): Problem {
  return new Problem(404, 'Key not found in database.', { param: key });
}
