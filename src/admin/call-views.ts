import { z } from '@hono/zod-openapi';
import type { StoredCall } from '../domain/ledger.ts';
import { usdNumber, usdText } from '../domain/usd.ts';
import type { UsageLine, UsageUnit } from '../domain/usage/usage.ts';
import { date } from './views.ts';

/** A call as LiteLLM shows it, and in `outcrop` what it has no names for. */
export const spendLogView = z.object({
  request_id: z.string().openapi({ description: 'The x-outcrop-request-id that the client got.' }),
  call_type: z.string(),
  api_key: z.string().openapi({ description: 'The public id of the key; empty for the master key.' }),
  spend: z.number().nullable().openapi({ description: 'US dollars; null where the cost is unknown.' }),
  total_tokens: z.number().nullable(),
  prompt_tokens: z.number().nullable().openapi({ description: 'Those read from and written to caches too.' }),
  completion_tokens: z.number().nullable(),
  startTime: z.string(),
  endTime: z.string(),
  completionStartTime: z.string().nullable(),
  request_duration_ms: z.number(),
  model: z.string(),
  model_group: z.string(),
  model_id: z.string(),
  custom_llm_provider: z.literal('bedrock'),
  user: z.string(),
  team_id: z.string().nullable(),
  end_user: z.string(),
  session_id: z.string().nullable(),
  request_tags: z.array(z.string()),
  requester_ip_address: z.string().nullable(),
  status: z.enum(['success', 'failure']),
  cache_hit: z.literal('False'),
  messages: z.object({}),
  response: z.object({}),
  metadata: z.object({
    user_api_key: z.string().nullable(),
    user_api_key_alias: z.string().nullable(),
    user_api_key_team_id: z.string().nullable(),
    user_api_key_user_id: z.string().nullable(),
    additional_usage_values: z.object({
      cache_read_input_tokens: z.number(),
      cache_creation_input_tokens: z.number(),
    }),
  }),
  outcrop: z.object({
    service: z.string().nullable(),
    operation: z.string().nullable(),
    region: z.string().nullable(),
    outcome: z.string(),
    status_code: z.number().nullable(),
    refusal: z.string().nullable(),
    aws_request_id: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_bytes: z.number(),
    response_bytes: z.number(),
    usage: z.array(
      z.object({
        unit: z.string(),
        quantity: z.number(),
        model: z.string().nullable(),
        variant: z.string().nullable(),
      }),
    ),
    usage_source: z.string().openapi({ description: 'Who says so: answer, request, free; unknown.' }),
    usage_complete: z.boolean(),
    service_tier: z.string().nullable(),
    latency_optimized: z.boolean(),
    cost_usd: z.string().nullable().openapi({ description: 'Exact; null where it is unknown.' }),
    cost_missing: z.string().nullable().openapi({ description: 'Why the cost is unknown.' }),
    estimated: z.boolean().openapi({
      description: 'The cost is what was reserved: the end of the call was never heard of.',
    }),
    price_version: z.string().nullable(),
    reserved_usd: z.string(),
  }),
});

const INPUT: readonly UsageUnit[] = ['inputTokens', 'inputSpeechTokens'];
const OUTPUT: readonly UsageUnit[] = ['outputTokens', 'outputSpeechTokens'];
const CACHE_READ: readonly UsageUnit[] = ['cacheReadTokens'];
const CACHE_WRITE: readonly UsageUnit[] = ['cacheWrite5mTokens', 'cacheWrite1hTokens'];

export function viewCall(call: StoredCall): z.infer<typeof spendLogView> {
  const { attribution, usage, cost, firstByteMs } = call;
  const cacheRead = sumOf(usage.lines, CACHE_READ);
  const cacheWrite = sumOf(usage.lines, CACHE_WRITE);
  const promptTokens = sumOf(usage.lines, INPUT) + cacheRead + cacheWrite;
  const completionTokens = sumOf(usage.lines, OUTPUT);
  const isKnown = usage.source !== 'unknown';
  return {
    request_id: call.id,
    call_type: call.operation ?? '',
    api_key: attribution.keyId ?? '',
    spend: cost.kind === 'known' ? usdNumber(cost.nanos) : null,
    total_tokens: isKnown ? promptTokens + completionTokens : null,
    prompt_tokens: isKnown ? promptTokens : null,
    completion_tokens: isKnown ? completionTokens : null,
    startTime: date(call.startedAtMs),
    endTime: date(call.startedAtMs + call.durationMs),
    completionStartTime: firstByteMs === null ? null : date(call.startedAtMs + firstByteMs),
    request_duration_ms: call.durationMs,
    model: call.modelId ?? '',
    model_group: call.modelId ?? '',
    model_id: '',
    custom_llm_provider: 'bedrock',
    user: attribution.userId ?? '',
    team_id: attribution.teamId,
    end_user: attribution.customerId ?? '',
    session_id: attribution.sessionId,
    request_tags: [...attribution.tags],
    requester_ip_address: call.clientAddress,
    status: hasFailed(call) ? 'failure' : 'success',
    cache_hit: 'False',
    messages: {},
    response: {},
    metadata: {
      user_api_key: attribution.keyId,
      user_api_key_alias: attribution.keyAlias,
      user_api_key_team_id: attribution.teamId,
      user_api_key_user_id: attribution.userId,
      additional_usage_values: { cache_read_input_tokens: cacheRead, cache_creation_input_tokens: cacheWrite },
    },
    outcrop: {
      service: call.service,
      operation: call.operation,
      region: call.region,
      outcome: call.outcome,
      status_code: call.status,
      refusal: call.refusal,
      aws_request_id: call.awsRequestId,
      user_agent: call.userAgent,
      request_bytes: call.requestBytes,
      response_bytes: call.responseBytes,
      usage: usage.lines.map(({ unit, quantity, modelId, variant }) => ({ unit, quantity, model: modelId, variant })),
      usage_source: usage.source,
      usage_complete: usage.complete,
      service_tier: usage.serviceTier,
      latency_optimized: usage.latencyOptimized,
      cost_usd: cost.kind === 'known' ? usdText(cost.nanos) : null,
      cost_missing: cost.kind === 'known' ? null : cost.missing,
      estimated: call.estimated,
      price_version: call.priceVersion,
      reserved_usd: usdText(call.reservedNanos),
    },
  };
}

/** As the sums count it. */
export function hasFailed({ outcome, status }: StoredCall): boolean {
  return outcome !== 'completed' || status === null || status >= 400;
}

function sumOf(lines: readonly UsageLine[], units: readonly UsageUnit[]): number {
  return lines.reduce((sum, { unit, quantity }) => (units.includes(unit) ? sum + quantity : sum), 0);
}
