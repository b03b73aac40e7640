import { Refusal, type RefusalKind } from '../errors.ts';
import type { OutputBound, TokenBounds } from './call-bounds.ts';
import type { Charge } from './charges.ts';
import { isRate, type Limit, type LimitKind, type LimitScope } from './limit.ts';
import { countText, dollarsText } from './number-text.ts';
import { rateHeaders } from './rate-headers.ts';
import { resetsInMs, windowPhrase } from './window.ts';

/** A refusal with headers of its own, alternating names and values. */
export class LimitRefusal extends Refusal {
  readonly headers: readonly string[];

  constructor(kind: RefusalKind, message: string, headers: readonly string[]) {
    super(kind, message);
    this.headers = headers;
  }
}

/** A charge that did not fit. */
export interface ExceededLimit {
  readonly charge: Charge;
  /** Settled and held by running calls. */
  readonly used: number;
  /** Until it might fit, in milliseconds; null where waiting is no use. */
  readonly retryAfterMs: number | null;
}

/**
 * The answer to a call that a limit has no room for: 429 for a rate; 400, which no client repeats, for a budget, a quota
 * over more than an hour, and for a call that is larger than the limit as such. All but the last say when to try again.
 * @param arithmetic how the amount came about, see `spendArithmetic`; null where there is nothing to tell
 */
export function exceeded(
  { charge, used, retryAfterMs }: ExceededLimit,
  arithmetic: string | null,
  nowMs: number,
): LimitRefusal {
  const { limit, max, amount } = charge;
  const facts = limit.kind === 'spend' ? budgetText(charge, used, arithmetic) : usageText(charge, used);
  if (amount > max) return new LimitRefusal('budgetExceeded', `${facts}${tooLargeText(limit, nowMs)}`, []);
  if (retryAfterMs === null) return new LimitRefusal('budgetExceeded', facts, []);
  const message = `${facts}${whenText(limit, retryAfterMs, nowMs)}`;
  const retryAfter = ['retry-after', String(secondsOf(retryAfterMs))];
  if (!isRate(limit)) return new LimitRefusal('budgetExceeded', message, retryAfter);
  const ofLiteLlm = ['rate_limit_type', RATE_LIMIT_TYPES[limit.kind], 'reset_at', resetAtText(nowMs + retryAfterMs)];
  const rates = rateHeaders([{ charge, remaining: max - used }], nowMs);
  return new LimitRefusal('rateLimited', message, [...retryAfter, ...ofLiteLlm, ...rates]);
}

/** LiteLLM's words for what a rate counts. */
const RATE_LIMIT_TYPES: Readonly<Record<LimitKind, string>> = {
  requests: 'requests',
  inputTokens: 'tokens',
  outputTokens: 'tokens',
  totalTokens: 'tokens',
  concurrency: 'max_parallel_requests',
  spend: 'spend',
};

