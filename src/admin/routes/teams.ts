import type { StoredTeam } from '../../domain/holders.ts';
import type { Page, PageRequest, TeamFilter } from '../../domain/lists.ts';
import { z } from '@hono/zod-openapi';
import { NO_LOGGING_RULES, readLoggingRules, storedLoggingRules } from '../../domain/logging/logging-rules.ts';
import { type Actor, isAdmin, leadsTeam, requireHeld, seesAll } from '../actor.ts';
import { ofChange, TEAM_FIELDS } from '../fields.ts';
import { holderAfter, mentionsGrant, NEW_OWNER, OPEN_GRANT } from '../grants.ts';
import { grantShape, idText, nameText, pageShape, pageSizeShape } from '../inputs.ts';
import { holderLimitShape } from '../limit-inputs.ts';
import { mentionsLimits } from '../limits.ts';
import { textOrNull } from '../key-facts.ts';
import { loggingAfter } from '../logging.ts';
import { loggingShape } from '../logging-inputs.ts';
import { addMember } from '../members.ts';
import type { AdminParts, AdminReads } from '../ports.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, type Answer, changing, defineRoute, type Route } from '../route.ts';
import {
  keyView,
  pagesOf,
  type TeamWithMembers,
  teamView,
  totalHeader,
  viewKeys,
  viewTeam,
  viewTeams,
} from '../views.ts';

const KEYS_SHOWN = 100;

const teamShape = {
  ...grantShape,
  ...loggingShape,
  ...holderLimitShape,
  team_alias: nameText.optional(),
} as const;
const member = z.strictObject({
  role: z.enum(['admin', 'user']).default('user'),
  user_id: idText.optional(),
  user_email: idText.optional(),
});
const newInput = z.strictObject({
  ...teamShape,
  team_id: idText.optional(),
  members_with_roles: z.array(member).max(1000).optional(),
});
const updateInput = z.strictObject({ ...teamShape, team_id: idText });
const teamReference = z.strictObject({ team_id: idText });

/** As for a team that is not there, so that nobody can ask which there are. */
export function noSuchTeam(): Problem {
  return new Problem(404, 'Team not found in database.', { param: 'team_id' });
}

async function requireTeam(reads: AdminReads, id: string, actor: Actor): Promise<StoredTeam> {
  const team = maySeeTeam(actor, id) ? await reads.getTeam(id) : null;
  if (team === null) throw noSuchTeam();
  return team;
}

function maySeeTeam(actor: Actor, teamId: string): boolean {
  return seesAll(actor) || (actor.kind === 'key' && (actor.teamId === teamId || actor.memberOf.has(teamId)));
}

async function answerTeam(team: StoredTeam, parts: AdminParts): Promise<Answer> {
  return { body: await viewTeam(team, await parts.store.read.listMembers(team.id), parts) };
}

/** An admin of the team says what it is called and keeps its notes; what it may do is said by those above it. */
async function updateTeam(input: z.infer<typeof updateInput>, request: AdminRequest): Promise<Answer> {
  const { actor, parts } = request;
  const team = await changing(request, 'team.update', async (change) => {
    const before = await requireTeam(change, input.team_id, actor);
    if (!leadsTeam(actor, before.id)) throw new Problem(403, 'A team is changed by its admins.', { param: 'team_id' });
    if (!isAdmin(actor) && (mentionsGrant(input) || mentionsLimits(input) || input.blocked !== undefined)) {
      throw new Problem(403, 'What a team may do and spend is changed by a proxy admin.');
    }
    const { grant, limits, budgetId, blocked, metadata, tags } = holderAfter(input, before, OPEN_GRANT, actor);
    const logging = loggingAfter(input, readLoggingRules(before.settings), actor, parts.logging);
    const settings = storedLoggingRules(logging);
    const alias = input.team_alias === undefined ? before.alias : textOrNull(input.team_alias);
    return change.updateTeam(before.id, { grant, limits, budgetId, blocked, metadata, tags, settings, alias });
  });
  return answerTeam(team, parts);
}

async function listTeams(
  { actor, parts }: AdminRequest,
  filter: TeamFilter,
  page: PageRequest,
): Promise<{ readonly page: Page<StoredTeam>; readonly views: readonly z.infer<typeof teamView>[] }> {
  const own = actor.kind === 'key' && actor.teamId !== null ? [actor.teamId] : [];
  const visible = actor.kind === 'master' || seesAll(actor) ? {} : { ids: [...new Set([...actor.memberOf, ...own])] };
  const found = await parts.store.read.listTeams({ ...filter, ...visible }, page);
  const teams: TeamWithMembers[] = [];
  for (const team of found.rows) teams.push({ ...team, members: await parts.store.read.listMembers(team.id) });
  return { page: found, views: await viewTeams(teams, parts) };
}

