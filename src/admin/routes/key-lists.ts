import type { StoredKey } from '../../domain/holders.ts';
import type { KeyFilter, KeySort, Page, PageRequest } from '../../domain/lists.ts';
import { z } from '@hono/zod-openapi';
import { type Actor, seesAll } from '../actor.ts';
import { requireKey } from '../find-key.ts';
import { flag, KEYS_PER_REQUEST_MAX, nameText, pageShape } from '../inputs.ts';
import type { AdminReads } from '../ports.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, defineRoute, type Route } from '../route.ts';
import { keyView, pagesOf, viewKey, viewKeys } from '../views.ts';

const SORTS = {
  created_at: 'created',
  updated_at: 'updated',
  key_alias: 'alias',
  expires: 'expires',
  token: 'id',
} as const;

const filterShape = {
  ...pageShape,
  user_id: nameText.optional(),
  team_id: nameText.optional(),
  key_alias: nameText.optional().openapi({ description: 'Part of the alias, in upper or lower case.' }),
} as const;

const pageAnswer = { total_count: z.number(), current_page: z.number(), total_pages: z.number() } as const;

/** A page of the keys an actor may see. */
async function listVisible(
  reads: AdminReads,
  filter: KeyFilter,
  page: PageRequest,
  sort: KeySort,
  actor: Actor,
  withTeams: boolean,
): Promise<Page<StoredKey>> {
  if (actor.kind === 'master' || seesAll(actor)) return reads.listKeys(filter, page, sort);
  if (actor.userId !== null) {
    const teamIds = withTeams && actor.role === 'internal_user' ? [...actor.adminOf] : [];
    return reads.listKeys({ ...filter, visibleTo: { userId: actor.userId, teamIds, createdBy: null } }, page, sort);
  }
  // A key of nobody sees itself.
  const own = await reads.getKey(actor.keyId);
  const isAsked = own !== null && passesBy(own, filter) && page.page === 1;
  return { rows: isAsked ? [own] : [], total: isAsked ? 1 : 0 };
}

function passesBy(key: StoredKey, { teamId, userId, aliasContains, deleted }: KeyFilter): boolean {
  if (teamId !== undefined && key.teamId !== teamId) return false;
  if (userId !== undefined && key.userId !== userId) return false;
  if (aliasContains !== undefined && key.alias?.toLowerCase().includes(aliasContains.toLowerCase()) !== true)
    return false;
  return (key.deletedMs !== null) === (deleted === true);
}

/** The keys that were asked about. @throws Problem 404 for the first that is not there */
async function infoOf(references: readonly string[], { actor, parts }: AdminRequest): Promise<StoredKey[]> {
  const found: StoredKey[] = [];
  for (const reference of references) found.push(await requireKey(parts.store.read, reference, actor, parts));
  return found;
}

/** Keys are looked up and listed. */
export const KEY_LIST_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/key/info',
    summary: "What is known of a key: by key or public id, else the caller's own",
    access: 'anyKey',
    input: z.strictObject({ key: z.string().optional() }),
    answer: z.object({ key: z.string(), info: keyView }),
    handle: async ({ key: reference }, request) => {
      const { actor } = request;
      const asked = reference ?? (actor.kind === 'key' ? actor.keyId : null);
      if (asked === null) throw new Problem(422, 'key: the master key has no entry; name a key.', { param: 'key' });
      const [key] = await infoOf([asked], request);
      return { body: key === undefined ? null : { key: key.id, info: await viewKey(key, request.parts) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v2/key/info',
    summary: 'What is known of several keys',
    access: 'anyKey',
    input: z.strictObject({ keys: z.array(z.string()).min(1).max(KEYS_PER_REQUEST_MAX) }),
    answer: z.object({ key: z.array(z.string()), info: z.array(keyView) }),
    handle: async ({ keys: references }, request) => {
      const keys = await infoOf(references, request);
      return { body: { key: keys.map(({ id }) => id), info: await viewKeys(keys, request.parts) } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/key/list',
    summary: 'A page of the keys the caller may see',
    access: 'anyKey',
    input: z.strictObject({
      ...filterShape,
      key_hash: z.string().optional().openapi({ description: 'The public id of one key.' }),
      return_full_object: flag.default(false),
      include_team_keys: flag.default(false),
      sort_by: z.enum(['created_at', 'updated_at', 'key_alias', 'expires', 'token']).default('created_at'),
      sort_order: z.enum(['asc', 'desc']).default('desc'),
      status: z.enum(['deleted']).optional(),
      blocked: flag.optional(),
    }),
    answer: z.object({ keys: z.array(z.union([z.string(), keyView])), ...pageAnswer }),
    handle: async (input, request) => {
      const { actor, parts } = request;
      const page = { page: input.page, size: input.size };
      const show = async (keys: readonly StoredKey[]) =>
        input.return_full_object ? viewKeys(keys, parts) : keys.map(({ id }) => id);
      if (input.key_hash !== undefined) {
        const keys = await show(await infoOf([input.key_hash], request).catch(emptyWhenMissing));
        return { body: { keys, total_count: keys.length, current_page: 1, total_pages: keys.length } };
      }
      const filter = {
        userId: input.user_id,
        teamId: input.team_id,
        aliasContains: input.key_alias,
        blocked: input.blocked,
        deleted: input.status === 'deleted',
      };
      const sort = { by: SORTS[input.sort_by], order: input.sort_order };
      const found = await listVisible(parts.store.read, filter, page, sort, actor, input.include_team_keys);
      return {
        body: {
          keys: await show(found.rows),
          total_count: found.total,
          current_page: page.page,
          total_pages: pagesOf(found, page),
        },
      };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/key/aliases',
    summary: 'A page of the aliases of keys the caller may see',
    access: 'anyKey',
    input: z.strictObject(filterShape),
    answer: z.object({ aliases: z.array(z.string()), ...pageAnswer }),
    handle: async (input, { actor, parts }) => {
      const page = { page: input.page, size: input.size };
      const filter = { userId: input.user_id, teamId: input.team_id, aliasContains: input.key_alias ?? '' };
      const sort = { by: 'alias', order: 'asc' } as const;
      const found = await listVisible(parts.store.read, filter, page, sort, actor, true);
      return {
        body: {
          aliases: found.rows.map(({ alias }) => alias).filter((alias) => alias !== null),
          total_count: found.total,
          current_page: page.page,
          total_pages: pagesOf(found, page),
        },
      };
    },
  }),
];

function emptyWhenMissing(error: unknown): StoredKey[] {
  if (error instanceof Problem && error.status === 404) return [];
  throw error;
}
