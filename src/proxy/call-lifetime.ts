import { traceParentOf } from '../domain/trace-context.ts';
import type { Exchange } from '../ports.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';
import { settle } from './settle.ts';

export function openCall(exchange: Exchange, proxy: Proxy): Call {
  return {
    id: proxy.newRequestId(),
    startedAtMs: proxy.clock.nowMs(),
    startedMs: proxy.clock.elapsedMs(),
    method: exchange.method,
    clientAddress: proxy.clientAddress(exchange),
    userAgent: exchange.headers.get('user-agent') ?? null,
    traceParent: proxy.options.traceContext === 'off' ? null : traceParentOf(exchange.headers),
    caller: null,
    operation: null,
    region: null,
    targetOrigin: null,
    status: null,
    awsRequestId: null,
    awsErrorType: null,
    outcome: null,
    refusal: null,
    fault: null,
    durationMs: 0,
    firstByteMs: null,
    requestBytes: 0,
    responseBytes: 0,
    pace: null,
    metered: null,
    content: null,
    settled: null,
    heldBodyBytes: 0,
    heldRequestSlots: 0,
  };
}

/** Lets go of the request body, which is done with as soon as Bedrock has begun to answer. */
export function releaseBody(call: Call, proxy: Proxy): void {
  proxy.bodyBytes.give(call.heldBodyBytes);
  call.heldBodyBytes = 0;
}

/** The last step of every call. What was not settled by whoever ended the answer is settled here. */
export function closeCall(call: Call, proxy: Proxy): void {
  settle(call, call.outcome ?? 'broken', false, proxy);
  releaseBody(call, proxy);
  proxy.requestSlots.give(call.heldRequestSlots);
  call.heldRequestSlots = 0;
  proxy.callClosed(call);
}
