import type { Usage, UsageUnit } from '../usage/usage.ts';
import type { ModelBounds, PriceEndpoint, PriceTier } from './book-content.ts';
import { findOverride } from './overrides.ts';
import type { PriceBook, Rates } from './price-book.ts';
import { nanosUp, quantityOf } from './price-usage.ts';
import { findModel } from './priced-model.ts';
import { LONG_CONTEXT_TOKENS, OUTPUT_TOKEN_UNITS } from './price-units.ts';
import { findRates } from './rates.ts';

/** The most a request can use. */
export interface TokensAtMost {
  /** Everything it brings, cached or not. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** As the request asks; the standard tier where it asks for none. */
  readonly serviceTier?: Usage['serviceTier'];
  readonly latencyOptimized?: boolean;
  /** The longest-lived cache entries the request may write. Left out: an hour, the dearest. */
  readonly cacheWrites?: 'none' | '5m' | '1h';
  readonly endpoint?: PriceEndpoint;
}

const STANDARD: readonly PriceTier[] = ['standard'];

const INPUT_BY_CACHE_WRITES: Readonly<Record<'none' | '5m' | '1h', readonly UsageUnit[]>> = {
  none: ['inputTokens', 'cacheReadTokens', 'inputSpeechTokens'],
  '5m': ['inputTokens', 'cacheReadTokens', 'inputSpeechTokens', 'cacheWrite5mTokens'],
  '1h': ['inputTokens', 'cacheReadTokens', 'inputSpeechTokens', 'cacheWrite5mTokens', 'cacheWrite1hTokens'],
};

/**
 * What a request's tokens can cost at most, in nano-dollars, rounded up: every input token at the dearest rate that may
 * apply to it, and never less than the standard tier, which Bedrock may serve instead of a cheaper one. Null when a
 * price is unknown.
 */
export function upperBoundNanos(modelId: string, region: string, most: TokensAtMost, book: PriceBook): bigint | null {
  const { inputTokens, outputTokens, cacheWrites = '1h' } = most;
  const [input, output] = [quantityOf(inputTokens), quantityOf(outputTokens)];
  if (input === null || output === null) return null;
  const tiers = tiersAtMost(most);
  let bound = 0n;
  for (const tier of tiers) {
    const rates = ratesAtMost(modelId, region, tier, most, book);
    const dearestRates = rates === null ? null : dearestOf(rates, cacheWrites);
    if (dearestRates === null || (dearestRates.output === null && output > 0n)) return null;
    const amount = dearestRates.input * input + (dearestRates.output ?? 0n) * output;
    if (amount > bound) bound = amount;
  }
  return nanosUp(bound);
}

/** The bounds of a model, by the operator's word, else the book's; null when neither knows any. */
export function modelBounds(modelId: string, region: string, book: PriceBook): ModelBounds | null {
  let asked = boundsByBook.get(book);
  if (asked === undefined) boundsByBook.set(book, (asked = new Map()));
  const last = asked.get(modelId);
  if (last?.region === region) return last.bounds;
  const bounds = lookUpBounds(modelId, region, book);
  if (asked.size >= MEMO_MAX) asked.clear();
  asked.set(modelId, { region, bounds });
  return bounds;
}

const MEMO_MAX = 2000;

/** The last answer about each model. */
const boundsByBook = new WeakMap<
  PriceBook,
  Map<string, { readonly region: string; readonly bounds: ModelBounds | null }>
>();

function lookUpBounds(modelId: string, region: string, book: PriceBook): ModelBounds | null {
  const model = findModel(modelId, book.content.models);
  const names = model === null ? [modelId] : [modelId, model.key];
  const override = findOverride(book.overrides, { names, region });
  const known = model === null ? undefined : book.content.models.get(model.key);
  const contextTokens = override?.contextTokens ?? known?.contextTokens ?? null;
  const outputTokensMax = override?.outputTokensMax ?? known?.outputTokensMax ?? null;
  return contextTokens === null && outputTokensMax === null ? null : { contextTokens, outputTokensMax };
}

/** A global profile whose price is not listed costs at most what the region's does. */
function ratesAtMost(
  modelId: string,
  region: string,
  tier: PriceTier,
  { inputTokens, endpoint = 'runtime' }: TokensAtMost,
  book: PriceBook,
): Rates | null {
  const question = { region, endpoint, tier, above200k: inputTokens > LONG_CONTEXT_TOKENS };
  const rates = findRates({ ...question, modelId }, book);
  if (rates !== null || !modelId.startsWith('global.')) return rates;
  return findRates({ ...question, modelId: modelId.slice('global.'.length) }, book);
}

/** What may be charged by: Bedrock serves what was asked, or the standard. */
function tiersAtMost({ serviceTier = null, latencyOptimized = false }: TokensAtMost): readonly PriceTier[] {
  if (serviceTier === null && !latencyOptimized) return STANDARD;
  return [
    'standard',
    ...(serviceTier === null || serviceTier === 'reserved' ? [] : [serviceTier]),
    ...(latencyOptimized ? (['latency-optimized'] as const) : []),
  ];
}

/** For one token. */
interface DearestRates {
  readonly input: bigint;
  readonly output: bigint | null;
}

type CacheWrites = NonNullable<TokensAtMost['cacheWrites']>;

/** Rates are made once for each model, region and tier. */
const known: Readonly<Record<CacheWrites, WeakMap<Rates, DearestRates | null>>> = {
  none: new WeakMap(),
  '5m': new WeakMap(),
  '1h': new WeakMap(),
};

/** @returns null where no price of input is known */
function dearestOf(rates: Rates, cacheWrites: CacheWrites): DearestRates | null {
  let found = known[cacheWrites].get(rates);
  if (found === undefined) {
    const inputRate = rates.of('inputTokens', null) ?? rates.of('inputSpeechTokens', null);
    const input = dearest(rates, INPUT_BY_CACHE_WRITES[cacheWrites]) ?? inputRate;
    found = inputRate === null || input === null ? null : { input, output: dearest(rates, OUTPUT_TOKEN_UNITS) };
    known[cacheWrites].set(rates, found);
  }
  return found;
}

function dearest(rates: Rates, units: readonly UsageUnit[]): bigint | null {
  let most: bigint | null = null;
  for (const unit of units) {
    const rate = rates.of(unit, null);
    if (rate !== null && (most === null || rate > most)) most = rate;
  }
  return most;
}
