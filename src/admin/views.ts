import type { HolderFacts, StoredCustomer, StoredKey, StoredTeam, StoredUser } from '../domain/holders.ts';
import type { Page, PageRequest } from '../domain/lists.ts';
import { z } from '@hono/zod-openapi';
import type { Grant } from '../domain/policy/grant.ts';
import { readSettings } from './settings.ts';

/** LiteLLM's fields for rates and budgets, so that who reads them finds "none". */
const UNLIMITED = {
  spend: null,
  max_budget: null,
  budget_duration: null,
  budget_reset_at: null,
  max_parallel_requests: null,
  tpm_limit: null,
  rpm_limit: null,
} as const;

const unlimitedShape = {
  spend: z.null().openapi({ description: 'Not metered.' }),
  max_budget: z.null(),
  budget_duration: z.null(),
  budget_reset_at: z.null(),
  max_parallel_requests: z.null(),
  tpm_limit: z.null(),
  rpm_limit: z.null(),
} as const;

const holderShape = {
  models: z.array(z.string()),
  allowed_operations: z.array(z.string()),
  allowed_resources: z.array(z.string()),
  allowed_regions: z.array(z.string()),
  allowed_source_addresses: z.array(z.string()),
  act_for_users: z.boolean(),
  blocked: z.boolean(),
  metadata: z.record(z.string(), z.unknown()),
  tags: z.array(z.string()),
  created_at: z.string(),
  created_by: z.string(),
  updated_at: z.string(),
  ...unlimitedShape,
} as const;

export const keyView = z.object({
  token: z.string().openapi({ description: 'The public id of the key. It is no secret and no hash of one.' }),
  token_id: z.string(),
  key_name: z.string().openapi({ description: 'sk-... and the last four characters.' }),
  key_alias: z.string().nullable(),
  user_id: z.string().nullable(),
  team_id: z.string().nullable(),
  expires: z.string().nullable(),
  allowed_routes: z.array(z.string()),
  default_region: z.string().nullable(),
  ...holderShape,
});

/** The answer that holds the secrets, once. */
export const freshKeyView = keyView.extend({
  key: z.string().openapi({ description: 'The key itself. It is shown this once.' }),
  token: z.string().openapi({ description: 'The same as key, as LiteLLM answers.' }),
  aws_access_key_id: z.string(),
  aws_secret_access_key: z.string(),
});

export const teamView = z.object({
  team_id: z.string(),
  team_alias: z.string().nullable(),
  members_with_roles: z.array(z.object({ user_id: z.string(), role: z.string() })),
  ...holderShape,
});

export const userView = z.object({
  user_id: z.string(),
  user_alias: z.string().nullable(),
  user_email: z.string().nullable(),
  user_role: z.string(),
  ...holderShape,
});

export const customerView = z.object({
  user_id: z.string(),
  alias: z.string().nullable(),
  blocked: z.boolean(),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  ...unlimitedShape,
});

export function viewKey(key: StoredKey): z.infer<typeof keyView> {
  const { allowedRoutes, defaultRegion } = readSettings(key.settings);
  return {
    token: key.id,
    token_id: key.id,
    key_name: key.name,
    key_alias: key.alias,
    user_id: key.userId,
    team_id: key.teamId,
    expires: key.expiresMs === null ? null : date(key.expiresMs),
    allowed_routes: [...(allowedRoutes ?? [])],
    default_region: defaultRegion,
    ...viewHolder(key),
  };
}

export function viewTeam(
  team: StoredTeam,
  members: readonly { readonly userId: string; readonly role: string }[],
): z.infer<typeof teamView> {
  return {
    team_id: team.id,
    team_alias: team.alias,
    members_with_roles: members.map(({ userId, role }) => ({ user_id: userId, role })),
    ...viewHolder(team),
  };
}

export function viewUser(user: StoredUser): z.infer<typeof userView> {
  return {
    user_id: user.id,
    user_alias: user.alias,
    user_email: user.email,
    user_role: user.role,
    ...viewHolder(user),
  };
}

export function viewCustomer(customer: StoredCustomer): z.infer<typeof customerView> {
  return {
    user_id: customer.id,
    alias: customer.alias,
    blocked: customer.blocked,
    metadata: customer.metadata,
    created_at: date(customer.createdMs),
    ...UNLIMITED,
  };
}

export function date(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function pagesOf({ total }: Page<unknown>, { size }: PageRequest): number {
  return Math.ceil(total / size);
}

/** For lists that LiteLLM answers as a bare array: how many entries all pages have together. */
export function totalHeader({ total }: Page<unknown>): Readonly<Record<string, string>> {
  return { 'x-total-count': String(total) };
}

function viewHolder(
  holder: HolderFacts & { readonly createdMs: number; readonly createdBy: string; readonly updatedMs: number },
) {
  return {
    ...viewGrant(holder.grant),
    blocked: holder.blocked,
    metadata: holder.metadata,
    tags: [...holder.tags],
    created_at: date(holder.createdMs),
    created_by: holder.createdBy,
    updated_at: date(holder.updatedMs),
    ...UNLIMITED,
  };
}

function viewGrant({ models, operations, resources, regions, sources, actFor }: Grant) {
  return {
    models: [...(models ?? [])],
    allowed_operations: [...(operations ?? [])],
    allowed_resources: [...(resources ?? [])],
    allowed_regions: [...(regions ?? [])],
    allowed_source_addresses: [...(sources ?? [])],
    act_for_users: actFor,
  };
}
