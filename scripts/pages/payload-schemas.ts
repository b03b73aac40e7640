import { z } from 'zod';
import { isOperationKind } from '../../src/domain/call-record-codec.ts';
import { REFUSALS, type RefusalKind } from '../../src/domain/errors.ts';
import { SERVICE_IDS } from '../../src/domain/operations/services.ts';
import type { OutcropRecord } from '../../src/domain/payloads/outcrop-record.ts';
import type { StandardLoggingPayload } from '../../src/domain/payloads/standard-logging.ts';
import { USAGE_UNITS } from '../../src/domain/usage/usage.ts';

const orNull = <Schema extends z.ZodType>(schema: Schema, about?: string) =>
  about === undefined ? schema.nullable() : schema.nullable().describe(about);
const text = z.string();
const count = z.number().nonnegative();
const usd = text.regex(/^-?\d+(\.\d{1,9})?$/);

const REFUSAL_KINDS = Object.keys(REFUSALS).filter((kind): kind is RefusalKind => Object.hasOwn(REFUSALS, kind));
const OPERATION_KINDS = ['read', 'write', 'invoke'].filter(isOperationKind);

const outcome = z
  .enum(['completed', 'refused', 'broken', 'abandoned', 'unknown'])
  .describe(
    'refused: by the gateway. broken: the answer was cut short, or Bedrock ended it by an exception. abandoned: the client left.',
  );

/** Our own record: `format: outcrop`. */
export const outcropRecordSchema = z
  .strictObject({
    id: text.describe('The x-outcrop-request-id that the client got.'),
    started_at: z.iso.datetime(),
    duration_ms: count,
    first_byte_ms: orNull(
      count,
      'From the start to the first byte of the answer of Bedrock; null when there was none.',
    ),
    key_id: orNull(text, 'The public id of the key; null for the master key.'),
    key_alias: orNull(text),
    team_id: orNull(text),
    user_id: orNull(text),
    customer_id: orNull(text, 'The end user that the client named.'),
    session_id: orNull(text),
    tags: z.array(text),
    service: orNull(z.enum(SERVICE_IDS)),
    operation: orNull(text),
    operation_kind: orNull(z.enum(OPERATION_KINDS)),
    model: orNull(text, 'As the request names it.'),
    region: orNull(text),
    target: orNull(text, 'Scheme, host and port it was sent to; null where it was sent nowhere.'),
    status: orNull(z.int(), 'What the client got; null when it got none.'),
    outcome,
    refusal: orNull(z.enum(REFUSAL_KINDS), 'See docs/errors.md.'),
    aws_request_id: orNull(text),
    error_type: orNull(text, 'The exception that AWS answered with, or ended a stream by; null where it named none.'),
    client_address: orNull(text),
    user_agent: orNull(text),
    request_bytes: count,
    response_bytes: count,
    stream_chunks: orNull(count, 'Events of a streamed answer; null where it was none.'),
    stream_longest_pause_ms: orNull(count, 'Between two of them; null where there were not two.'),
    traceparent: orNull(text, 'The trace that the client is in, as W3C has it; null where it is in none.'),
    usage: z
      .array(
        z.strictObject({
          unit: z.enum(USAGE_UNITS),
          quantity: count,
          model: orNull(text, 'Where another model than that of the request was used.'),
          variant: orNull(text, 'What the price depends on beside the unit.'),
        }),
      )
      .describe('What was used: only what is more than zero.'),
    usage_source: z.enum(['answer', 'request', 'free', 'unknown']).describe('Who says so.'),
    usage_complete: z.boolean().describe('False: what is in usage is a lower bound.'),
    service_tier: orNull(z.enum(['flex', 'priority', 'reserved', 'batch']), 'Null for the standard.'),
    latency_optimized: z.boolean(),
    cost_usd: orNull(usd, 'US dollars, exact; null where the cost is unknown.'),
    cost_missing: orNull(text, 'Why the cost is unknown.'),
    price_version: orNull(text),
    reserved_usd: usd.describe('What was held of the limits of the call while it ran.'),
    request: orNull(text, 'What was asked, where that is recorded.'),
    response: orNull(text, 'What was answered, where that is recorded.'),
  })
  .describe('A call, as Outcrop writes it with format: outcrop.') satisfies z.ZodType<OutcropRecord>;