function blocking(path: string, blocked: boolean): Route {
  return defineRoute({
    method: 'post',
    path,
    summary: blocked ? 'Block a team: all its keys are refused at once' : 'Let a blocked team go on',
    access: 'admin',
    input: teamReference,
    answer: teamView,
    handle: async ({ team_id: id }, request) => {
      const action = blocked ? 'team.block' : 'team.unblock';
      return answerTeam(await changing(request, action, (change) => change.updateTeam(id, { blocked })), request.parts);
    },
  });
}

/** Teams are made, changed, listed and taken away. */
export const TEAM_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/team/new',
    summary: 'Make a team',
    access: 'admin',
    input: newInput,
    fields: TEAM_FIELDS,
    answer: teamView,
    handle: async (input, request) => {
      const { actor, parts } = request;
      const facts = holderAfter(input, NEW_OWNER, OPEN_GRANT, actor);
      requireHeld(actor, facts.grant);
      const settings = storedLoggingRules(loggingAfter(input, NO_LOGGING_RULES, actor, parts.logging));
      const id = input.team_id ?? parts.newId();
      const team = await changing(request, 'team.new', async (change) => {
        const made = await change.insertTeam(id, { ...facts, settings, alias: textOrNull(input.team_alias) });
        for (const one of input.members_with_roles ?? []) await addMember(change, id, one, request);
        return made;
      });
      return answerTeam(team, parts);
    },
  }),
  defineRoute({
    method: 'post',
    path: '/team/update',
    summary: 'Change a team',
    access: 'manager',
    input: updateInput,
    fields: ofChange(TEAM_FIELDS),
    answer: teamView,
    handle: updateTeam,
  }),
  defineRoute({
    method: 'patch',
    path: '/team/{team_id}',
    summary: 'Change a team',
    access: 'manager',
    input: updateInput,
    fields: ofChange(TEAM_FIELDS),
    answer: teamView,
    handle: updateTeam,
  }),
  defineRoute({
    method: 'post',
    path: '/team/delete',
    summary: 'Take teams away with all their keys, all or none',
    access: 'admin',
    input: z.strictObject({ team_ids: z.array(idText).min(1).max(100) }),
    answer: z.object({ deleted_teams: z.array(z.string()) }),
    handle: async ({ team_ids: ids }, request) => {
      await changing(request, 'team.delete', async (change) => {
        for (const id of new Set(ids)) await change.deleteTeam(id);
      });
      return { body: { deleted_teams: ids } };
    },
  }),
  blocking('/team/block', true),
  blocking('/team/unblock', false),
  defineRoute({
    method: 'get',
    path: '/team/info',
    summary: 'What is known of a team, its members and its newest keys',
    access: 'anyKey',
    input: teamReference,
    answer: z.object({
      team_id: z.string(),
      team_info: teamView,
      keys: z.array(keyView),
      team_memberships: z.array(z.object({ user_id: z.string(), team_id: z.string(), role: z.string() })),
    }),
    handle: async ({ team_id: id }, { actor, parts }) => {
      const reads = parts.store.read;
      const team = await requireTeam(reads, id, actor);
      const members = await reads.listMembers(id);
      const seesKeys = seesAll(actor) || leadsTeam(actor, id);
      const keys = seesKeys ? (await reads.listKeys({ teamId: id }, { page: 1, size: KEYS_SHOWN })).rows : [];
      return {
        body: {
          team_id: id,
          team_info: await viewTeam(team, members, parts),
          keys: await viewKeys(keys, parts),
          team_memberships: members.map(({ userId, role }) => ({ user_id: userId, team_id: id, role })),
        },
      };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/team/list',
    summary: 'A page of the teams the caller may see; x-total-count says how many there are',
    access: 'anyKey',
    input: z.strictObject({
      ...pageShape,
      size: pageShape.size.unwrap().default(100),
      user_id: nameText.optional(),
      team_alias: nameText.optional(),
      organization_id: z.literal('').optional(),
      include_team_keys: z.literal('false').optional(),
    }),
    answer: z.array(teamView),
    handle: async ({ page, size, user_id: memberId, team_alias: aliasContains }, request) => {
      const found = await listTeams(request, { memberId, aliasContains }, { page, size });
      return { body: found.views, headers: totalHeader(found.page) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v2/team/list',
    summary: 'A page of the teams the caller may see',
    access: 'anyKey',
    input: z.strictObject({ ...pageSizeShape, user_id: nameText.optional(), team_alias: nameText.optional() }),
    answer: z.object({
      teams: z.array(teamView),
      total: z.number(),
      page: z.number(),
      page_size: z.number(),
      total_pages: z.number(),
    }),
    handle: async ({ page, page_size: size, user_id: memberId, team_alias: aliasContains }, request) => {
      const found = await listTeams(request, { memberId, aliasContains }, { page, size });
      const total_pages = pagesOf(found.page, { page, size });
      return { body: { teams: found.views, total: found.page.total, page, page_size: size, total_pages } };
    },
  }),
];
