import { isRegion } from '../../aws/partitions.ts';
import type { PriceEndpoint, PriceScope, PriceTier } from '../book-content.ts';
import { decimalText, dividedByPowerOfTen, parseDecimal } from '../decimal.ts';
import { modelKeyOfName } from '../model-names.ts';
import { GUARDRAILS, isTokenUnit, unitOfFigure } from '../price-units.ts';
import { guardrailFigure } from './guardrail-usage-type.ts';
import type { OfferedPrice } from './offer-file.ts';
import { readUsageType, type BilledQuantity } from './usage-type.ts';

/** A figure of the book, and whose it is. */
export interface OfferedFigure {
  /** `id`: an id without its version; `key`: what `modelKeyOfName` makes of a name. */
  readonly model: { readonly kind: 'id' | 'key'; readonly text: string };
  readonly scope: PriceScope;
  readonly region: string;
  readonly tier: PriceTier;
  readonly endpoint: PriceEndpoint;
  readonly above200k: boolean;
  readonly figure: string;
  /** US dollars for one. */
  readonly usd: string;
}

/** Why a price of AWS's list is not taken over. */
export type LeftOut = 'another product' | 'unknown quantity' | 'unknown unit' | 'no price' | 'no region';

const MARKETPLACE_NAME = / \(Amazon Bedrock Edition\)$/;
/** Listings of the time when a model was sold once more with a longer context. */
const LONGER_CONTEXT = /\(\d+\s*k\)$/i;
const LATENCY_OPTIMIZED = /\s+latency[ -]optimized$/i;

const FEATURES: ReadonlySet<string> = new Set(['', 'ondemandinference', 'batchinference']);
const TIER_WORDS: ReadonlyMap<string, PriceTier> = new Map([
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['batch', 'batch'],
]);

const UNIT_SCALE = /^1([KM])\b/i;
const MILLION = /\bmillion\b/i;

/** Takes one price of the list into the book's words, or says why not. What is not understood to the last word is left out. */
export function offeredFigure({ attributes, unit, description, usd }: OfferedPrice): OfferedFigure | LeftOut {
  const region = attributes['regionCode'] ?? '';
  const usageType = attributes['usagetype'] ?? '';
  if (!isRegion(region)) return 'no region';
  const amount = parseDecimal(usd);
  if (amount === null) return 'no price';
  const guardrail = guardrailFigure(usageType);
  if (guardrail !== null) {
    const scale = scaleOf(unit);
    return {
      model: { kind: 'id', text: GUARDRAILS },
      scope: 'in-region',
      region,
      tier: 'standard',
      endpoint: 'runtime',
      above200k: false,
      figure: guardrail,
      usd: decimalText(dividedByPowerOfTen(amount, scale ?? 0)),
    };
  }
  if (!FEATURES.has((attributes['feature'] ?? '').toLowerCase().replace(/[^a-z]/g, ''))) return 'another product';
  const quantity = readUsageType(usageType);
  if (quantity === null) return 'unknown quantity';
  const model = modelOf(attributes, quantity);
  const tiers = tiersOf(attributes, quantity);
  if (model === null || tiers.size > 1) return 'another product';
  // Only writing to a cache is given away; any other price of nothing is one that was not filled in.
  if (amount.digits === 0n && !quantity.figure.startsWith('cacheWrite')) return 'no price';
  const scale = scaleOfQuantity(quantity.figure, unit, description);
  if (scale === null) return 'unknown unit';
  const { scope, endpoint, above200k, figure } = quantity;
  const [tier = 'standard'] = tiers;
  return {
    model,
    scope,
    region,
    tier,
    endpoint,
    above200k,
    figure,
    usd: decimalText(dividedByPowerOfTen(amount, scale)),
  };
}

function modelOf(attributes: OfferedPrice['attributes'], { model }: BilledQuantity): OfferedFigure['model'] | null {
  // A model id has a company before its first point; `nova2.0lite` does not.
  if (/^[a-z][a-z0-9]*[a-z]\d*\.[a-z]/.test(model)) return { kind: 'id', text: model };
  const listing = attributes['servicename'] ?? '';
  const sold = MARKETPLACE_NAME.test(listing) ? listing.replace(MARKETPLACE_NAME, '') : '';
  const name = (attributes['model'] ?? '') || (attributes['titanModel'] ?? '') || sold || model;
  if (name === '' || LONGER_CONTEXT.test(name)) return null;
  return { kind: 'key', text: modelKeyOfName(name.replace(LATENCY_OPTIMIZED, '')) };
}

/** AWS says the tier in any of five places; where two differ, nobody knows. */
function tiersOf(attributes: OfferedPrice['attributes'], { tiers }: BilledQuantity): ReadonlySet<PriceTier> {
  const said = new Set<PriceTier>(tiers);
  const words = [attributes['service_tier'], attributes['inferenceType'], attributes['feature']]
    .join(' ')
    .toLowerCase()
    .split(/[^a-z]+/);
  for (const word of words) {
    const tier = TIER_WORDS.get(word.replace(/inference$/, ''));
    if (tier !== undefined) said.add(tier);
  }
  if (LATENCY_OPTIMIZED.test(attributes['model'] ?? '')) said.add('latency-optimized');
  return said;
}

/** The power of ten a price is for; null for a unit that could be any. */
function scaleOfQuantity(figure: string, unit: string, description: string): number | null {
  const scale = scaleOf(unit);
  if (scale !== null) return scale;
  const kind = unitOfFigure(figure);
  if (kind === null || !isTokenUnit(kind)) return 0;
  // AWS Marketplace sells millions of tokens as "Units", and says so in words.
  if (/^units?$/i.test(unit)) return MILLION.test(description) ? 6 : null;
  return /^tokens?$/i.test(unit) ? 0 : null;
}

function scaleOf(unit: string): number | null {
  const [, scale] = UNIT_SCALE.exec(unit) ?? [];
  if (scale === undefined) return null;
  return scale.toUpperCase() === 'K' ? 3 : 6;
}
