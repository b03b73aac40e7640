import { z } from '@hono/zod-openapi';
import { type Actor, leadsTeam, seesAll } from '../actor.ts';
import { MEMBER_FIELDS } from '../fields.ts';
import { idText } from '../inputs.ts';
import { addMember, requireUserId } from '../members.ts';
import type { AdminChange } from '../ports.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, type Answer, changing, defineRoute, type Route } from '../route.ts';
import { teamView, viewTeam } from '../views.ts';
import { noSuchTeam } from './teams.ts';

const PAGE = { page: 1, size: 100 } as const;

const memberShape = { user_id: idText.optional(), user_email: idText.optional() } as const;
const role = z.enum(['admin', 'user']);
const newMember = z.strictObject({ ...memberShape, role: role.default('user') });

function requireLead(actor: Actor, teamId: string): void {
  if (leadsTeam(actor, teamId)) return;
  const isKnown = seesAll(actor) || (actor.kind === 'key' && actor.memberOf.has(teamId));
  throw isKnown ? new Problem(403, 'Members are changed by admins of the team.', { param: 'team_id' }) : noSuchTeam();
}

/** The keys that a member had in the team go with the membership. */
async function deleteKeysOfMember(change: AdminChange, teamId: string, userId: string): Promise<void> {
  for (;;) {
    const { rows } = await change.listKeys({ teamId, userId }, PAGE);
    if (rows.length === 0) return;
    for (const key of rows) await change.deleteKey(key.id);
  }
}

async function changeMembers(
  teamId: string,
  request: AdminRequest,
  action: string,
  work: (change: AdminChange) => Promise<void>,
): Promise<Answer> {
  requireLead(request.actor, teamId);
  const { team, members } = await changing(request, action, async (change) => {
    const found = await change.getTeam(teamId);
    if (found === null) throw noSuchTeam();
    await work(change);
    return { team: found, members: await change.listMembers(teamId) };
  });
  return { body: await viewTeam(team, members, request.parts) };
}

/** Who is in a team, and as what. */
export const MEMBER_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/team/member_add',
    summary: 'Add members to a team',
    access: 'manager',
    input: z.strictObject({ team_id: idText, member: newMember.or(z.array(newMember).min(1).max(1000)) }),
    fields: MEMBER_FIELDS,
    answer: teamView,
    handle: ({ team_id: teamId, member }, request) =>
      changeMembers(teamId, request, 'team.member_add', async (change) => {
        for (const one of Array.isArray(member) ? member : [member]) await addMember(change, teamId, one, request);
      }),
  }),
  defineRoute({
    method: 'post',
    path: '/team/member_update',
    summary: 'Give a member another role',
    access: 'manager',
    input: z.strictObject({ team_id: idText, ...memberShape, role }),
    fields: MEMBER_FIELDS,
    answer: teamView,
    handle: ({ team_id: teamId, role: newRole, ...reference }, request) =>
      changeMembers(teamId, request, 'team.member_update', async (change) => {
        const userId = await requireUserId(change, reference);
        const isMember = (await change.listMembers(teamId)).some((one) => one.userId === userId);
        if (!isMember) throw new Problem(404, 'The user is no member of this team.', { param: 'user_id' });
        await change.setMember({ teamId, userId, role: newRole });
      }),
  }),
  defineRoute({
    method: 'post',
    path: '/team/member_delete',
    summary: 'Take a member out of a team, with the keys it has there',
    access: 'manager',
    input: z.strictObject({ team_id: idText, ...memberShape }),
    fields: MEMBER_FIELDS,
    answer: teamView,
    handle: ({ team_id: teamId, ...reference }, request) =>
      changeMembers(teamId, request, 'team.member_delete', async (change) => {
        const userId = await requireUserId(change, reference);
        await change.removeMember(teamId, userId);
        await deleteKeysOfMember(change, teamId, userId);
      }),
  }),
];
