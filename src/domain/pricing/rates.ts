import { PRICE_ENDPOINTS, type Figures, type PriceEndpoint, type PriceEntry, type PriceTier } from './book-content.ts';
import { type Decimal, inUnitsOf, multiplied, parseDecimal } from './decimal.ts';
import { afterDiscount, findOverride, type PriceOverride } from './overrides.ts';
import type { PriceBook, Rates } from './price-book.ts';
import { pricePlaces } from './price-places.ts';
import { findModel } from './priced-model.ts';
import { figureName, isTokenUnit, unitOfFigure } from './price-units.ts';
import { sizedFigure } from './sized-figures.ts';

/**
 * Rates are whole numbers of 10^-24 dollars: AWS's figures for one token have up to 16 decimals, tier factors 2 and
 * discounts 6, so that nothing is rounded before the sum is.
 */
export const RATE_DECIMALS = 24;

export interface RatesQuestion {
  readonly modelId: string;
  readonly region: string;
  readonly endpoint: PriceEndpoint;
  readonly tier: PriceTier;
  /** Whether the request brings more than 200,000 tokens. */
  readonly above200k: boolean;
}

/**
 * How the other tiers relate to the standard one, where a model has no figures for them. The tier is what Bedrock says
 * it served, so the model has it: https://aws.amazon.com/bedrock/pricing/ (flex and batch at half, priority three
 * quarters more, read in August 2026, and so in AWS's price lists for every model that has both).
 */
const TIER_FACTORS: Partial<Readonly<Record<PriceTier, Decimal>>> = {
  flex: { digits: 5n, decimals: 1 },
  batch: { digits: 5n, decimals: 1 },
  priority: { digits: 175n, decimals: 2 },
};

const ONE: Decimal = { digits: 1n, decimals: 0 };

const MEMO_MAX = 2000;

/** The rates of a request; null where neither the book nor the operator knows the model there. */
export function findRates(question: RatesQuestion, book: PriceBook): Rates | null {
  const { modelId, region, endpoint, tier, above200k } = question;
  let asked = askedBefore.get(book);
  if (asked === undefined) askedBefore.set(book, (asked = new Map()));
  const last = asked.get(modelId);
  if (
    last !== undefined &&
    last.region === region &&
    last.tier === tier &&
    last.above200k === above200k &&
    last.endpoint === endpoint
  ) {
    return last.rates;
  }
  const rates = remembered(question, book);
  if (asked.size >= MEMO_MAX) asked.clear();
  asked.set(modelId, { region, endpoint, tier, above200k, rates });
  return rates;
}

/** The last question about each model: nearly always the next one is the same, and needs no text made of it. */
const askedBefore = new WeakMap<
  PriceBook,
  Map<string, Omit<RatesQuestion, 'modelId'> & { readonly rates: Rates | null }>
>();

function remembered(question: RatesQuestion, book: PriceBook): Rates | null {
  const { modelId, region, endpoint, tier, above200k } = question;
  const name = `${endpoint} ${region} ${tier} ${above200k} ${modelId}`;
  const known = book.memo.get(name);
  if (known !== undefined) return known;
  const rates = lookUp(question, book);
  if (book.memo.size >= MEMO_MAX) book.memo.clear();
  book.memo.set(name, rates);
  return rates;
}

function lookUp(question: RatesQuestion, book: PriceBook): Rates | null {
  const model = findModel(question.modelId, book.content.models);
  const region = model?.region ?? question.region;
  const names = model === null ? [question.modelId] : [question.modelId, model.key];
  const override = findOverride(book.overrides, { names, region });
  const chosen =
    model === null
      ? null
      : choose(book.content.models.get(model.key)?.entries ?? [], pricePlaces(model.scope, model.geography, region), {
          ...question,
          region,
        });
  if (chosen === null && (override === null || Object.keys(override.usd).length === 0)) return null;
  return ratesOf(figuresOf(chosen, override, question));
}

