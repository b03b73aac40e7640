import type { CallCost } from '../call-record.ts';
import type { Usage, UsageLine } from '../usage/usage.ts';
import type { PriceEndpoint, PriceTier } from './book-content.ts';
import type { PriceBook } from './price-book.ts';
import {
  GUARDRAILS,
  INPUT_TOKEN_UNITS,
  isGuardrailUnit,
  isTokenUnit,
  KNOWLEDGE_BASES,
  LONG_CONTEXT_TOKENS,
} from './price-units.ts';
import { findRates, RATE_DECIMALS } from './rates.ts';

/** What a call was for. */
export interface PriceContext {
  /** An id, a profile id or an ARN; null where the request names no model. */
  readonly modelId: string | null;
  /** The region the request was made in. */
  readonly region: string;
  /** Default: bedrock-runtime. */
  readonly endpoint?: PriceEndpoint;
  /** Tokens of the call's own model were paid for by the hour: provisioned throughput. */
  readonly billedByTime?: boolean;
}

/** What a usage costs to the last digit, or what is not known of it. */
export type ExactCost =
  { readonly kind: 'known'; readonly amount: bigint } | { readonly kind: 'unknown'; readonly missing: string };

/** Seconds have up to three decimals, so amounts are in 10^-27 dollars. */
const QUANTITY_DECIMALS = 3;
const QUANTITY_SCALE = 10 ** QUANTITY_DECIMALS;
const AMOUNTS_PER_NANO = 10n ** BigInt(RATE_DECIMALS + QUANTITY_DECIMALS - 9);

/**
 * What a usage costs, rounded once, half up, to whole nano-dollars. It is unknown, never zero, when a price is missing
 * or the usage is not all of it; `missing` says what. What was free costs nothing.
 */
export function priceUsage(usage: Usage, context: PriceContext, book: PriceBook): CallCost {
  if (usage.source === 'free') return { kind: 'known', nanos: 0n };
  if (usage.source === 'unknown') return { kind: 'unknown', missing: 'what was used' };
  if (!usage.complete) return { kind: 'unknown', missing: 'what was used after the answer was cut' };
  const cost = exactCost(usage, context, book);
  return cost.kind === 'unknown' ? cost : { kind: 'known', nanos: nanosHalfUp(cost.amount) };
}

/**
 * The price of the lines alone, in 10^-27 dollars, nothing rounded: that of two usages together is the sum of both,
 * as long as both are on the same side of 200,000 input tokens. A cut answer has at least cost this.
 */
export function exactCost(usage: Usage, context: PriceContext, book: PriceBook): ExactCost {
  const inputTokens = usage.lines.length === 1 ? null : inputTokensByModel(usage.lines);
  let amount = 0n;
  for (const line of usage.lines) {
    if (line.quantity === 0) continue;
    const quantity = quantityOf(line.quantity);
    if (quantity === null) return { kind: 'unknown', missing: `a quantity of ${line.unit}` };
    const input = inputTokens === null ? inputTokensOf(line) : (inputTokens.get(line.modelId) ?? 0);
    const rate = rateOf(line, usage, input > LONG_CONTEXT_TOKENS, context, book);
    if (typeof rate !== 'bigint') return { kind: 'unknown', missing: rate.missing };
    amount += rate * quantity;
  }
  return { kind: 'known', amount };
}

function nanosHalfUp(amount: bigint): bigint {
  return (amount + AMOUNTS_PER_NANO / 2n) / AMOUNTS_PER_NANO;
}

/** The next whole nano-dollar, for bounds. */
export function nanosUp(amount: bigint): bigint {
  return (amount + AMOUNTS_PER_NANO - 1n) / AMOUNTS_PER_NANO;
}

/** In thousandths; null for what is no quantity. */
export function quantityOf(quantity: number): bigint | null {
  if (!Number.isFinite(quantity) || quantity < 0) return null;
  if (Number.isInteger(quantity)) return BigInt(quantity) * BigInt(QUANTITY_SCALE);
  return BigInt(Math.round(quantity * QUANTITY_SCALE));
}

/** In 10^-24 dollars for one, or what is missing. */
function rateOf(
  { unit, variant, modelId: lineModel }: UsageLine,
  usage: Usage,
  above200k: boolean,
  context: PriceContext,
  book: PriceBook,
): bigint | { readonly missing: string } {
  const { region, endpoint = 'runtime', billedByTime = false } = context;
  const isGuardrail = isGuardrailUnit(unit);
  const isPaid = usage.serviceTier === 'reserved' || (billedByTime && lineModel === null);
  if (isPaid && isTokenUnit(unit)) return 0n;
  const modelId = isGuardrail
    ? GUARDRAILS
    : (lineModel ?? context.modelId ?? (unit === 'requests' ? KNOWLEDGE_BASES : null));
  if (modelId === null) return { missing: `the model of ${unit}` };
  const tier = isGuardrail ? 'standard' : tierOf(usage);
  const rates = findRates({ modelId, region, endpoint, tier, above200k }, book);
  if (rates === null) return { missing: `prices of ${modelId} in ${region}${tier === 'standard' ? '' : ` (${tier})`}` };
  return rates.of(unit, variant) ?? { missing: missingFigure(`${unit}${variant === null ? '' : ` ${variant}`}`) };

  function missingFigure(what: string): string {
    return `the price of ${what} of ${modelId} in ${region} (${tier}${above200k ? ', above 200,000 tokens' : ''})`;
  }
}

function tierOf({ serviceTier, latencyOptimized }: Usage): PriceTier {
  if (latencyOptimized) return 'latency-optimized';
  return serviceTier === null || serviceTier === 'reserved' ? 'standard' : serviceTier;
}

function inputTokensByModel(lines: readonly UsageLine[]): ReadonlyMap<string | null, number> {
  const tokens = new Map<string | null, number>();
  for (const line of lines) tokens.set(line.modelId, (tokens.get(line.modelId) ?? 0) + inputTokensOf(line));
  return tokens;
}

function inputTokensOf({ unit, quantity }: UsageLine): number {
  return INPUT_TOKEN_UNITS.includes(unit) ? quantity : 0;
}
