import type { CallCost } from '../call-record.ts';
import type { Resolution } from '../policy/judge-models.ts';
import { parseModelReference, type ModelReference, type ResolvableKind } from '../policy/model-reference.ts';
import type { Usage } from '../usage/usage.ts';
import type { PriceBook } from './price-book.ts';
import { geographyOf } from './price-places.ts';
import { priceUsage } from './price-usage.ts';

/** What the thing a request names is priced as. */
export type PricedAs =
  /** As a model under this id, profile prefix included. */
  | { readonly kind: 'model'; readonly modelId: string }
  /** As whichever of several models answers: the usage has to say. */
  | { readonly kind: 'one-of'; readonly modelIds: readonly string[] }
  /** Paid for by the hour, so tokens cost nothing more. */
  | { readonly kind: 'billed-by-time' }
  /** AWS has to be asked first, by the ModelResolver, which remembers. */
  | { readonly kind: 'ask'; readonly reference: ModelReference }
  /** Nobody lists a price for it; an operator may, under the name it is called by. */
  | { readonly kind: 'unlisted'; readonly modelId: string; readonly why: string };

/** Resources whose models' price is theirs. */
const PRICED_AS_ITS_MODELS: ReadonlySet<ResolvableKind> = new Set([
  'application-inference-profile',
  'prompt',
  'prompt-router',
  'default-prompt-router',
]);

const WHY_UNLISTED: Partial<Readonly<Record<ResolvableKind, string>>> = {
  'imported-model': 'AWS bills imported models by the minute they are loaded',
  'custom-model': 'AWS lists no price for custom models on demand',
  'custom-model-deployment': 'AWS lists no price for custom models on demand',
  endpoint: 'AWS bills marketplace endpoints by the hour, their vendors as they like',
  id: 'it may be a profile or provisioned throughput: name it by its ARN',
};

/**
 * What a reference costs as: a pure step between the name in a request and `priceUsage`. Provisioned throughput is paid
 * for by the hour; an account's own profile, prompt or router costs what the models behind it do, routed as they are
 * listed: one region, several (a geographic profile), or none (`arn:aws:bedrock:::…`, a global one).
 *
 * @param resolution what the ModelResolver said of it; null when it was not asked.
 * @param region where the request was made.
 */
export function priceModelOf(reference: ModelReference, resolution: Resolution | null, region: string): PricedAs {
  const { text: modelId } = reference;
  if (reference.kind !== 'to-resolve') return { kind: 'model', modelId };
  const { resource } = reference;
  if (resource === 'provisioned-model') return { kind: 'billed-by-time' };
  if (!PRICED_AS_ITS_MODELS.has(resource)) {
    return { kind: 'unlisted', modelId, why: WHY_UNLISTED[resource] ?? 'nobody lists a price for it' };
  }
  if (resolution === null) return { kind: 'ask', reference };
  if (resolution.kind === 'unresolvable') return { kind: 'unlisted', modelId, why: resolution.why };
  const modelIds = idsOf(resolution.models, region);
  const [only, ...others] = modelIds;
  if (only === undefined) return { kind: 'unlisted', modelId, why: 'it names no model' };
  return others.length === 0 ? { kind: 'model', modelId: only } : { kind: 'one-of', modelIds };
}

/** The models a call is priced as: none where it is paid for by the hour. */
export function modelsBehind(pricedAs: PricedAs): readonly string[] {
  switch (pricedAs.kind) {
    case 'model':
    case 'unlisted':
      return [pricedAs.modelId];
    case 'one-of':
      return pricedAs.modelIds;
    case 'billed-by-time':
    case 'ask':
      return [];
  }
}

/** What a call cost that was priced as `pricedAs`. */
export function priceCall(usage: Usage, pricedAs: PricedAs, region: string, book: PriceBook): CallCost {
  switch (pricedAs.kind) {
    case 'model':
    case 'unlisted':
      return priceUsage(usage, { modelId: pricedAs.modelId, region }, book);
    case 'one-of':
      return priceUsage(usage, { modelId: null, region }, book);
    case 'billed-by-time':
      return priceUsage(usage, { modelId: null, region, billedByTime: true }, book);
    case 'ask':
      return usage.source === 'free'
        ? { kind: 'known', nanos: 0n }
        : { kind: 'unknown', missing: `what ${pricedAs.reference.text} stands for` };
  }
}

/** The models behind a resource, each once, under the ids their routing is priced by. */
function idsOf(models: readonly string[], region: string): readonly string[] {
  const ids = new Set<string>();
  const regionsOf = new Map<string, Set<string>>();
  for (const text of models) {
    const model = parseModelReference(text);
    if (model.kind !== 'foundation-model') ids.add(text);
    else regionsOf.set(model.id, (regionsOf.get(model.id) ?? new Set()).add(model.region ?? ''));
  }
  for (const [id, regions] of regionsOf) {
    // A prompt writes ids, which have no region; an ARN without one is that of a global profile.
    const prefix = models.includes(id) ? null : prefixOf([...regions], region);
    ids.add(prefix === null ? id : `${prefix}.${id}`);
  }
  return [...ids];
}

function prefixOf(regions: readonly string[], region: string): string | null {
  if (regions.includes('')) return 'global';
  return regions.length === 1 ? null : geographyOf(region, regions);
}