/** A figure and what it is multiplied by. */
type Factored = readonly [figure: Decimal, factor: Decimal];

interface Chosen {
  readonly figures: Figures;
  /** Null where the entry is that of the tier itself. */
  readonly factor: Decimal | null;
}

/** The entry at the most exact place, that of the tier before the standard one. */
function choose(
  entries: readonly PriceEntry[],
  places: ReturnType<typeof pricePlaces>,
  { endpoint, tier, above200k }: RatesQuestion,
): Chosen | null {
  // What is not listed for the endpoint itself costs there what it does on bedrock-runtime.
  const listed = entries.some((entry) => entry.endpoint === endpoint) ? endpoint : PRICE_ENDPOINTS[0];
  const factor = TIER_FACTORS[tier];
  const found: Chosen[] = [];
  for (const { scope, place } of places) {
    const here = entries.filter((entry) => entry.scope === scope && entry.place === place && entry.endpoint === listed);
    const own = here.find((entry) => entry.tier === tier);
    const standard = here.find((entry) => entry.tier === 'standard');
    const entry = own ?? (factor === undefined ? undefined : standard);
    if (entry === undefined) continue;
    const multiplier = own === undefined && factor !== undefined ? factor : null;
    if (above200k && entry.above200k !== null) return { figures: entry.above200k, factor: multiplier };
    if (!above200k) return { figures: entry.usd, factor: multiplier };
    found.push({ figures: entry.usd, factor: multiplier });
  }
  // A model without figures of their own for long requests anywhere costs the same at any length.
  return found[0] ?? null;
}

function figuresOf(
  chosen: Chosen | null,
  override: PriceOverride | null,
  { tier, above200k }: RatesQuestion,
): ReadonlyMap<string, Factored> {
  const discount = afterDiscount(decimalOf(override?.discountPercent ?? '0'));
  const factored = new Map<string, Factored>();
  for (const [name, figure] of Object.entries(chosen?.figures ?? {})) {
    const factor = factorOf(name, chosen?.factor ?? null);
    if (factor !== null) factored.set(name, [decimalOf(figure), multiplied(factor, discount)]);
  }
  // An operator's figures are those of the standard tier, from which others follow as AWS's do.
  const factor = tier === 'standard' ? ONE : TIER_FACTORS[tier];
  if (override === null || factor === undefined) return factored;
  const own = (above200k ? override.above200k : null) ?? override.usd;
  for (const [name, figure] of Object.entries(own)) {
    // A figure for the unit as such is one for every variant of it.
    for (const known of factored.keys()) if (known.startsWith(`${name}/`)) factored.delete(known);
    const multiplier = factorOf(name, tier === 'standard' ? null : factor);
    if (multiplier !== null) factored.set(name, [decimalOf(figure), multiplied(multiplier, discount)]);
  }
  return factored;
}

/** Null: a tier's factor is said of tokens only. */
function factorOf(name: string, factor: Decimal | null): Decimal | null {
  if (factor === null) return ONE;
  const unit = unitOfFigure(name);
  return unit !== null && isTokenUnit(unit) ? factor : null;
}

function ratesOf(figures: ReadonlyMap<string, Factored>): Rates {
  const rates = new Map<string, bigint>();
  for (const [name, [figure, factor]] of figures) rates.set(name, inUnitsOf(multiplied(figure, factor), RATE_DECIMALS));
  const names = [...rates.keys()];
  return {
    of: (unit, variant) => {
      const exact = rates.get(figureName(unit, variant));
      if (exact !== undefined || variant === null) return exact ?? null;
      const variants = names.filter((name) => name.startsWith(`${unit}/`));
      return rates.get(variants.length === 0 ? unit : (sizedFigure(unit, variant, variants) ?? '')) ?? null;
    },
  };
}

/** Of a text that was read as a number before. */
function decimalOf(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === null) throw new Error(`${text} is no price`);
  return decimal;
}
