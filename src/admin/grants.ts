import type { HolderFacts } from '../domain/holders.ts';
import type { JsonObject } from '../domain/json.ts';
import { SERVICE_IDS } from '../domain/operations/services.ts';
import { grantFaults } from '../domain/policy/grant-faults.ts';
import { DEFAULT_GRANT, type Grant } from '../domain/policy/grant.ts';
import { GRANT_FIELDS, type Actor, isAdmin, requireHeld } from './actor.ts';
import { type LimitInput, limitsAfter } from './limits.ts';
import { withoutLogging } from './litellm-logging.ts';
import { Problem, shownValue } from './problem.ts';

/** The fields of a request that a grant is made of. An empty list restricts nothing. */
export interface GrantInput {
  readonly models?: readonly string[] | undefined;
  readonly allowed_operations?: readonly string[] | undefined;
  readonly allowed_resources?: readonly string[] | undefined;
  readonly allowed_regions?: readonly string[] | undefined;
  readonly allowed_source_addresses?: readonly string[] | undefined;
  readonly act_for_users?: boolean | undefined;
}

export interface HolderInput extends GrantInput, LimitInput {
  readonly blocked?: boolean | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly tags?: readonly string[] | undefined;
}

/**
 * A team or user of whom nothing is said stands in nobody's way: what a key may do is then up to the key. The default
 * operations are those of a key.
 */
export const OPEN_GRANT: Grant = {
  ...DEFAULT_GRANT,
  operations: ['*', ...SERVICE_IDS.map((service) => `${service}:Unmodelled`)],
  actFor: true,
};

const EMPTY_HOLDER = { limits: null, budgetId: null, settings: {}, metadata: {}, tags: [], blocked: false } as const;

export const NEW_KEY: HolderFacts = { ...EMPTY_HOLDER, grant: DEFAULT_GRANT };
export const NEW_OWNER: HolderFacts = { ...EMPTY_HOLDER, grant: OPEN_GRANT };

/** Names that LiteLLM takes for "whatever the team or the gateway has". */
const NO_MODEL_RESTRICTION = ['all-team-models', 'all-proxy-models'];

/** Whether a request says anything about a grant. */
export function mentionsGrant(input: GrantInput): boolean {
  return Object.values(GRANT_FIELDS).some((field) => input[field] !== undefined);
}

/**
 * The grant that a request asks for, over the one there is.
 * @param silent what an emptied list of operations stands for.
 * @throws Problem 422 naming the field with an entry that can't be meant
 */
function grantOf(input: GrantInput, base: Grant, silent: Grant = DEFAULT_GRANT): Grant {
  const grant: Grant = {
    models: listed(
      input.models?.some((entry) => NO_MODEL_RESTRICTION.includes(entry)) ? [] : input.models,
      base.models,
    ),
    operations:
      input.allowed_operations?.length === 0 ? silent.operations : (input.allowed_operations ?? base.operations),
    resources: listed(input.allowed_resources, base.resources),
    regions: listed(input.allowed_regions, base.regions),
    sources: listed(input.allowed_source_addresses, base.sources),
    actFor: input.act_for_users ?? base.actFor,
  };
  const [fault] = grantFaults(grant);
  if (fault === undefined) return grant;
  const param = GRANT_FIELDS[fault.field];
  throw new Problem(422, `${param}: "${shownValue(fault.entry)}" ${fault.problem}.`, { param });
}

/** The facts of a holder after a request. @throws Problem 403, 422 */
export function holderAfter(input: HolderInput, base: HolderFacts, silent: Grant, actor: Actor): HolderFacts {
  const grant = grantOf(input, base.grant, silent);
  if (mentionsGrant(input)) requireHeld(actor, grant);
  return {
    ...base,
    ...limitsAfter(input, base, actor),
    grant,
    blocked: input.blocked ?? base.blocked,
    metadata: input.metadata === undefined ? base.metadata : withoutLogging(input.metadata),
    tags: input.tags ?? tagsIn(input.metadata) ?? base.tags,
  };
}

/**
 * What a new key gets where a request says nothing: the default, or what the caller itself is restricted to.
 */
export function inheritedGrant(actor: Actor): Grant {
  if (actor.kind === 'master') return DEFAULT_GRANT;
  const first = <Name extends keyof Grant>(name: Name): Grant[Name] | null =>
    actor.grants.map((grant) => grant[name]).find((list) => list !== null) ?? null;
  const operations = isAdmin(actor) ? actor.grants[0]?.operations : actor.grants.find(isNarrowed)?.operations;
  return {
    models: first('models'),
    operations: operations ?? null,
    resources: first('resources'),
    regions: first('regions'),
    sources: first('sources'),
    actFor: false,
  };
}

function isNarrowed({ operations }: Grant): boolean {
  return operations !== null && !operations.includes('*');
}

function listed(given: readonly string[] | undefined, base: readonly string[] | null): readonly string[] | null {
  if (given === undefined) return base;
  return given.length === 0 ? null : given;
}

/** LiteLLM's examples put the tags of a key into its metadata. */
function tagsIn(metadata: JsonObject | undefined): readonly string[] | undefined {
  const tags = metadata?.['tags'];
  if (!Array.isArray(tags)) return undefined;
  const texts = tags.filter((tag) => typeof tag === 'string');
  return texts.length === tags.length ? texts : undefined;
}
