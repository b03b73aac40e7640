import type { CallOutcome } from '../call-record.ts';
import type { RefusalKind } from '../errors.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { ServiceId } from '../operations/services.ts';
import type { SinkEvent } from '../sink-event.ts';
import { usdText } from '../usd.ts';
import type { Usage, UsageUnit } from '../usage/usage.ts';

/**
 * A call record as our own JSON: everything the record has and what was seen on the way, under the names the management API shows calls by. Amounts of
 * money are decimal texts of dollars, exact; null is unknown or not there, never zero.
 */
export interface OutcropRecord {
  readonly id: string;
  /** RFC 3339, to the millisecond. */
  readonly started_at: string;
  readonly duration_ms: number;
  readonly first_byte_ms: number | null;
  readonly key_id: string | null;
  readonly key_alias: string | null;
  readonly team_id: string | null;
  readonly user_id: string | null;
  readonly customer_id: string | null;
  readonly session_id: string | null;
  readonly tags: readonly string[];
  readonly service: ServiceId | null;
  readonly operation: string | null;
  readonly operation_kind: OperationKind | null;
  readonly model: string | null;
  readonly region: string | null;
  /** Scheme, host and port it was sent to. */
  readonly target: string | null;
  readonly status: number | null;
  readonly outcome: CallOutcome;
  readonly refusal: RefusalKind | null;
  readonly aws_request_id: string | null;
  /** AWS's exception, where it answered with one or ended a stream by one. */
  readonly error_type: string | null;
  readonly client_address: string | null;
  readonly user_agent: string | null;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly stream_chunks: number | null;
  readonly stream_longest_pause_ms: number | null;
  readonly traceparent: string | null;
  readonly usage: readonly {
    readonly unit: UsageUnit;
    readonly quantity: number;
    readonly model: string | null;
    readonly variant: string | null;
  }[];
  readonly usage_source: Usage['source'];
  readonly usage_complete: boolean;
  readonly service_tier: Usage['serviceTier'];
  readonly latency_optimized: boolean;
  readonly cost_usd: string | null;
  readonly cost_missing: string | null;
  readonly price_version: string | null;
  readonly reserved_usd: string;
  readonly request: string | null;
  readonly response: string | null;
}

/** @throws RangeError for a start that is no time */
export function outcropRecord({ record, trace, content }: SinkEvent): OutcropRecord {
  const { attribution, usage, cost } = record;
  return {
    id: record.id,
    started_at: new Date(record.startedAtMs).toISOString(),
    duration_ms: record.durationMs,
    first_byte_ms: record.firstByteMs,
    key_id: attribution.keyId,
    key_alias: attribution.keyAlias,
    team_id: attribution.teamId,
    user_id: attribution.userId,
    customer_id: attribution.customerId,
    session_id: attribution.sessionId,
    tags: attribution.tags,
    service: record.service,
    operation: record.operation,
    operation_kind: record.operationKind,
    model: record.modelId,
    region: record.region,
    target: trace.targetOrigin,
    status: record.status,
    outcome: record.outcome,
    refusal: record.refusal,
    aws_request_id: record.awsRequestId,
    error_type: trace.awsErrorType,
    client_address: record.clientAddress,
    user_agent: record.userAgent,
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
    stream_chunks: trace.pace?.chunks ?? null,
    stream_longest_pause_ms: trace.pace?.longestPauseMs ?? null,
    traceparent: trace.traceParent,
    usage: usage.lines.map(({ unit, quantity, modelId, variant }) => ({ unit, quantity, model: modelId, variant })),
    usage_source: usage.source,
    usage_complete: usage.complete,
    service_tier: usage.serviceTier,
    latency_optimized: usage.latencyOptimized,
    cost_usd: cost.kind === 'known' ? usdText(cost.nanos) : null,
    cost_missing: cost.kind === 'known' ? null : cost.missing,
    price_version: record.priceVersion,
    reserved_usd: usdText(record.reservedNanos),
    request: content?.request ?? null,
    response: content?.response ?? null,
  };
}
