import { z } from 'zod';
import { isOperationKind, isOutcome, isRefusalKind } from '../../src/domain/call-record-codec.ts';
import { usageOf } from '../../src/domain/call-record-codec.ts';
import { isServiceId } from '../../src/domain/operations/services.ts';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { nanosOfUsd } from '../../src/domain/usd.ts';

const textOrNull = z.string().nullable();
const of = <Word extends string>(isWord: (text: string) => text is Word) =>
  z.custom<Word>((value) => typeof value === 'string' && isWord(value));

const nanos = z.string().transform((text) => {
  const amount = nanosOfUsd(text);
  if (amount === null) throw new Error(`${text} is no amount`);
  return amount;
});

const shape = z.strictObject({
  id: z.string(),
  started_at: z.iso.datetime(),
  duration_ms: z.number(),
  first_byte_ms: z.number().nullable(),
  key_id: textOrNull,
  key_alias: textOrNull,
  team_id: textOrNull,
  user_id: textOrNull,
  customer_id: textOrNull,
  session_id: textOrNull,
  tags: z.array(z.string()),
  service: of(isServiceId).nullable(),
  operation: textOrNull,
  operation_kind: of(isOperationKind).nullable(),
  model: textOrNull,
  region: textOrNull,
  target: textOrNull,
  status: z.number().nullable(),
  outcome: of(isOutcome),
  refusal: of(isRefusalKind).nullable(),
  aws_request_id: textOrNull,
  error_type: textOrNull,
  client_address: textOrNull,
  user_agent: textOrNull,
  request_bytes: z.number(),
  response_bytes: z.number(),
  stream_chunks: z.number().nullable(),
  stream_longest_pause_ms: z.number().nullable(),
  traceparent: textOrNull,
  usage: z.array(z.strictObject({ unit: z.string(), quantity: z.number(), model: textOrNull, variant: textOrNull })),
  usage_source: z.string(),
  usage_complete: z.boolean(),
  service_tier: textOrNull,
  latency_optimized: z.boolean(),
  cost_usd: nanos.nullable(),
  cost_missing: textOrNull,
  price_version: textOrNull,
  reserved_usd: nanos,
  request: textOrNull,
  response: textOrNull,
});

/** The event that a payload in our own format was made of: whatever had been lost on the way would be missing in it. */
export function eventOfPayload(text: string): SinkEvent {
  const payload = shape.parse(JSON.parse(text));
  const { cost_usd: cost, stream_chunks: chunks, request, response } = payload;
  return {
    record: {
      id: payload.id,
      startedAtMs: Date.parse(payload.started_at),
      durationMs: payload.duration_ms,
      firstByteMs: payload.first_byte_ms,
      attribution: {
        keyId: payload.key_id,
        keyAlias: payload.key_alias,
        teamId: payload.team_id,
        userId: payload.user_id,
        customerId: payload.customer_id,
        sessionId: payload.session_id,
        tags: payload.tags,
      },
      service: payload.service,
      operation: payload.operation,
      operationKind: payload.operation_kind,
      modelId: payload.model,
      otherModels: [],
      region: payload.region,
      status: payload.status,
      outcome: payload.outcome,
      refusal: payload.refusal,
      awsRequestId: payload.aws_request_id,
      clientAddress: payload.client_address,
      userAgent: payload.user_agent,
      requestBytes: payload.request_bytes,
      responseBytes: payload.response_bytes,
      usage: usageOf({
        lines: payload.usage.map(({ model, ...line }) => ({ ...line, modelId: model })),
        source: payload.usage_source,
        complete: payload.usage_complete,
        serviceTier: payload.service_tier,
        latencyOptimized: payload.latency_optimized,
      }),
      cost: cost === null ? { kind: 'unknown', missing: payload.cost_missing ?? '' } : { kind: 'known', nanos: cost },
      priceVersion: payload.price_version,
      reservedNanos: payload.reserved_usd,
    },
    trace: {
      targetOrigin: payload.target,
      pace: chunks === null ? null : { chunks, longestPauseMs: payload.stream_longest_pause_ms },
      awsErrorType: payload.error_type,
      traceParent: payload.traceparent,
    },
    content: request === null && response === null ? null : { request, response },
  };
}
