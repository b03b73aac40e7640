import type { HeaderList } from './headers.ts';

/** Where a span stands. */
export interface TraceContext {
  /** 16 bytes. */
  readonly traceId: Buffer;
  /** 8 bytes. */
  readonly spanId: Buffer;
  /** 8 bytes, or none where the span is the first. */
  readonly parentSpanId: Buffer | null;
  /** Trace flags of W3C. */
  readonly flags: number;
}

/**
 * What becomes of the trace a client is in. `off`: nothing is taken from it; `take`: the call belongs to it;
 * `take-and-pass`: and Bedrock is told that what it does belongs to the call. But for the last, the client's own headers
 * travel as they are.
 */
export const TRACE_CONTEXT_USES = ['off', 'take', 'take-and-pass'] as const;

export type TraceContextUse = (typeof TRACE_CONTEXT_USES)[number];

/** `traceparent`: https://www.w3.org/TR/trace-context/#traceparent-header. Later versions may have more at the end. */
const TRACE_PARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;
const FIRST_VERSION = '00';
/** Of the first version, which all later ones begin like. */
const LENGTH = 55;

/** In the flags: whether who sent it keeps its trace. */
const SAMPLED = 1;
/** The flags that have a meaning: that, and that the id of the trace is random. What has none is not passed on. */
const KNOWN_FLAGS = 3;

/**
 * The `traceparent` of a request in the form of the first version, at most 55 characters; null where there is none, more
 * than one, or something else, which W3C wants taken for none.
 */
export function traceParentOf(headers: HeaderList): string | null {
  const header = headers.get('traceparent');
  if (header === undefined || headers.count('traceparent') > 1) return null;
  const [, version, rest] = TRACE_PARENT.exec(header) ?? [];
  if (version === undefined || (version === FIRST_VERSION && rest !== undefined)) return null;
  return version === FIRST_VERSION ? header : FIRST_VERSION + header.slice(2, LENGTH);
}

/**
 * The context of a call: what its client sent, else a trace of its own. The second half of a UUIDv7 is random, so it can
 * be a span; the whole is the trace of a call whose client is in none: who has the id of a call finds its trace, and a
 * batch that is sent twice has the same spans.
 * @param traceParent as `traceParentOf` gives it
 */
export function contextOf(traceParent: string | null, callId: string): TraceContext {
  const id = Buffer.from(callId.replaceAll('-', ''), 'hex');
  const spanId = id.subarray(8);
  if (traceParent === null) return { traceId: id, spanId, parentSpanId: null, flags: SAMPLED };
  return {
    traceId: Buffer.from(traceIdOf(traceParent), 'hex'),
    spanId,
    parentSpanId: Buffer.from(traceParent.slice(36, 52), 'hex'),
    flags: flagsOf(traceParent),
  };
}

/** 32 hexadecimal digits. @param traceParent as `traceParentOf` gives it */
export function traceIdOf(traceParent: string): string {
  return traceParent.slice(3, 35);
}

/** Whether the client keeps its trace; true where it is in none. @param traceParent as `traceParentOf` gives it */
export function isSampled(traceParent: string | null): boolean {
  return traceParent === null || (flagsOf(traceParent) & SAMPLED) === SAMPLED;
}

/** The `traceparent` that tells Bedrock that its work belongs to this call. @param traceParent of the client */
export function traceParentOfCall(traceParent: string | null, callId: string): string {
  const digits = callId.replaceAll('-', '');
  const traceId = traceParent === null ? digits : traceIdOf(traceParent);
  const flags = traceParent === null ? SAMPLED : flagsOf(traceParent) & KNOWN_FLAGS;
  return `${FIRST_VERSION}-${traceId}-${digits.slice(16)}-0${flags}`;
}

function flagsOf(traceParent: string): number {
  return Number.parseInt(traceParent.slice(53, LENGTH), 16);
}
