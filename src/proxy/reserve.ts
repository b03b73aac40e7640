import type { Caller } from '../domain/caller.ts';
import { Refusal } from '../domain/errors.ts';
import {
  inputTokensBound,
  outputTokensBound,
  type ModelBounds,
  type TokenBounds,
} from '../domain/limits/call-bounds.ts';
import { type Charge, chargesFor, nanosToCount } from '../domain/limits/charges.ts';
import { isTextStream } from '../domain/limits/output-guess.ts';
import { appliesTo, type Limit, namesOfModels } from '../domain/limits/limit.ts';
import {
  exceeded,
  limitsUnavailable,
  overOutputCap,
  spendArithmetic,
  unbounded,
} from '../domain/limits/limit-refusal.ts';
import { guessTokens, type TokensAndSpend } from '../domain/limits/usual-use.ts';
import { modelsBehind, priceCall } from '../domain/pricing/price-model.ts';
import { modelBounds, upperBoundNanos } from '../domain/pricing/upper-bound.ts';
import { isFree } from '../domain/usage/free-operations.ts';
import type { MeteredRequest } from '../domain/usage/metered-request.ts';
import { askedMode } from '../domain/usage/service-mode.ts';
import { type InputFacts, inputFacts, outputTokensAsked } from '../domain/usage/request-size.ts';
import { isChargedByTokens, unitsAtMost } from '../domain/usage/units-at-most.ts';
import { makesImages } from '../domain/usage/request-usage.ts';
import type { UsageLine } from '../domain/usage/usage.ts';
import type { MeteredCall } from './metered-call.ts';
import type { Proxy } from './proxy.ts';
import { whenKnown } from './when-known.ts';

/** Under what a call runs. */
interface LimitedBy {
  readonly limits: readonly Limit[];
  readonly region: string;
}

/** The price of so many tokens at most, in nano-dollars; null where a price is missing. */
type PriceAtMost = (tokens: { readonly inputTokens: number; readonly outputTokens: number }) => bigint | null;

/**
 * Charges a call to all of its limits at once, all or none: hard ones with what it can come to at most, others with what
 * such calls usually come to.
 * @throws LimitRefusal; Refusal accessDenied where a limit by model may be meant and nobody can say
 */
export function reserve(id: string, metered: MeteredCall, limitedBy: LimitedBy, proxy: Proxy): void | Promise<void> {
  const { request, attribution } = metered;
  const { limits, region } = limitedBy;
  const nowMs = proxy.clock.nowMs();
  const isByModel = limits.some(({ model }) => model !== null);
  const limited = {
    models: isByModel ? namesOfModels(request.modelId, metered.otherModels) : NO_NAMES,
    tags: attribution.tags,
  };
  if (metered.modelsUntold !== null) refuseUntoldModels(metered.modelsUntold, limits, limited.tags);
  if (!limits.some((limit) => appliesTo(limit, limited))) return;

  const estimate = estimateOf(metered, limitedBy, proxy);
  const verdict = chargesFor(limits, { ...limited, ...estimate }, proxy.options.unboundedCalls, nowMs);
  if (verdict.kind === 'unbounded') throw unbounded(verdict.limit, request.modelId);

  const { charges } = verdict;
  return whenKnown(proxy.counters.reserve(id, charges), (reservation) => {
    switch (reservation.kind) {
      case 'admitted':
        metered.charges = charges;
        metered.remaining = reservation.remaining;
        metered.reservedNanos = BigInt(heldNanos(charges) ?? estimate.bounds.spendNanos ?? 0);
        return;
      case 'refused':
        throw exceeded(reservation, estimate.arithmetic(), proxy.clock.nowMs());
      case 'unavailable':
        proxy.log.debug(
          { requestId: id, limit: reservation.charge.limit.id, reason: reservation.reason, region },
          'limit unavailable',
        );
        throw limitsUnavailable(reservation.charge, reservation.retryAfterMs);
    }
  });
}

/**
 * Holds a call to the most output that its key may get at once, whatever limits it has besides: refuses it, or marks its
 * stream to be ended there. Where a request names no model there is nothing to hold it to.
 * @throws LimitRefusal outputOverCap
 */
export function holdToOutputCap(metered: MeteredCall, caller: Caller, region: string, proxy: Proxy): void {
  const { request } = metered;
  if (caller.kind !== 'key' || caller.outputCap === null) return;
  if (request.modelId === null || isFree(request.operation)) return;
  const { tokens } = caller.outputCap;
  const asked = outputTokensAsked(request);
  const bound = outputTokensBound(asked, boundsOf(metered, region, proxy));
  if (bound !== null && bound.tokens <= tokens) return;
  // An answer that comes at once can't be ended anywhere.
  if (proxy.options.outputCap === 'refuse' || !isTextStream(request.operation)) throw overOutputCap(asked, tokens);
  metered.outputEndsAt = tokens;
}

/** What a call that is never heard of again is charged: the most that any of its limits holds for it. */
function heldNanos(charges: readonly Charge[]): number | null {
  let most: number | null = null;
  for (const { limit, amount } of charges) if (limit.kind === 'spend') most = Math.max(most ?? 0, amount);
  return most;
}

const NO_NAMES: readonly string[] = [];

