import type { FamilyFacts } from './prometheus-text.ts';

/** What the metrics of calls are called: by us, or as LiteLLM has it, so that its dashboards go on working. */
export type MetricNames = 'outcrop' | 'litellm';

type CallFamily = 'requests' | 'failures' | 'duration' | 'firstByte' | 'tokens' | 'otherUnits' | 'cost' | 'unpriced';
type Label = 'key' | 'team' | 'model' | 'operation' | 'status' | 'failedStatus' | 'error' | 'unit';

export interface CallNames {
  readonly families: Readonly<Record<CallFamily, FamilyFacts>>;
  readonly labels: Readonly<Record<Label, string>>;
}

const OUTCROP: CallNames = {
  families: {
    requests: { name: 'outcrop_requests_total', type: 'counter', help: 'Requests, by the status the client got.' },
    failures: {
      name: 'outcrop_failed_requests_total',
      type: 'counter',
      help: 'Requests that failed, broke off or were abandoned.',
    },
    duration: {
      name: 'outcrop_request_duration_seconds',
      type: 'histogram',
      help: 'From the first byte of a request to the last of its answer.',
    },
    firstByte: {
      name: 'outcrop_time_to_first_byte_seconds',
      type: 'histogram',
      help: 'From the first byte of a request to the first of its stream.',
    },
    tokens: { name: 'outcrop_tokens_total', type: 'counter', help: 'Tokens by what they were.' },
    otherUnits: {
      name: 'outcrop_units_total',
      type: 'counter',
      help: 'What was used beside tokens: images, seconds, documents, units of guardrails.',
    },
    cost: { name: 'outcrop_cost_usd_total', type: 'counter', help: 'Dollars, of calls whose price is known.' },
    unpriced: {
      name: 'outcrop_unpriced_requests_total',
      type: 'counter',
      help: 'Requests whose cost is not known: a price is missing, or not all of their usage was told.',
    },
  },
  labels: {
    key: 'key',
    team: 'team',
    model: 'model',
    operation: 'operation',
    status: 'status',
    failedStatus: 'status',
    error: 'error',
    unit: 'unit',
  },
};

/**
 * https://docs.litellm.ai/docs/proxy/prometheus; its counters are scraped with `_total` at their end. Tokens are those of
 * three names: see `LITELLM_TOKENS`. `litellm_llm_api_latency_metric` and `litellm_overhead_latency_metric` are not here: a
 * record does not tell the time of AWS from ours.
 */
const LITELLM: CallNames = {
  families: {
    ...OUTCROP.families,
    requests: { ...OUTCROP.families.requests, name: 'litellm_proxy_total_requests_metric_total' },
    failures: { ...OUTCROP.families.failures, name: 'litellm_proxy_failed_requests_metric_total' },
    duration: { ...OUTCROP.families.duration, name: 'litellm_request_total_latency_metric' },
    firstByte: { ...OUTCROP.families.firstByte, name: 'litellm_llm_api_time_to_first_token_metric' },
    cost: { ...OUTCROP.families.cost, name: 'litellm_spend_metric_total' },
  },
  labels: {
    key: 'api_key_alias',
    team: 'team',
    model: 'model',
    operation: 'route',
    status: 'status_code',
    failedStatus: 'exception_status',
    error: 'exception_class',
    unit: 'unit',
  },
};

/** LiteLLM's counters of tokens. */
export const LITELLM_TOKENS = {
  input: {
    name: 'litellm_input_tokens_metric_total',
    type: 'counter',
    help: 'Tokens of requests, cached ones among them.',
  },
  output: { name: 'litellm_output_tokens_metric_total', type: 'counter', help: 'Tokens of answers.' },
  total: { name: 'litellm_total_tokens_metric_total', type: 'counter', help: 'Tokens of requests and answers.' },
} as const satisfies Record<string, FamilyFacts>;

export function callNames(names: MetricNames): CallNames {
  return names === 'litellm' ? LITELLM : OUTCROP;
}

/** What others than calls tell: set when somebody looks. */
export const STATE_FAMILIES = {
  outcrop_in_flight_requests: { type: 'gauge', help: 'Requests under way.', litellm: 'litellm_in_flight_requests' },
  outcrop_spool_bytes: { type: 'gauge', help: 'Records on the disk that the database has not taken yet.' },
  outcrop_sink_queue: { type: 'gauge', help: 'Records that wait for a sink.' },
  outcrop_sink_outbox_bytes: { type: 'gauge', help: 'What waits on the disk for a sink.' },
  outcrop_sink_failing: { type: 'gauge', help: 'Whether the last try of a sink failed.' },
  outcrop_sink_delivered_total: { type: 'counter', help: 'Records a sink has delivered.' },
  outcrop_sink_dropped_total: { type: 'counter', help: 'Records lost to a sink.' },
  outcrop_sink_refused_total: { type: 'counter', help: 'Records the receiver of a sink will never take.' },
  outcrop_sink_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the receiver of a sink last took something, since the epoch.',
  },
  outcrop_sink_last_error_timestamp_seconds: {
    type: 'gauge',
    help: 'When a sink last failed, since the epoch. What was wrong is told at /health/sinks.',
  },
  outcrop_failed_logins_total: { type: 'counter', help: 'Wrong credentials, for calls and for management.' },
  outcrop_unrecorded_requests_total: {
    type: 'counter',
    help: 'Requests refused before it was known who sent them, which leave no call record.',
  },
  outcrop_remaining_key_budget_usd: {
    type: 'gauge',
    help: 'What a key may still spend.',
    litellm: 'litellm_remaining_api_key_budget_metric',
  },
  outcrop_remaining_team_budget_usd: {
    type: 'gauge',
    help: 'What a team may still spend.',
    litellm: 'litellm_remaining_team_budget_metric',
  },
  outcrop_remaining_budgets_left_out_total: {
    type: 'counter',
    help: 'How often a key or a team that had not called for longest was left out of the remaining budgets.',
  },
  process_cpu_seconds_total: { type: 'counter', help: 'Time on processors, of the user and of the system.' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory in use.' },
  process_start_time_seconds: { type: 'gauge', help: 'When the process began, since the epoch.' },
  nodejs_heap_size_used_bytes: { type: 'gauge', help: 'Memory of JavaScript in use.' },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    help: 'How late the event loop is in one of a hundred cases, since the last look.',
  },
} as const satisfies Record<string, Omit<FamilyFacts, 'name'> & { readonly litellm?: string }>;

export type StateName = keyof typeof STATE_FAMILIES;
