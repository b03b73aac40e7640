import type { MeteredRequest } from './metered-request.ts';
import { textAt } from './json-shapes.ts';
import type { Usage } from './usage.ts';

/** How a call was served, which its price depends on. */
export type ServiceMode = Pick<Usage, 'serviceTier' | 'latencyOptimized'>;

const TIER_HEADER = 'x-amzn-bedrock-service-tier';
const LATENCY_HEADER = 'x-amzn-bedrock-performanceconfig-latency';

/**
 * Of a Converse answer. What it does not say is the standard, or what was asked where that costs more: nobody pays less
 * because of what he asked for.
 * @param member reads a member of the answer
 */
export function converseMode(member: (name: string) => unknown, request: MeteredRequest): ServiceMode {
  const tier = textAt(member('serviceTier'), 'type');
  const latency = textAt(member('performanceConfig'), 'latency');
  return modeOf(tier, latency, request);
}

/** Of an InvokeModel answer, likewise. @param header a header of the answer, by its name in lower case. */
export function invokeMode(
  header: (name: string) => string | undefined,
  inBody: unknown,
  request: MeteredRequest,
): ServiceMode {
  return modeOf(header(TIER_HEADER) ?? textAt(inBody), header(LATENCY_HEADER) ?? null, request);
}

/** The dearest service that a request asks for. Bedrock may serve it otherwise, which its answer says. */
export function askedMode(request: MeteredRequest): ServiceMode {
  const { headers, outline } = request;
  // Of what stands twice, or can't be read, nobody knows which one counts.
  const isUnclear = outline.repeated || outline.incomplete;
  const isAsked = (member: string, name: string | null, wanted: string): boolean => {
    const value = outline.member(member);
    if (isUnclear) return outline.incomplete || value !== undefined;
    return (name === null ? textAt(value) : textAt(value, name)) === wanted;
  };
  const isPriority = isAsked('serviceTier', 'type', 'priority') || isAsked('service_tier', null, 'priority');
  const isOptimized = isAsked('performanceConfig', 'latency', 'optimized');
  return {
    serviceTier: isPriority || headers.get(TIER_HEADER)?.includes('priority') === true ? 'priority' : null,
    latencyOptimized: isOptimized || headers.get(LATENCY_HEADER)?.includes('optimized') === true,
  };
}

function modeOf(tier: string | null, latency: string | null, request: MeteredRequest): ServiceMode {
  if (tier !== null && latency !== null)
    return { serviceTier: tierOf(tier), latencyOptimized: latency === 'optimized' };
  const asked = askedMode(request);
  return {
    serviceTier: tier === null ? asked.serviceTier : tierOf(tier),
    latencyOptimized: latency === null ? asked.latencyOptimized : latency === 'optimized',
  };
}

function tierOf(tier: string): Usage['serviceTier'] {
  return tier === 'flex' || tier === 'priority' || tier === 'reserved' ? tier : null;
}
