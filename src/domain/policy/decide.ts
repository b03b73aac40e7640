import type { KeyCaller } from '../caller.ts';
import type { NamedThings } from '../operations/named/named-things.ts';
import type { Needs } from '../operations/named/places.ts';
import type { Operation } from '../operations/operation.ts';
import { compileGrant } from './compiled-grant.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import { judgeModels } from './judge-models.ts';
import type { Resolutions } from './judge-models.ts';
import type { ModelReference } from './model-reference.ts';
import { refusalMessage } from './refusal-message.ts';
import type { Restriction } from './refusal-message.ts';
import type { ResourceReference } from './resource-reference.ts';

/** All of a request that a key's policy is about. */
export interface Ask {
  readonly operation: Operation;
  readonly named: NamedThings;
  readonly region: string;
  /** The gateway's own AWS account; null while it is not known. */
  readonly accountId: string | null;
  /** Where the request came from; null when that can't be said. */
  readonly sourceAddress: string | null;
  /** Headers of the request that act for another user, in lower case. */
  readonly identityHeaders: readonly string[];
  /** What a ModelResolver has found out, by the text of the reference. */
  readonly resolutions: Resolutions;
}

export type Decision =
  | { readonly kind: 'permitted' }
  /** @property message for the client: what was asked, what is allowed, how to allow more. */
  | { readonly kind: 'refused'; readonly restriction: Restriction; readonly message: string }
  /** Ask again with these in `resolutions`. None of them is there yet; at most 32 at a time. */
  | { readonly kind: 'needs-resolving'; readonly references: readonly ModelReference[] };

const PERMITTED: Decision = { kind: 'permitted' };

/** What has to be read out of a request before `decide` can be asked: nothing for most keys. */
export function needsOf(caller: KeyCaller): Needs {
  const grants = caller.grants.map(compileGrant);
  return {
    models: grants.some(({ models, regions }) => models !== null || regions !== null),
    resources: grants.some(({ resources }) => resources !== null),
    actors: grants.some(({ grant }) => !grant.actFor),
  };
}

/**
 * Whether a key may do what is asked: its own grant, its team's and its user's must all allow it. What can't be decided
 * under a restriction is refused. Whether the key is blocked or expired is for who let it in. Pure and total.
 */
export function decide(caller: KeyCaller, ask: Ask): Decision {
  // Who has no grant at all has nothing that says it may.
  if (caller.grants.length === 0) return refused(caller, 0, 'operation', ask.operation.qualifiedName, []);
  const unresolved = new Map<string, ModelReference>();
  for (const [index, grant] of caller.grants.entries()) {
    const decision = decideGrant(caller, index, compileGrant(grant), ask, unresolved);
    if (decision.kind === 'refused') return decision;
  }
  return unresolved.size === 0 ? PERMITTED : { kind: 'needs-resolving', references: [...unresolved.values()] };
}

function decideGrant(
  caller: KeyCaller,
  index: number,
  compiled: CompiledGrant,
  ask: Ask,
  unresolved: Map<string, ModelReference>,
): Decision {
  const { grant } = compiled;
  if (compiled.sources !== null && (ask.sourceAddress === null || !compiled.sources(ask.sourceAddress))) {
    return refused(caller, index, 'source', ask.sourceAddress ?? 'an unknown address', grant.sources ?? []);
  }
  if (!compiled.operations(ask.operation)) {
    return refused(caller, index, 'operation', ask.operation.qualifiedName, grant.operations);
  }
  const actsFor = grant.actFor ? null : actedFor(ask);
  if (actsFor !== null) return refused(caller, index, 'acting', actsFor, []);
  if (compiled.regions !== null && !compiled.regions(ask.region)) {
    return refused(caller, index, 'region', ask.region, grant.regions ?? []);
  }
  const faultyResource = refusedResource(compiled, ask);
  if (faultyResource !== null) return refused(caller, index, 'resource', faultyResource, grant.resources ?? []);

  const fault = judgeModels(compiled, ask, unresolved);
  if (fault === null) return PERMITTED;
  const allowed = fault.restriction === 'model' ? grant.models : grant.regions;
  return refused(caller, index, fault.restriction, fault.asked, allowed ?? []);
}

/** By or for whom the request acts in somebody else's name, or null. */
function actedFor({ identityHeaders, named: { actors }, operation }: Ask): string | null {
  const [header] = identityHeaders;
  if (header !== undefined) return `the header ${header}`;
  // An operation that nobody knows is granted by name; its headers are looked at above.
  if (actors.kind === 'undecidable') return operation.modelled ? `something unknown, because ${actors.why}` : null;
  const [user] = actors.things;
  return user === undefined ? null : `the user ${user}`;
}

/** What is asked for and not allowed, or null. */
function refusedResource({ resources }: CompiledGrant, { named, region, accountId }: Ask): string | null {
  if (resources === null) return null;
  if (named.resources.kind === 'undecidable') return `something unknown, because ${named.resources.why}`;
  const isAllowed = (thing: ResourceReference): boolean =>
    resources.some((allows) => allows(thing, { region, accountId }));
  return named.resources.things.find((thing) => !isAllowed(thing))?.text ?? null;
}

function refused(
  caller: KeyCaller,
  index: number,
  restriction: Restriction,
  asked: string,
  allowed: readonly string[] | null,
): Decision {
  return {
    kind: 'refused',
    restriction,
    message: refusalMessage(holderOf(caller, index), restriction, asked, allowed),
  };
}

function holderOf({ teamId }: KeyCaller, index: number): 'key' | 'team' | 'user' {
  if (index === 0) return 'key';
  return index === 1 && teamId !== null ? 'team' : 'user';
}
