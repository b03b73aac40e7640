import type { StoredTeam, StoredUser } from '../../domain/holders.ts';
import { z } from '@hono/zod-openapi';
import { type Actor, requireHeld, seesAll, USER_ROLES } from '../actor.ts';
import { makeCredentials } from '../credentials.ts';
import { ofChange, USER_FIELDS } from '../fields.ts';
import { holderAfter, NEW_OWNER, OPEN_GRANT } from '../grants.ts';
import { durationText, grantShape, idText, nameText, pageSizeShape } from '../inputs.ts';
import { holderLimitShape } from '../limit-inputs.ts';
import { newKeyFacts, textOrNull } from '../key-facts.ts';
import type { AdminChange } from '../ports.ts';
import { Problem } from '../problem.ts';
import { changing, defineRoute, type Route } from '../route.ts';
import {
  freshKeyView,
  keyView,
  pagesOf,
  type TeamWithMembers,
  userView,
  viewKeys,
  viewTeams,
  viewUser,
  viewUsers,
} from '../views.ts';
import { storeKey, viewFresh } from './keys.ts';

const SHOWN = { page: 1, size: 100 } as const;
const ADMIN_ROLE = 'proxy_admin';

const userShape = {
  ...grantShape,
  ...holderLimitShape,
  user_email: nameText.optional(),
  user_alias: nameText.optional(),
  user_role: z.enum(USER_ROLES).optional(),
} as const;
const newInput = z.strictObject({
  ...userShape,
  user_id: idText.optional(),
  teams: z.array(idText).max(100).optional(),
  auto_create_key: z.boolean().default(true),
  key_alias: nameText.optional(),
  duration: durationText.optional(),
});

/** The master key is there for emergencies; everyday work needs somebody with a name. */
async function requireOtherAdmin(change: AdminChange, user: StoredUser, actor: Actor): Promise<void> {
  if (actor.kind === 'master' || user.role !== ADMIN_ROLE) return;
  if ((await change.countUsersWithRole(ADMIN_ROLE)) > 1) return;
  throw new Problem(409, 'This is the last proxy admin: only the master key may take it away.', { param: 'user_id' });
}

async function requireUser(change: AdminChange, id: string): Promise<StoredUser> {
  const user = await change.getUser(id);
  if (user === null) throw noSuchUser();
  return user;
}

function noSuchUser(): Problem {
  return new Problem(404, 'User not found in database.', { param: 'user_id' });
}

function withoutMembers(team: StoredTeam): TeamWithMembers {
  return { ...team, members: [] };
}

