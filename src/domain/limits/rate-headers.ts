import type { Charge } from './charges.ts';
import { isRate } from './limit.ts';
import { resetsInMs } from './window.ts';

/** A charge with what its limit has left after it. */
export interface Remainder {
  readonly charge: Charge;
  readonly remaining: number;
}

/**
 * `x-ratelimit-limit-…`, `-remaining-…` and `-reset-…` for requests and tokens, alternating names and values: of the rate
 * limit with the smallest share left, as the one that will refuse first. None where there is no such limit.
 */
export function rateHeaders(remainders: readonly Remainder[], nowMs: number): string[] {
  let requests: Remainder | null = null;
  let tokens: Remainder | null = null;
  for (const remainder of remainders) {
    const { limit } = remainder.charge;
    if (!limit.hard || !isRate(limit)) continue;
    if (limit.kind === 'requests') requests = tighter(requests, remainder);
    else if (limit.kind.endsWith('Tokens')) tokens = tighter(tokens, remainder);
  }
  const headers: string[] = [];
  if (requests !== null) addHeaders(headers, NAMES.requests, requests, nowMs);
  if (tokens !== null) addHeaders(headers, NAMES.tokens, tokens, nowMs);
  return headers;
}

/** Of two with the same share the first. */
function tighter(least: Remainder | null, one: Remainder): Remainder {
  return least === null || shareLeft(one) < shareLeft(least) ? one : least;
}

const NAMES = {
  requests: {
    limit: 'x-ratelimit-limit-requests',
    remaining: 'x-ratelimit-remaining-requests',
    reset: 'x-ratelimit-reset-requests',
  },
  tokens: {
    limit: 'x-ratelimit-limit-tokens',
    remaining: 'x-ratelimit-remaining-tokens',
    reset: 'x-ratelimit-reset-tokens',
  },
} as const;

function addHeaders(
  headers: string[],
  names: (typeof NAMES)[keyof typeof NAMES],
  { charge, remaining }: Remainder,
  nowMs: number,
): void {
  headers.push(names.limit, String(charge.max), names.remaining, String(Math.max(0, remaining)));
  const resetMs = resetsInMs(charge.limit.window, nowMs);
  if (resetMs !== null) headers.push(names.reset, secondsText(resetMs));
}

function shareLeft({ charge, remaining }: Remainder): number {
  return charge.max === 0 ? 0 : remaining / charge.max;
}

/** As OpenAI writes it, whose clients these headers are for: `1s`, `6m0s`. */
function secondsText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
