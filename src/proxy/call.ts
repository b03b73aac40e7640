import type { Caller } from '../domain/caller.ts';
import type { Operation } from '../domain/operations/operation.ts';
import type { Refusal } from '../domain/errors.ts';
import type { Exchange } from '../ports.ts';
import type { Proxy } from './proxy.ts';

/** How a call ended, seen from the client. `broken`: cut after the first byte; `abandoned`: the client left before the end. */
export type Outcome = 'completed' | 'refused' | 'broken' | 'abandoned';

/** What is known of one request while it is worked on. Opened once, closed once, however it ends. */
export interface Call {
  readonly id: string;
  readonly startedMs: number;
  readonly method: string;
  caller: Caller | null;
  operation: Operation | null;
  region: string | null;
  /** Status the client got, once it got one. */
  status: number | null;
  /** Bedrock's own request id. */
  awsRequestId: string | null;
  outcome: Outcome | null;
  refusal: Refusal | null;
  /** What went wrong after the answer had begun. For the log. */
  fault: unknown;
  durationMs: number;
  /** What the call holds of the gateway's bounds until it is closed. */
  heldBodyBytes: number;
  heldRequestSlots: number;
}

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