const apiBase = text.describe(
  'Where it was sent; else where the service is by the rule of AWS; empty where that was never known.',
);

/** LiteLLM's payload: `format: litellm`. */
export const standardLoggingSchema = z
  .strictObject({
    id: text.describe('The x-outcrop-request-id that the client got.'),
    trace_id: text.describe('The session, where the client named one; else the trace it is in; else the id.'),
    call_type: z.literal('allm_passthrough_route'),
    stream: z.boolean(),
    response_cost: orNull(z.number(), 'US dollars; null where the cost is unknown.'),
    response_cost_failure_debug_info: orNull(z.strictObject({ error_str: text, model: text })),
    status: z.enum(['success', 'failure']),
    custom_llm_provider: z.literal('bedrock'),
    total_tokens: count,
    prompt_tokens: count.describe('Those read from caches and written to them too. 0 where nobody told.'),
    completion_tokens: count,
    startTime: z.number().describe('Seconds since the epoch.'),
    endTime: z.number(),
    completionStartTime: z.number(),
    response_time: count.describe('Seconds; of streams, to the first byte.'),
    model_map_information: z.strictObject({ model_map_key: text, model_map_value: z.null() }),
    model: text,
    model_id: z.null(),
    model_group: text,
    api_base: apiBase,
    metadata: z.strictObject({
      user_api_key_hash: orNull(text, 'The public id of the key; null for the master key.'),
      user_api_key_alias: orNull(text),
      user_api_key_org_id: z.null(),
      user_api_key_team_id: orNull(text),
      user_api_key_user_id: orNull(text),
      user_api_key_team_alias: z.null().describe('Not kept with calls: see user_api_key_team_id.'),
      spend_logs_metadata: z
        .strictObject({
          service: orNull(z.enum(SERVICE_IDS)),
          operation: orNull(text),
          region: orNull(text),
          outcome,
          aws_request_id: orNull(text),
          aws_error_type: orNull(text, 'The exception that AWS answered with, or ended a stream by.'),
        })
        .describe('What the payload of LiteLLM has no field for.'),
      requester_ip_address: orNull(text),
      requester_metadata: z.null(),
      usage_object: orNull(
        z.strictObject({
          prompt_tokens: count,
          completion_tokens: count,
          total_tokens: count,
          cache_read_input_tokens: count,
          cache_creation_input_tokens: count,
        }),
        'Null where nobody told what was used.',
      ),
    }),
    cache_hit: z.literal(false),
    cache_key: z.null(),
    saved_cache_cost: z.literal(0),
    request_tags: z.array(text),
    end_user: orNull(text),
    requester_ip_address: orNull(text),
    messages: orNull(text, 'What was asked, where that is recorded.'),
    response: orNull(text, 'What was answered, where that is recorded.'),
    error_str: orNull(text),
    error_information: orNull(
      z.strictObject({
        error_code: text,
        error_class: text,
        llm_provider: z.literal('bedrock'),
        error_message: text,
      }),
    ),
    model_parameters: z.record(z.string(), z.never()),
    hidden_params: z.strictObject({
      model_id: z.null(),
      cache_key: z.null(),
      api_base: apiBase,
      response_cost: orNull(text),
      additional_headers: orNull(z.strictObject({ 'llm_provider-x-amzn-requestid': text })),
      batch_models: z.null(),
      litellm_model_name: text,
    }),
  })
  .describe(
    "A call as LiteLLM's StandardLoggingPayload, as Outcrop writes it with format: litellm.",
  ) satisfies z.ZodType<StandardLoggingPayload>;

/** `docs/schemas/*.json`: JSON schemas of what sinks send. */
export function payloadSchemaPage(schema: z.ZodType): string {
  return JSON.stringify(z.toJSONSchema(schema, { io: 'output' }));
}
