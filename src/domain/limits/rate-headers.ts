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
  const rates = remainders.filter(({ charge: { limit } }) => limit.hard && isRate(limit));
  return [
    ...headersOf(
      'requests',
      rates.filter(({ charge }) => charge.limit.kind === 'requests'),
      nowMs,
    ),
    ...headersOf(
      'tokens',
      rates.filter(({ charge }) => charge.limit.kind.endsWith('Tokens')),
      nowMs,
    ),
  ];
}

function headersOf(what: 'requests' | 'tokens', rates: readonly Remainder[], nowMs: number): string[] {
  const [first, ...others] = rates;
  if (first === undefined) return [];
  const { charge, remaining } = others.reduce((least, one) => (shareLeft(one) < shareLeft(least) ? one : least), first);
  const headers = [
    `x-ratelimit-limit-${what}`,
    String(charge.max),
    `x-ratelimit-remaining-${what}`,
    String(Math.max(0, remaining)),
  ];
  const resetMs = resetsInMs(charge.limit.window, nowMs);
  if (resetMs !== null) headers.push(`x-ratelimit-reset-${what}`, secondsText(resetMs));
  return headers;
}

function shareLeft({ charge, remaining }: Remainder): number {
  return charge.max === 0 ? 0 : remaining / charge.max;
}

/** As OpenAI writes it, whose clients these headers are for: `1s`, `6m0s`. */
function secondsText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