/** A limit of a model is none if a call can go around it by leaving open which model it uses. */
function refuseUntoldModels(why: string, limits: readonly Limit[], tags: readonly string[]): void {
  const limit = limits.find(({ hard, model, tag }) => hard && model !== null && (tag === null || tags.includes(tag)));
  if (limit === undefined) return;
  throw new Refusal(
    'accessDenied',
    `This call runs under limits of single models (${limit.model}), and which models it uses can't be told, because ${why}.`,
  );
}

interface Estimate {
  readonly bounds: {
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    readonly spendNanos: number | null;
  };
  readonly usual: TokensAndSpend;
  /** How the bound of its price comes about; null where tokens are not all of it. */
  readonly arithmetic: () => string | null;
}

const NOTHING: TokensAndSpend = { inputTokens: 0, outputTokens: 0, spendNanos: 0 };

function estimateOf(metered: MeteredCall, { limits, region }: LimitedBy, proxy: Proxy): Estimate {
  const { request } = metered;
  // A look into the body costs more than anything else here, and limits of requests need none.
  const countsOnlyRequests = limits.every(({ kind }) => kind === 'requests' || kind === 'concurrency');
  if (isFree(request.operation) || countsOnlyRequests) {
    return { bounds: NOTHING, usual: NOTHING, arithmetic: () => null };
  }
  const facts = inputFacts(request);
  const asked = outputTokensAsked(request);
  const tokens = isByTokens(request) ? tokensAtMost(metered, facts, asked, region, proxy) : NO_TOKENS;
  const { inputTokens, output } = tokens;
  const price = priceAtMost(metered, region, proxy);
  const tokenNanos =
    inputTokens === null || output === null ? null : price({ inputTokens, outputTokens: output.tokens });
  const units = unitsAtMost(request, facts, output?.tokens ?? null);
  const unitNanos = units === null ? null : priceOfUnits(units, metered, region, proxy);
  const guess = guessTokens(facts, asked);
  const usual = proxy.usualUse.of(kindOf(request)) ?? { ...guess, spendNanos: nanos(price(guess)) ?? 0 };
  const bounds = {
    inputTokens,
    outputTokens: output?.tokens ?? null,
    spendNanos: tokenNanos === null || unitNanos === null ? null : nanosToCount(tokenNanos + unitNanos),
  };
  return { bounds, usual, arithmetic: () => (unitNanos === 0n ? spendArithmetic(tokens, price) : null) };
}

/** Models that charge by the image do so where they are invoked: a job or an agent with one of them is bounded by nothing. */
function isByTokens(request: MeteredRequest): boolean {
  const { name } = request.operation;
  return isChargedByTokens(request) || (makesImages(request) && !name.startsWith('InvokeModel'));
}

const NO_TOKENS: TokenBounds = { inputTokens: 0, output: { tokens: 0, from: 'model' } };

function tokensAtMost(
  metered: MeteredCall,
  facts: InputFacts,
  asked: number | null,
  region: string,
  proxy: Proxy,
): TokenBounds {
  const model = boundsOf(metered, region, proxy);
  return {
    inputTokens: facts.selfContained ? inputTokensBound(facts, model) : null,
    output: outputTokensBound(asked, model),
  };
}

/** What is charged beside tokens; null where a price is missing. */
function priceOfUnits(
  lines: readonly UsageLine[],
  { pricedAs }: MeteredCall,
  region: string,
  proxy: Proxy,
): bigint | null {
  if (lines.length === 0) return 0n;
  const usage = { lines, source: 'request', complete: true, serviceTier: null, latencyOptimized: false } as const;
  const cost = priceCall(usage, pricedAs, region, proxy.prices());
  return cost.kind === 'known' ? cost.nanos : null;
}

/** Of several models the one that takes and gives most. */
function boundsOf({ pricedAs }: MeteredCall, region: string, proxy: Proxy): ModelBounds | null {
  let most: ModelBounds | null = null;
  for (const model of modelsBehind(pricedAs)) {
    const bounds = modelBounds(model, region, proxy.prices());
    if (bounds === null) return null;
    most = most === null ? bounds : larger(most, bounds);
  }
  return most;
}

function larger(a: ModelBounds, b: ModelBounds): ModelBounds {
  const max = (x: number | null, y: number | null): number | null => (x === null || y === null ? null : Math.max(x, y));
  return {
    contextTokens: max(a.contextTokens, b.contextTokens),
    outputTokensMax: max(a.outputTokensMax, b.outputTokensMax),
  };
}

function nanos(price: bigint | null): number | null {
  return price === null ? null : nanosToCount(price);
}

/** By what usual use is remembered. */
export function kindOf({ operation, modelId }: MeteredRequest): string {
  return `${operation.name} ${modelId ?? ''}`;
}

function priceAtMost({ request, pricedAs }: MeteredCall, region: string, proxy: Proxy): PriceAtMost {
  return (tokens) => {
    if (pricedAs.kind === 'billed-by-time' || !isByTokens(request)) return 0n;
    const models = modelsBehind(pricedAs);
    let most: bigint | null = null;
    for (const model of models) {
      const bound = upperBoundNanos(model, region, { ...tokens, ...askedMode(request) }, proxy.prices());
      if (bound === null) return null;
      if (most === null || bound > most) most = bound;
    }
    return most;
  };
}
