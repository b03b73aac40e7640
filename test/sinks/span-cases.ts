import assert from 'node:assert/strict';
import type { CallRecord } from '../../src/domain/call-record.ts';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import type { UsageUnit } from '../../src/domain/usage/usage.ts';
import type { Decoded } from '../domain/otlp/decode.ts';
import { collect, valuesOf } from './otel-collector.ts';
import type { AnyReceiver, Received } from './receiver.ts';
import type { SinkCase } from './sink-cases.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** A sink that sends spans. */
interface SpanCase {
  readonly name: string;
  readonly options: (receiver: AnyReceiver) => Readonly<Record<string, unknown>>;
  /** Below which OTLP is. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What it says beside, or otherwise than, the semantic conventions. Undefined: it does not say that. */
  readonly also?: (event: SinkEvent) => Attributes;
  readonly takes?: (event: SinkEvent) => boolean;
}

const METRICS = [
  'gen_ai.client.token.usage',
  'gen_ai.client.operation.duration',
  'gen_ai.client.operation.time_to_first_chunk',
];

/** The contract of all that is the sink `otel` underneath: what its collector decodes is the call, field by field. */
function sinkCaseOf({ name, options, path, headers, also = () => ({}), takes }: SpanCase): SinkCase {
  const isTraces = ({ target }: Received): boolean => target === `${path}/v1/traces`;
  const spansIn = (request: Received): readonly Decoded[] => (isTraces(request) ? collect(request).items : []);
  return {
    name,
    delivery: 'best-effort',
    options,
    countsAll: true,
    ...(takes === undefined ? {} : { takes }),
    verify: (request) => {
      for (const [header, value] of Object.entries(headers)) assert.equal(request.headers[header], value);
      const { items } = collect(request);
      if (isTraces(request)) return;
      assert.equal(request.target, `${path}/v1/metrics`);
      for (const metric of items) assert.ok(METRICS.includes(String(metric['name'])));
    },
    idsOf: (request) => spansIn(request).map((span) => String(valuesOf(span)['outcrop.call.id'])),
    compare: (request, events) => {
      for (const span of spansIn(request)) {
        const attributes = valuesOf(span);
        const event = events.get(String(attributes['outcrop.call.id'])) ?? assert.fail();
        const { attributes: _, ...frame } = span;
        assert.deepEqual(frame, frameOf(event));
        assert.deepEqual(attributes, present({ ...attributesOf(event), ...also(event) }));
      }
    },
  };
}

/** What a span is beside its attributes. */
function frameOf({ record, trace }: SinkEvent): Decoded {
  const [, traceId = record.id.replaceAll('-', ''), parent, flags = '01'] = trace.traceParent?.split('-') ?? [];
  const startNanos = BigInt(record.startedAtMs) * 1_000_000n;
  const { service, operation, modelId } = record;
  return {
    trace_id: traceId,
    span_id: record.id.replaceAll('-', '').slice(16),
    ...(parent === undefined ? {} : { parent_span_id: parent }),
    name: service === null || operation === null ? 'request' : `chat ${String(modelId)}`,
    kind: 3,
    start_time_unix_nano: startNanos,
    // To the microsecond.
    end_time_unix_nano: startNanos + BigInt(Math.round(record.durationMs * 1000)) * 1000n,
    ...(errorOf({ record, trace, content: null }) === null ? {} : { status: { code: 2 } }),
    flags: Number.parseInt(flags, 16) + 0x100 + (parent === undefined ? 0 : 0x200),
  };
}

