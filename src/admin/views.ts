import type { HolderFacts, StoredCustomer, StoredKey, StoredTeam, StoredUser } from '../domain/holders.ts';
import type { Page, PageRequest, SpenderKind } from '../domain/lists.ts';
import { z } from '@hono/zod-openapi';
import { type LoggingRules, readLoggingRules } from '../domain/logging/logging-rules.ts';
import type { Grant } from '../domain/policy/grant.ts';
import { spendingShape, viewSpending } from './limit-views.ts';
import { readSettings } from './settings.ts';
import { type Spender, spendingOf } from './spending.ts';

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
  ...spendingShape,
} as const;

const loggingView = {
  sinks: z.array(z.string()).nullable().openapi({ description: 'Null: all there are.' }),
  disabled_sinks: z.array(z.string()),
  record_content: z.boolean().nullable().openapi({ description: 'Null: as the gateway does.' }),
  content_sample_rate: z.number(),
  redact_fields: z.array(z.string()),
  redact_patterns: z.array(z.string()),
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
  max_output_tokens_reserved: z.number().nullable(),
  ...loggingView,
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
  ...loggingView,
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
  ...spendingShape,
});

/** What is shown of some of one kind, with what they have spent, in their order. */
type Show<Stored, View> = (some: readonly Stored[], parts: ViewParts) => Promise<readonly View[]>;
type ViewParts = Parameters<typeof spendingOf>[2];

/** At most 1,000 at once. */
export const viewKeys: Show<StoredKey, z.infer<typeof keyView>> = (keys, parts) =>
  withSpending('key', keys, parts, (key, spending) => {
    const { allowedRoutes, defaultRegion, outputCap, logging } = readSettings(key.settings);
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
      max_output_tokens_reserved: outputCap?.tokens ?? null,
      ...viewLogging(logging),
      ...viewHolder(key),
      ...spending,
    };
  });

export async function viewKey(key: StoredKey, parts: ViewParts): Promise<z.infer<typeof keyView>> {
  return only(await viewKeys([key], parts));
}

/** A team with who is in it. */
export type TeamWithMembers = StoredTeam & {
  readonly members: readonly { readonly userId: string; readonly role: string }[];
};

export const viewTeams: Show<TeamWithMembers, z.infer<typeof teamView>> = (teams, parts) =>
  withSpending('team', teams, parts, (team, spending) => ({
    team_id: team.id,
    team_alias: team.alias,
    members_with_roles: team.members.map(({ userId, role }) => ({ user_id: userId, role })),
    ...viewLogging(readLoggingRules(team.settings)),
    ...viewHolder(team),
    ...spending,
  }));

export async function viewTeam(
  team: StoredTeam,
  members: TeamWithMembers['members'],
  parts: ViewParts,
): Promise<z.infer<typeof teamView>> {
  return only(await viewTeams([{ ...team, members }], parts));
}

export const viewUsers: Show<StoredUser, z.infer<typeof userView>> = (users, parts) =>
  withSpending('user', users, parts, (user, spending) => ({
    user_id: user.id,
    user_alias: user.alias,
    user_email: user.email,
    user_role: user.role,
    ...viewHolder(user),
    ...spending,
  }));

export async function viewUser(user: StoredUser, parts: ViewParts): Promise<z.infer<typeof userView>> {
  return only(await viewUsers([user], parts));
}

export const viewCustomers: Show<StoredCustomer, z.infer<typeof customerView>> = (customers, parts) =>
  withSpending('customer', customers, parts, (customer, spending) => ({
    user_id: customer.id,
    alias: customer.alias,
    blocked: customer.blocked,
    metadata: customer.metadata,
    created_at: date(customer.createdMs),
    ...spending,
  }));

export async function viewCustomer(customer: StoredCustomer, parts: ViewParts): Promise<z.infer<typeof customerView>> {
  return only(await viewCustomers([customer], parts));
}

async function withSpending<Stored extends Spender, View>(
  kind: SpenderKind,
  some: readonly Stored[],
  parts: ViewParts,
  view: (stored: Stored, spending: ReturnType<typeof viewSpending>) => View,
): Promise<readonly View[]> {
  const spending = await spendingOf(kind, some, parts);
  const nowMs = parts.clock.nowMs();
  return some.map((stored, index) => view(stored, viewSpending(stored, at(spending, index), nowMs)));
}

function only<Value>(values: readonly Value[]): Value {
  return at(values, 0);
}

function at<Value>(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new RangeError('Something was not shown.');
  return value;
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
  };
}

function viewLogging(rules: LoggingRules) {
  return {
    sinks: rules.sinks === null ? null : [...rules.sinks],
    disabled_sinks: [...rules.disabledSinks],
    record_content: rules.recordContent,
    content_sample_rate: rules.contentSampleRate,
    redact_fields: [...rules.redactFields],
    redact_patterns: [...rules.redactPatterns],
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