/** Users are made, changed, listed and taken away. */
export const USER_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/user/new',
    summary: 'Make a user, and a key for it unless auto_create_key is false',
    access: 'admin',
    input: newInput,
    fields: USER_FIELDS,
    answer: userView.extend(freshKeyView.partial().shape),
    handle: async (input, request) => {
      const { actor, parts } = request;
      const facts = holderAfter(input, NEW_OWNER, OPEN_GRANT, actor);
      requireHeld(actor, facts.grant);
      const id = input.user_id ?? parts.newId();
      const { key_alias, duration } = input;
      const keyFacts = newKeyFacts({ key_alias, duration, user_id: id }, request, 'user');
      const fresh = makeCredentials(undefined, 'key', actor, parts);
      const { user, key } = await changing(request, 'user.new', async (change) => {
        const made = await change.insertUser(id, {
          ...facts,
          alias: textOrNull(input.user_alias),
          email: textOrNull(input.user_email),
          role: input.user_role ?? 'internal_user',
        });
        for (const teamId of input.teams ?? []) await change.setMember({ teamId, userId: id, role: 'user' });
        return { user: made, key: input.auto_create_key ? await storeKey(change, keyFacts, fresh, request) : null };
      });
      const shownKey = key === null ? {} : await viewFresh(key, fresh, parts);
      return { body: { ...shownKey, ...(await viewUser(user, parts)) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/user/update',
    summary: 'Change a user',
    access: 'admin',
    input: z.strictObject({ ...userShape, user_id: idText }),
    fields: ofChange(USER_FIELDS),
    answer: userView,
    handle: async (input, request) => {
      const user = await changing(request, 'user.update', async (change) => {
        const before = await requireUser(change, input.user_id);
        const role = input.user_role ?? before.role;
        if (role !== ADMIN_ROLE || input.blocked === true) await requireOtherAdmin(change, before, request.actor);
        const { grant, limits, budgetId, blocked, metadata, tags } = holderAfter(
          input,
          before,
          OPEN_GRANT,
          request.actor,
        );
        const alias = input.user_alias === undefined ? before.alias : textOrNull(input.user_alias);
        const email = input.user_email === undefined ? before.email : textOrNull(input.user_email);
        const facts = { grant, limits, budgetId, blocked, metadata, tags, alias, email, role };
        return change.updateUser(before.id, facts);
      });
      return { body: await viewUser(user, request.parts) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/user/delete',
    summary: 'Take users away with all their keys, all or none',
    access: 'admin',
    input: z.strictObject({ user_ids: z.array(idText).min(1).max(100) }),
    answer: z.object({ deleted_users: z.array(z.string()) }),
    handle: async ({ user_ids: ids }, request) => {
      await changing(request, 'user.delete', async (change) => {
        for (const id of new Set(ids)) {
          await requireOtherAdmin(change, await requireUser(change, id), request.actor);
          await change.deleteUser(id);
        }
      });
      return { body: { deleted_users: ids } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/user/info',
    summary: "What is known of a user, else of the caller's own: its newest keys, its teams",
    access: 'anyKey',
    input: z.strictObject({ user_id: idText.optional() }),
    answer: z.object({
      user_id: z.string(),
      user_info: userView,
      keys: z.array(keyView),
      teams: z.array(z.object({ team_id: z.string() }).loose()),
    }),
    handle: async ({ user_id: asked }, { actor, parts }) => {
      const own = actor.kind === 'key' ? actor.userId : null;
      const id = asked ?? own;
      if (id === null) throw new Problem(422, 'user_id: this key belongs to no user; name one.', { param: 'user_id' });
      const reads = parts.store.read;
      const user = seesAll(actor) || id === own ? await reads.getUser(id) : null;
      if (user === null) throw noSuchUser();
      const keys = await reads.listKeys({ userId: id }, SHOWN);
      const teams = await reads.listTeams({ memberId: id }, SHOWN);
      return {
        body: {
          user_id: id,
          user_info: await viewUser(user, parts),
          keys: await viewKeys(keys.rows, parts),
          // Who else is in them is said by /team/info.
          teams: await viewTeams(teams.rows.map(withoutMembers), parts),
        },
      };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/user/list',
    summary: 'A page of users',
    access: 'auditor',
    input: z.strictObject({
      ...pageSizeShape,
      role: z.enum(USER_ROLES).optional(),
      user_ids: z.string().optional().openapi({ description: 'Ids, with commas between them.' }),
      user_email: nameText.optional().openapi({ description: 'Part of the address.' }),
      team: nameText.optional(),
    }),
    answer: z.object({
      users: z.array(userView),
      total: z.number(),
      page: z.number(),
      page_size: z.number(),
      total_pages: z.number(),
    }),
    handle: async ({ page, page_size: size, role, user_ids: ids, user_email, team }, { parts }) => {
      const filter = { role, emailContains: user_email, teamId: team, ids: ids?.split(',').slice(0, 100) };
      const found = await parts.store.read.listUsers(filter, { page, size });
      const total_pages = pagesOf(found, { page, size });
      const users = await viewUsers(found.rows, parts);
      return { body: { users, total: found.total, page, page_size: size, total_pages } };
    },
  }),
];
