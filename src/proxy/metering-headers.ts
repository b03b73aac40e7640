import { type Remainder, rateHeaders } from '../domain/limits/rate-headers.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';

const NONE: readonly string[] = [];

/** What the limits of a call have left with it. Alternating names and values, as in all of this file. */
export function limitHeaders({ metered }: Call, proxy: Proxy): readonly string[] {
  if (metered === null || metered.charges.length === 0) return NONE;
  const remainders: Remainder[] = metered.charges.map((charge, index) => ({
    charge,
    remaining: metered.remaining[index] ?? 0,
  }));
  return rateHeaders(remainders, proxy.clock.nowMs());
}

const NANOS_DIGITS = 9;

/** What the call cost, where that is known before the head of its answer leaves; LiteLLM's name beside ours. */
export function costHeaders({ settled }: Call): readonly string[] {
  if (settled === null || settled.cost.kind === 'unknown' || settled.usage.source === 'free') return NONE;
  const dollars = dollarsText(settled.cost.nanos);
  const headers = ['x-outcrop-cost-usd', dollars, 'x-litellm-response-cost', dollars];
  if (settled.keySpendNanos !== null) headers.push('x-litellm-key-spend', dollarsText(settled.keySpendNanos));
  return headers;
}

/** Exact: `0.000004250`. */
function dollarsText(nanos: bigint): string {
  const digits = nanos.toString().padStart(NANOS_DIGITS + 1, '0');
  return `${digits.slice(0, -NANOS_DIGITS)}.${digits.slice(-NANOS_DIGITS)}`;
}
