import type { Exchange } from '../ports.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';

export function openCall(exchange: Exchange, proxy: Proxy): Call {
  return {
    id: proxy.newRequestId(),
    startedMs: proxy.clock.elapsedMs(),
    method: exchange.method,
    caller: null,
    operation: null,
    region: null,
    status: null,
    awsRequestId: null,
    outcome: null,
    refusal: null,
    fault: null,
    durationMs: 0,
    heldBodyBytes: 0,
    heldRequestSlots: 0,
  };
}

/** Lets go of the request body, which is done with as soon as Bedrock has begun to answer. */
export function releaseBody(call: Call, proxy: Proxy): void {
  proxy.bodyBytes.give(call.heldBodyBytes);
  call.heldBodyBytes = 0;
}

export function closeCall(call: Call, proxy: Proxy): void {
  releaseBody(call, proxy);
  proxy.requestSlots.give(call.heldRequestSlots);
  call.heldRequestSlots = 0;
  call.durationMs = proxy.clock.elapsedMs() - call.startedMs;
  proxy.callClosed(call);
}