/** As LiteLLM writes it: `2026-11-18 13:48:00 UTC`. */
function resetAtText(atMs: number): string {
  const text = new Date(Math.ceil(atMs / 1000) * 1000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

/** LiteLLM's clients look for the first words. */
function budgetText({ limit, max, amount }: Charge, used: number, arithmetic: string | null): string {
  const left = Math.max(0, max - used);
  const state =
    `Budget has been exceeded! ${scopeText(limit)} has ${dollarsText(left)} left of ${dollarsText(max)} ` +
    `${windowPhrase(limit.window)} (${dollarsText(used)} is spent or held by running requests).`;
  const cost = arithmetic === null ? dollarsText(amount) : `${dollarsText(amount)}: ${arithmetic}`;
  return `${state} This request could cost up to ${cost}.`;
}

function usageText({ limit, max, amount }: Charge, used: number): string {
  const what = `${countText(max)} ${UNIT_WORDS[limit.kind]}`;
  const bound = [what, windowPhrase(limit.window)].filter((words) => words !== '').join(' ');
  const begin = isRate(limit) ? 'Rate limit' : 'Budget';
  if (amount > max) {
    return `${begin} exceeded for ${scopeText(limit)}: this request may need ${countText(amount)}, the limit is ${bound}.`;
  }
  const need = amount === 1 ? '' : ` and this request may need ${countText(amount)}`;
  return `${begin} exceeded for ${scopeText(limit)}: ${countText(used)} of ${bound} are in use${need}.`;
}

const UNIT_WORDS: Readonly<Record<LimitKind, string>> = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  totalTokens: 'tokens',
  concurrency: 'requests at the same time',
  spend: 'nano-dollars',
};

function whenText({ window }: Limit, retryAfterMs: number, nowMs: number): string {
  if (window.kind !== 'calendar') return ` Try again in ${secondsOf(retryAfterMs)} s.`;
  return ` It begins anew at ${beginText(nowMs + retryAfterMs)}.`;
}

/** When a limit begins anew is worth knowing, but not to be waited for. */
function tooLargeText({ window }: Limit, nowMs: number): string {
  const resetMs = window.kind === 'calendar' ? resetsInMs(window, nowMs) : null;
  if (resetMs === null) return ' That is more than all of it: waiting does not help.';
  return ` It begins anew at ${beginText(nowMs + resetMs)}, but this request is more than all of it.`;
}

/** Some time may have passed since the wait was reckoned; windows begin with a second. */
function beginText(atMs: number): string {
  return new Date(Math.round(atMs / 1000) * 1000).toISOString().replace('.000', '');
}

/** Whose limit it is, and of which calls. */
function scopeText({ scope, model, tag }: Limit): string {
  const calls = [model === null ? '' : ` for model ${model}`, tag === null ? '' : ` with tag ${tag}`].join('');
  return `${holderText(scope)}${calls}`;
}

function holderText({ kind, id }: LimitScope): string {
  return kind === 'all' ? 'the gateway' : `${kind} ${id}`;
}

/** A call that a hard limit concerns while nothing bounds what it may use. */
export function unbounded(limit: Limit, model: string | null): LimitRefusal {
  const what = limit.kind === 'spend' ? 'cost' : UNIT_WORDS[limit.kind];
  const whose = model === null ? 'of this operation' : `of ${model}`;
  return new LimitRefusal(
    'unbounded',
    `${scopeText(limit)} has a hard limit, and nothing tells what ${what} a call ${whose} may come to. ` +
      'Such calls can be let through or charged a flat amount by a setting of the gateway, unboundedCalls.',
    [],
  );
}

/** A request that could get more output than its key may. @param asked null where it sets no maximum */
export function overOutputCap(asked: number | null, cap: number): LimitRefusal {
  const reason = asked === null ? 'sets no maximum of output tokens' : `asks for ${countText(asked)} output tokens`;
  return new LimitRefusal('outputOverCap', `This request ${reason}, and its key may get ${countText(cap)}.`, []);
}

/** The counters can't be asked, and this limit is closed meanwhile. */
export function limitsUnavailable({ limit }: Charge, retryAfterMs: number): LimitRefusal {
  const message = `What ${scopeText(limit)} has used can't be told at the moment, and its limit is a hard one: try again shortly.`;
  return new LimitRefusal('limitsUnavailable', message, ['retry-after', String(secondsOf(retryAfterMs))]);
}

/**
 * How the cost of a call is bounded: `85,000 input tokens × $3.00 + max_tokens 32,000 × $15.00 per million tokens`.
 * @param price what tokens cost at most, in nano-dollars
 * @returns null where a bound or a price is missing
 */
export function spendArithmetic(
  { inputTokens, output }: TokenBounds,
  price: (tokens: { readonly inputTokens: number; readonly outputTokens: number }) => bigint | null,
): string | null {
  if (inputTokens === null || output === null) return null;
  // The rate of the output may depend on how long the input is: it is what the output adds.
  const input = price({ inputTokens, outputTokens: 0 });
  const both = price({ inputTokens, outputTokens: output.tokens });
  if (input === null || both === null) return null;
  const terms = [
    `${countText(inputTokens)} input tokens${rateText(input, inputTokens)}`,
    `${outputText(output)}${rateText(both - input, output.tokens)}`,
  ];
  return `${terms.join(' + ')} per million tokens`;
}

function rateText(nanos: bigint, tokens: number): string {
  return tokens === 0 ? '' : ` × ${dollarsText((Number(nanos) / tokens) * 1_000_000)}`;
}

function outputText({ tokens, from }: OutputBound): string {
  switch (from) {
    case 'request':
      return `max_tokens ${countText(tokens)}`;
    case 'model':
      return `${countText(tokens)} output tokens (the most the model gives; set max_tokens to lower it)`;
  }
}
