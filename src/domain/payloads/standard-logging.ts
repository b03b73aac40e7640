import { serviceHost } from '../aws/endpoints.ts';
import { isRegion } from '../aws/partitions.ts';
import type { CallOutcome, CallRecord } from '../call-record.ts';
import { type ServiceId, SERVICES } from '../operations/services.ts';
import type { CallTrace, SinkEvent } from '../sink-event.ts';
import { traceIdOf } from '../trace-context.ts';
import { usdNumber } from '../usd.ts';
import { failureOf, tokenSums } from './call-facts.ts';

/** What LiteLLM calls every request of its pass-through routes. */
const CALL_TYPE = 'allm_passthrough_route';

/**
 * LiteLLM's StandardLoggingPayload, for receivers that know it: its names, its types, its units (seconds and dollars as
 * JSON numbers). What Bedrock does not tell is null where LiteLLM's type allows it; token counts that nobody told are 0, and
 * `metadata.usage_object` is null then. https://docs.litellm.ai/docs/proxy/logging_spec
 */
export interface StandardLoggingPayload {
  readonly id: string;
  readonly trace_id: string;
  readonly call_type: typeof CALL_TYPE;
  readonly stream: boolean;
  /** US dollars; null where the cost is unknown. */
  readonly response_cost: number | null;
  readonly response_cost_failure_debug_info: { readonly error_str: string; readonly model: string } | null;
  readonly status: 'success' | 'failure';
  readonly custom_llm_provider: 'bedrock';
  readonly total_tokens: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly startTime: number;
  readonly endTime: number;
  readonly completionStartTime: number;
  readonly response_time: number;
  readonly model_map_information: { readonly model_map_key: string; readonly model_map_value: null };
  readonly model: string;
  readonly model_id: null;
  readonly model_group: string;
  readonly api_base: string;
  readonly metadata: StandardLoggingMetadata;
  readonly cache_hit: false;
  readonly cache_key: null;
  readonly saved_cache_cost: 0;
  readonly request_tags: readonly string[];
  readonly end_user: string | null;
  readonly requester_ip_address: string | null;
  readonly messages: string | null;
  readonly response: string | null;
  readonly error_str: string | null;
  readonly error_information: {
    readonly error_code: string;
    readonly error_class: string;
    readonly llm_provider: 'bedrock';
    readonly error_message: string;
  } | null;
  readonly model_parameters: Readonly<Record<string, never>>;
  readonly hidden_params: {
    readonly model_id: null;
    readonly cache_key: null;
    readonly api_base: string;
    /** A text, as LiteLLM has it here. */
    readonly response_cost: string | null;
    /** Of Bedrock's answer, as LiteLLM names those of providers. */
    readonly additional_headers: { readonly 'llm_provider-x-amzn-requestid': string } | null;
    readonly batch_models: null;
    readonly litellm_model_name: string;
  };
}

interface StandardLoggingMetadata {
  /** The public id of the key: nothing made from its secret is kept. */
  readonly user_api_key_hash: string | null;
  readonly user_api_key_alias: string | null;
  readonly user_api_key_org_id: null;
  readonly user_api_key_team_id: string | null;
  readonly user_api_key_user_id: string | null;
  readonly user_api_key_team_alias: null;
  /** What LiteLLM's payload has no field for, where it keeps what is logged beside it. */
  readonly spend_logs_metadata: {
    readonly service: ServiceId | null;
    readonly operation: string | null;
    readonly region: string | null;
    readonly outcome: CallOutcome;
    readonly aws_request_id: string | null;
    readonly aws_error_type: string | null;
  };
  readonly requester_ip_address: string | null;
  readonly requester_metadata: null;
  readonly usage_object: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
    readonly cache_read_input_tokens: number;
    readonly cache_creation_input_tokens: number;
  } | null;
}

export function standardLoggingPayload(event: SinkEvent): StandardLoggingPayload {
  const { record, trace, content } = event;
  const { attribution, usage, cost, startedAtMs, durationMs, firstByteMs } = record;
  const { prompt, completion, cacheRead, cacheWrite } = tokenSums(usage);
  const total = prompt + completion;
  const model = record.modelId ?? '';
  const apiBase = trace.targetOrigin ?? apiBaseOf(record);
  const failure = failureOf(event);
  const stream = record.operation?.endsWith('Stream') ?? false;
  const responseCost = cost.kind === 'known' ? usdNumber(cost.nanos) : null;
  return {
    id: record.id,
    trace_id: attribution.sessionId ?? traceOf(trace) ?? record.id,
    call_type: CALL_TYPE,
    stream,
    response_cost: responseCost,
    response_cost_failure_debug_info: cost.kind === 'known' ? null : { error_str: cost.missing, model },
    status: failure === null ? 'success' : 'failure',
    custom_llm_provider: 'bedrock',
    total_tokens: total,
    prompt_tokens: prompt,
    completion_tokens: completion,
    startTime: startedAtMs / 1000,
    endTime: (startedAtMs + durationMs) / 1000,
    completionStartTime: (startedAtMs + (firstByteMs ?? durationMs)) / 1000,
    response_time: (stream ? (firstByteMs ?? durationMs) : durationMs) / 1000,
    model_map_information: { model_map_key: model, model_map_value: null },
    model,
    model_id: null,
    model_group: model,
    api_base: apiBase,
    metadata: {
      user_api_key_hash: attribution.keyId,
      user_api_key_alias: attribution.keyAlias,
      user_api_key_org_id: null,
      user_api_key_team_id: attribution.teamId,
      user_api_key_user_id: attribution.userId,
      user_api_key_team_alias: null,
      spend_logs_metadata: {
        service: record.service,
        operation: record.operation,
        region: record.region,
        outcome: record.outcome,
        aws_request_id: record.awsRequestId,
        aws_error_type: trace.awsErrorType,
      },
      requester_ip_address: record.clientAddress,
      requester_metadata: null,
      usage_object:
        usage.source === 'unknown'
          ? null
          : {
              prompt_tokens: prompt,
              completion_tokens: completion,
              total_tokens: total,
              cache_read_input_tokens: cacheRead,
              cache_creation_input_tokens: cacheWrite,
            },
    },
    cache_hit: false,
    cache_key: null,
    saved_cache_cost: 0,
    request_tags: attribution.tags,
    end_user: attribution.customerId,
    requester_ip_address: record.clientAddress,
    messages: content?.request ?? null,
    response: content?.response ?? null,
    error_str: failure?.text ?? null,
    error_information:
      failure === null
        ? null
        : {
            error_code: String(record.status ?? ''),
            error_class: failure.errorClass,
            llm_provider: 'bedrock',
            error_message: failure.text,
          },
    model_parameters: {},
    hidden_params: {
      model_id: null,
      cache_key: null,
      api_base: apiBase,
      response_cost: responseCost === null ? null : String(responseCost),
      additional_headers:
        record.awsRequestId === null ? null : { 'llm_provider-x-amzn-requestid': record.awsRequestId },
      batch_models: null,
      litellm_model_name: model,
    },
  };
}

function traceOf({ traceParent }: CallTrace): string | null {
  return traceParent === null ? null : traceIdOf(traceParent);
}

/** Where the service is by AWS's rule, for what was sent nowhere. Empty where that was never known. */
function apiBaseOf({ service, region }: CallRecord): string {
  if (service === null || region === null || !isRegion(region)) return '';
  const { hostPrefix } = SERVICES[service];
  return `https://${serviceHost({ hostPrefix, region, fips: false, dualStack: false })}`;
}