/** By the semantic conventions, written down here independently of the encoder. */
function attributesOf({ record, trace, content }: SinkEvent): Attributes {
  const { attribution, usage, cost } = record;
  const url = trace.targetOrigin === null ? null : new URL(trace.targetOrigin);
  const of = (...units: readonly UsageUnit[]): number =>
    usage.lines.filter(({ unit }) => units.includes(unit)).reduce((sum, { quantity }) => sum + quantity, 0);
  const cacheWrite = of('cacheWrite5mTokens', 'cacheWrite1hTokens');
  const usesModel = record.operationKind === 'invoke';
  return {
    ...(usesModel
      ? {
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'aws.bedrock',
          'gen_ai.request.model': record.modelId,
          'gen_ai.conversation.id': attribution.sessionId,
          'gen_ai.usage.input_tokens': of('inputTokens', 'inputSpeechTokens', 'cacheReadTokens') + cacheWrite,
          'gen_ai.usage.output_tokens': of('outputTokens', 'outputSpeechTokens'),
          'gen_ai.usage.cache_read.input_tokens': of('cacheReadTokens') || null,
          'gen_ai.usage.cache_creation.input_tokens': cacheWrite || null,
        }
      : {}),
    'error.type': errorOf({ record, trace, content }),
    'http.response.status_code': record.status,
    'http.request.body.size': record.requestBytes,
    'http.response.body.size': record.responseBytes,
    'aws.request_id': record.awsRequestId,
    'rpc.system': 'aws-api',
    'rpc.service': record.service,
    'rpc.method': record.operation,
    'cloud.region': record.region,
    'client.address': record.clientAddress,
    'user_agent.original': record.userAgent,
    'session.id': attribution.sessionId,
    'user.id': attribution.customerId ?? attribution.userId,
    'server.address': url?.hostname.replace(/^\[|\]$/g, ''),
    'server.port': url === null ? null : Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    'outcrop.call.id': record.id,
    'outcrop.outcome': record.outcome,
    'outcrop.operation.kind': record.operationKind,
    'outcrop.time_to_first_byte': record.firstByteMs === null ? null : record.firstByteMs / 1000,
    'outcrop.key.id': attribution.keyId,
    'outcrop.key.alias': attribution.keyAlias,
    'outcrop.team.id': attribution.teamId,
    'outcrop.user.id': attribution.userId,
    'outcrop.customer.id': attribution.customerId,
    'outcrop.tags': attribution.tags.length === 0 ? null : attribution.tags,
    'outcrop.cost.usd': cost.kind === 'known' ? Number(cost.nanos) / 1e9 : null,
    'outcrop.cost.missing': cost.kind === 'known' ? null : cost.missing,
    'outcrop.price.version': record.priceVersion,
    'outcrop.reserved.usd': record.reservedNanos === 0n ? null : Number(record.reservedNanos) / 1e9,
    'outcrop.usage.source': usage.source,
    'outcrop.usage.complete': usage.complete,
    'outcrop.service_tier': usage.serviceTier,
    'outcrop.latency_optimized': usage.latencyOptimized || null,
    'outcrop.usage.cache_write1h_tokens': of('cacheWrite1hTokens') || null,
    'outcrop.usage.output_speech_tokens': of('outputSpeechTokens') || null,
    'outcrop.stream.chunks': trace.pace?.chunks,
    'outcrop.stream.longest_pause': trace.pace === null ? null : inSeconds(trace.pace.longestPauseMs),
    // The awkward events have no content that is JSON: it is there as it is.
    ...messagesOf(record, content),
  };
}

function messagesOf(record: CallRecord, content: SinkEvent['content']): Attributes {
  const reason = record.outcome === 'completed' ? 'stop' : 'error';
  const [request, response] = [content?.request ?? null, content?.response ?? null];
  return {
    'gen_ai.input.messages': request === null ? null : JSON.stringify([{ role: 'user', parts: [textPart(request)] }]),
    'gen_ai.output.messages':
      response === null
        ? null
        : JSON.stringify([{ role: 'assistant', parts: [textPart(response)], finish_reason: reason }]),
    'gen_ai.response.finish_reasons': response === null ? null : [reason],
  };
}

function textPart(content: string): object {
  return { type: 'text', content };
}

function inSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function errorOf({ record: { refusal, outcome, status }, trace }: SinkEvent): string | null {
  if (refusal !== null) return refusal;
  if (trace.awsErrorType !== null) return trace.awsErrorType;
  if (outcome !== 'completed') return outcome;
  return status !== null && status >= 400 ? String(status) : null;
}

/** What is null or undefined is not there. */
function present(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined));
}

const WITHOUT_MESSAGES: Attributes = {
  'gen_ai.input.messages': null,
  'gen_ai.output.messages': null,
  'gen_ai.response.finish_reasons': null,
};

export const SPAN_CASES: readonly SinkCase[] = [
  sinkCaseOf({
    name: 'otel',
    options: ({ origin }) => ({ endpoint: origin, headers: 'x-api-key=abc', metric_export_interval: 100 }),
    path: '',
    headers: { 'x-api-key': 'abc' },
  }),
  // A preset for services: spans of everything, and metrics.
  sinkCaseOf({
    name: 'honeycomb',
    options: ({ origin }) => ({ endpoint: origin, api_key: 'hc-key', compression: 'gzip' }),
    path: '',
    headers: { 'x-honeycomb-team': 'hc-key', 'content-encoding': 'gzip' },
  }),
  // A preset for models, with names of its own: no control planes, no metrics.
  sinkCaseOf({
    name: 'langfuse',
    options: ({ origin }) => ({ host: origin, public_key: 'pk', secret_key: 'sk' }),
    path: '/api/public/otel',
    headers: { authorization: `Basic ${Buffer.from('pk:sk').toString('base64')}` },
    takes: ({ record }) => record.operationKind === 'invoke',
    also: ({ record, content }) => ({
      ...WITHOUT_MESSAGES,
      'langfuse.observation.type': 'generation',
      'langfuse.observation.input': content?.request,
      'langfuse.observation.output': content?.response,
      'langfuse.trace.tags': record.attribution.tags.length === 0 ? null : record.attribution.tags,
      'gen_ai.usage.cost': record.cost.kind === 'known' ? Number(record.cost.nanos) / 1e9 : null,
    }),
  }),
];
