import type { MeteredRequest } from './metered-request.ts';
import { textAt } from './json-shapes.ts';
import type { Usage } from './usage.ts';

/** How a call was served, which its price depends on. */
export type ServiceMode = Pick<Usage, 'serviceTier' | 'latencyOptimized'>;

const TIER_HEADER = 'x-amzn-bedrock-service-tier';
const LATENCY_HEADER = 'x-amzn-bedrock-performanceconfig-latency';

/** Of a Converse answer. What it does not say is as was asked. @param member reads a member of the answer. */
export function converseMode(member: (name: string) => unknown, request: MeteredRequest): ServiceMode {
  const tier = textAt(member('serviceTier'), 'type');
  const latency = textAt(member('performanceConfig'), 'latency');
  return {
    serviceTier: tierOf(tier ?? textAt(request.outline.member('serviceTier'), 'type')),
    latencyOptimized: (latency ?? textAt(request.outline.member('performanceConfig'), 'latency')) === 'optimized',
  };
}

/** Of an InvokeModel answer. @param header a header of the answer, by its name in lower case. */
export function invokeMode(
  header: (name: string) => string | undefined,
  inBody: unknown,
  request: MeteredRequest,
): ServiceMode {
  const tier = header(TIER_HEADER) ?? textAt(inBody) ?? request.headers.get(TIER_HEADER) ?? null;
  const latency = header(LATENCY_HEADER) ?? request.headers.get(LATENCY_HEADER);
  return { serviceTier: tierOf(tier), latencyOptimized: latency === 'optimized' };
}

/** As the request asks to be served. Bedrock may serve it otherwise, which its answer says. */
export function askedMode(request: MeteredRequest): ServiceMode {
  const { name } = request.operation;
  if (name === 'Converse' || name === 'ConverseStream') return converseMode(() => undefined, request);
  return invokeMode(() => undefined, request.outline.member('service_tier'), request);
}

function tierOf(tier: string | null): Usage['serviceTier'] {
  return tier === 'flex' || tier === 'priority' || tier === 'reserved' ? tier : null;
}
