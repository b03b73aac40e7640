import type { Named } from '../operations/named/named-things.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import type { KnownModel } from './model-match.ts';
import { parseModelReference } from './model-reference.ts';
import type { ModelReference } from './model-reference.ts';
import { profileRegions } from './profile-regions.ts';

/** What a resource stands for: every model it may route to, or why nobody can say. */
export type Resolution =
  | { readonly kind: 'models'; readonly models: readonly string[] }
  | { readonly kind: 'unresolvable'; readonly why: string };

/** By the text of the reference. */
export type Resolutions = ReadonlyMap<string, Resolution>;

/** A prompt may name a router, a router a profile of the account, a profile a model. */
const RESOLVING_DEPTH_MAX = 4;
/** A request that names more things to look up than this is refused. */
const RESOLVING_MAX = 32;

export interface ModelFault {
  readonly restriction: 'model' | 'region';
  readonly asked: string;
}

export interface ModelAsk {
  readonly named: { readonly models: Named<ModelReference> };
  readonly region: string;
  readonly resolutions: Resolutions;
}

/**
 * Whether a grant allows every model a request names, there where each of them may run. What has to be looked up first
 * is added to `unresolved`, and counts as allowed until then.
 */
export function judgeModels(
  grant: CompiledGrant,
  ask: ModelAsk,
  unresolved: Map<string, ModelReference>,
): ModelFault | null {
  if (grant.models === null && grant.regions === null) return null;
  const { models } = ask.named;
  if (models.kind === 'undecidable') {
    // Under a region list alone only models that run elsewhere would matter, and those can't be seen either.
    const restriction = grant.models === null ? 'region' : 'model';
    return { restriction, asked: `something unknown, because ${models.why}` };
  }
  return firstFault(models.things, (reference) => judge(grant, reference, ask, unresolved, 0));
}

function judge(
  grant: CompiledGrant,
  reference: ModelReference,
  ask: ModelAsk,
  unresolved: Map<string, ModelReference>,
  depth: number,
): ModelFault | null {
  const isNamed = grant.models?.some(({ allowsText }) => allowsText(reference)) ?? true;
  switch (reference.kind) {
    case 'unknown':
      if (grant.regions !== null) return regionFault(reference.text, 'of no known form');
      return isNamed ? null : modelFault(reference.text, 'of no known form');
    case 'foundation-model':
    case 'inference-profile':
      return judgeKnown(grant, reference, ask.region);
    case 'to-resolve': {
      if (reference.region !== null && grant.regions?.(reference.region) === false) {
        return regionFault(reference.text, `in ${reference.region}`);
      }
      if (isNamed && grant.regions === null) return null;
      const resolution = ask.resolutions.get(reference.text);
      const refuse = grant.models !== null && !isNamed ? modelFault : regionFault;
      if (resolution === undefined)
        return postpone(reference, unresolved) ? null : refuse(reference.text, 'one of too many');
      if (resolution.kind === 'unresolvable') return refuse(reference.text, `unresolvable: ${resolution.why}`);
      if (depth >= RESOLVING_DEPTH_MAX || resolution.models.length === 0) return refuse(reference.text, 'unresolvable');
      // A resource that is allowed by name may use whatever models it does, but not wherever.
      const inner = isNamed ? { ...grant, models: null } : grant;
      const fault = firstFault(resolution.models.map(parseModelReference), (model) =>
        judge(inner, model, ask, unresolved, depth + 1),
      );
      return fault === null ? null : { ...fault, asked: `${fault.asked} (by ${reference.text})` };
    }
  }
}

function judgeKnown(grant: CompiledGrant, model: KnownModel, requestRegion: string): ModelFault | null {
  if (grant.models?.every(({ allows }) => !allows(model, requestRegion)) === true) return modelFault(model.text);
  const { regions } = grant;
  if (regions === null) return null;
  if (model.region !== null && !regions(model.region)) return regionFault(model.text, `in ${model.region}`);
  if (model.kind === 'foundation-model') return null;
  const mayRunIn = profileRegions(model.prefix);
  if (mayRunIn === null || model.modelId === null) return regionFault(model.text, 'which may run in unknown regions');
  const elsewhere = mayRunIn.find((region) => !regions(region));
  return elsewhere === undefined ? null : regionFault(model.text, `which may run in ${elsewhere}`);
}

/** @returns false when there are too many. */
function postpone(reference: ModelReference, unresolved: Map<string, ModelReference>): boolean {
  unresolved.set(reference.text, reference);
  return unresolved.size <= RESOLVING_MAX;
}

function modelFault(text: string, why?: string): ModelFault {
  return { restriction: 'model', asked: why === undefined ? text : `${text} (${why})` };
}

function regionFault(text: string, why: string): ModelFault {
  return { restriction: 'region', asked: `of ${text} (${why})` };
}

function firstFault(
  references: readonly ModelReference[],
  judgeOne: (reference: ModelReference) => ModelFault | null,
): ModelFault | null {
  for (const reference of references) {
    const fault = judgeOne(reference);
    if (fault !== null) return fault;
  }
  return null;
}
