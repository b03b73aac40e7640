import type { StoredCall, UsageQuery } from '../domain/ledger.ts';
import type { Resolution } from '../domain/policy/judge-models.ts';
import { type ModelReference, parseModelReference } from '../domain/policy/model-reference.ts';
import { priceCall, priceModelOf } from '../domain/pricing/price-model.ts';
import type { PriceBook } from '../domain/pricing/price-book.ts';
import { Refusal } from '../domain/errors.ts';
import { allUsage } from './all-usage.ts';
import type { NewPrice } from './ledger-ports.ts';
import type { Period } from './periods.ts';
import type { AdminParts } from './ports.ts';

/** What AWS says that the names in calls stand for. */
export interface Resolved {
  /** Null for what nobody could tell. */
  of(modelId: string, region: string): Resolution | null;
}

/** As many questions as AWS may be asked at once: see the resolver's own bound. */
const QUESTIONS_MAX = 20;

/**
 * What the own resources of an account stand for (application inference profiles and the like), in the calls of a period:
 * pricing itself can't wait for it. What can't be told is left out.
 */
export async function resolveModels(period: Period, parts: AdminParts): Promise<Resolved> {
  const query: UsageQuery = { groupBy: ['model', 'region'], bucket: 'none', filter: {}, ...period, order: 'cost' };
  const resolutions = new Map<string, Resolution>();
  for (const { group } of await allUsage(query, 'since', parts.ledger)) {
    const [modelId = '', region = ''] = group;
    const reference = parseModelReference(modelId);
    if (resolutions.size >= QUESTIONS_MAX || priceModelOf(reference, null, region).kind !== 'ask') continue;
    const resolution = await resolveOne(reference, region, parts);
    if (resolution !== null) resolutions.set(nameOf(modelId, region), resolution);
  }
  return { of: (modelId, region) => resolutions.get(nameOf(modelId, region)) ?? null };
}

async function resolveOne(
  reference: ModelReference,
  region: string,
  { modelResolver }: AdminParts,
): Promise<Resolution | null> {
  try {
    const found = await modelResolver.resolve([reference], { region, keyId: 'master' });
    return found.get(reference.text) ?? null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** What a call costs by the prices in force; null when it can't be told now what its model is. */
export function newPriceOf(call: StoredCall, resolved: Resolved, prices: PriceBook): NewPrice | null {
  const { usage, modelId } = call;
  const region = call.region ?? '';
  const priceVersion = usage.source === 'free' ? null : prices.version;
  if (modelId === null || usage.source === 'free') {
    return { cost: priceCall(usage, { kind: 'one-of', modelIds: [] }, region, prices), priceVersion };
  }
  const reference = parseModelReference(modelId);
  const resolution = resolved.of(modelId, region);
  const isUntold =
    priceModelOf(reference, null, region).kind === 'ask' && (resolution === null || resolution.kind === 'unresolvable');
  const pricedAs = isUntold
    ? ({ kind: 'unlisted', modelId, why: 'AWS does not say now what it stands for' } as const)
    : priceModelOf(reference, resolution, region);
  const cost = priceCall(usage, pricedAs, region, prices);
  // A known cost is not lost only because nobody can be asked today.
  return isUntold && cost.kind === 'unknown' ? null : { cost, priceVersion };
}

function nameOf(modelId: string, region: string): string {
  return `${region} ${modelId}`;
}
