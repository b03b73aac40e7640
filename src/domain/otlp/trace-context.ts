/** Where a span stands. */
export interface TraceContext {
  /** 16 bytes. */
  readonly traceId: Buffer;
  /** 8 bytes, or none where the span is the first. */
  readonly parentSpanId: Buffer | null;
  /** Trace flags of W3C. */
  readonly flags: number;
}

/** `traceparent`: https://www.w3.org/TR/trace-context/#traceparent-header. Later versions may have more at the end. */
const TRACE_PARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** In the flags: whether who sent it keeps its trace. */
const SAMPLED = 1;

/** What a `traceparent` says; null for anything else, which W3C wants taken for none. */
export function readTraceParent(header: string | null): TraceContext | null {
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACE_PARENT.exec(header ?? '') ?? [];
  if (version === undefined || (version === '00' && rest !== undefined)) return null;
  return {
    traceId: Buffer.from(traceId, 'hex'),
    parentSpanId: Buffer.from(spanId, 'hex'),
    flags: Number.parseInt(flags, 16),
  };
}

export function isSampled({ flags }: TraceContext): boolean {
  return (flags & SAMPLED) === SAMPLED;
}

/**
 * The context of a call that comes with none. A call's id is a UUIDv7, so it can be its trace: whoever has the id finds the
 * trace, and a batch that is sent twice has the same spans.
 */
export function ownContext(callId: string): TraceContext {
  return { traceId: idBytes(callId), parentSpanId: null, flags: SAMPLED };
}

/** The second half of a UUIDv7 is random. */
export function spanIdOf(callId: string): Buffer {
  return idBytes(callId).subarray(8);
}

function idBytes(callId: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.write(callId.replaceAll('-', ''), 'hex');
  return bytes;
}
