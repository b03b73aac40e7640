import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { CallContent } from '../../../src/domain/call-content.ts';
import type { CallRecord } from '../../../src/domain/call-record.ts';
import type { CallTrace } from '../../../src/domain/sink-event.ts';
import { SEMANTIC_CONVENTIONS, type SpanDialect } from '../../../src/domain/otlp/dialect.ts';
import { exportRequest } from '../../../src/domain/otlp/export-request.ts';
import { SpanEncoder } from '../../../src/domain/otlp/span-encoder.ts';
import { attributesOf, decode, listOf, messageOf, type Decoded } from './decode.ts';
import { FULL_TRACE, NO_TRACE } from '../../sinks/traces.ts';
import { sampleRecord, usageLine } from './sample-record.ts';

/**
 * Types of attributes by the registry of the semantic conventions (v1.41):
 * https://github.com/open-telemetry/semantic-conventions-genai/tree/main/docs/registry/attributes and the one of
 * open-telemetry/semantic-conventions. What of ours is in neither begins with `outcrop.`.
 */
const REGISTRY: ReadonlyMap<string, string> = new Map([
  ['gen_ai.operation.name', 'string_value'],
  ['gen_ai.provider.name', 'string_value'],
  ['gen_ai.request.model', 'string_value'],
  ['gen_ai.request.stream', 'bool_value'],
  ['gen_ai.response.model', 'string_value'],
  ['gen_ai.response.time_to_first_chunk', 'double_value'],
  ['gen_ai.response.finish_reasons', 'array_value'],
  ['gen_ai.conversation.id', 'string_value'],
  ['gen_ai.usage.input_tokens', 'int_value'],
  ['gen_ai.usage.output_tokens', 'int_value'],
  ['gen_ai.usage.cache_read.input_tokens', 'int_value'],
  ['gen_ai.usage.cache_creation.input_tokens', 'int_value'],
  ['gen_ai.input.messages', 'string_value'],
  ['gen_ai.output.messages', 'string_value'],
  ['gen_ai.system_instructions', 'string_value'],
  ['error.type', 'string_value'],
  ['http.response.status_code', 'int_value'],
  ['http.request.body.size', 'int_value'],
  ['http.response.body.size', 'int_value'],
  ['aws.request_id', 'string_value'],
  ['rpc.system', 'string_value'],
  ['rpc.service', 'string_value'],
  ['rpc.method', 'string_value'],
  ['cloud.region', 'string_value'],
  ['client.address', 'string_value'],
  ['user_agent.original', 'string_value'],
  ['session.id', 'string_value'],
  ['server.address', 'string_value'],
  ['server.port', 'int_value'],
  ['user.id', 'string_value'],
]);

const RESOURCE = { 'service.name': 'outcrop', 'service.version': '1.2.3' };

interface Given {
  readonly content?: CallContent | null;
  readonly trace?: CallTrace;
  readonly dialect?: SpanDialect;
}

function spanOf(record: CallRecord, { content = null, trace = NO_TRACE, dialect }: Given = {}): Decoded {
  const encoder = new SpanEncoder(dialect ?? SEMANTIC_CONVENTIONS);
  const span = encoder.encode({ record, trace, content });
  const request = decode('ExportTraceServiceRequest', exportRequest(RESOURCE, 'outcrop', [span]));
  const [ofResource = assert.fail()] = listOf(request['resource_spans']);
  const resource = attributesOf(messageOf(ofResource['resource']));
  assert.deepEqual(
    [...resource].map(([name, { value }]) => [name, value]),
    Object.entries(RESOURCE),
  );
  const [ofScope = assert.fail()] = listOf(ofResource['scope_spans']);
  assert.deepEqual(ofScope['scope'], { name: 'outcrop' });
  const [decoded = assert.fail(), ...others] = listOf(ofScope['spans']);
  assert.deepEqual(others, []);
  return decoded;
}

function valuesOf(record: CallRecord, given: Given = {}): Record<string, unknown> {
  return Object.fromEntries([...attributesOf(spanOf(record, given))].map(([name, { value }]) => [name, value]));
}

test('a span says everything a record says', () => {
  assert.deepEqual(valuesOf(sampleRecord(), { trace: FULL_TRACE }), {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'aws.bedrock',
    'gen_ai.request.model': 'us.anthropic.claude-sonnet-4-20250514-v1:0',
    'gen_ai.request.stream': true,
    'gen_ai.response.time_to_first_chunk': 0.2505,
    'gen_ai.conversation.id': 'session-1',
    'gen_ai.usage.input_tokens': 1137,
    'gen_ai.usage.output_tokens': 50,
    'gen_ai.usage.cache_read.input_tokens': 1000,
    'gen_ai.usage.cache_creation.input_tokens': 37,
    'http.response.status_code': 200,
    'http.request.body.size': 1234,
    'http.response.body.size': 200_000,
    'aws.request_id': '3b1f0a52-8a0a-4a4f-9a9e-0123456789ab',
    'rpc.system': 'aws-api',
    'rpc.service': 'bedrock-runtime',
    'rpc.method': 'ConverseStream',
    'cloud.region': 'us-east-1',
    'client.address': '10.1.2.3',
    'user_agent.original': 'Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1 lang/python#3.12',
    'session.id': 'session-1',
    'user.id': 'customer-1',
    'outcrop.call.id': '0198c5a0-1234-7abc-8def-0123456789ab',
    'outcrop.outcome': 'completed',
    'outcrop.operation.kind': 'invoke',
    'outcrop.time_to_first_byte': 0.2505,
    'outcrop.reserved.usd': 0.009,
    'outcrop.key.id': 'key-1',
    'outcrop.key.alias': 'my-app',
    'outcrop.team.id': 'team-1',
    'outcrop.user.id': 'user-1',
    'outcrop.customer.id': 'customer-1',
    'outcrop.tags': ['blue', 'grün'],
    'outcrop.cost.usd': 0.00425,
    'outcrop.price.version': '2026-11-01',
    'outcrop.usage.source': 'answer',
    'outcrop.usage.complete': true,
    'outcrop.usage.cache_write1h_tokens': 7,
    'outcrop.usage.search_queries': 2,
    'server.address': 'bedrock-runtime.us-east-1.amazonaws.com',
    'server.port': 443,
    'outcrop.stream.chunks': 42,
    'outcrop.stream.longest_pause': 0.0875,
  });
});

test('a span is a client call with its times, and stands in the trace of the client', () => {
  const span = spanOf(sampleRecord(), { trace: FULL_TRACE });
  assert.equal(span['name'], 'chat us.anthropic.claude-sonnet-4-20250514-v1:0');
  assert.equal(span['kind'], 3);
  assert.equal(span['start_time_unix_nano'], 1_764_000_000_000_000_000n);
  assert.equal(span['end_time_unix_nano'], 1_764_000_001_234_568_000n);
  assert.equal(span['trace_id'], '4bf92f3577b34da6a3ce929d0e0e4736');
  assert.equal(span['parent_span_id'], '00f067aa0ba902b7');
  assert.equal(span['span_id'], '8def0123456789ab');
  assert.equal(span['flags'], 0x301);
  assert.equal(span['status'], undefined);
});

test('without one, the id of the call is its trace', () => {
  const span = spanOf(sampleRecord());
  assert.deepEqual(
    [span['trace_id'], span['parent_span_id'], span['span_id'], span['flags']],
    ['0198c5a012347abc8def0123456789ab', undefined, '8def0123456789ab', 0x101],
  );
});

const FAILURES: readonly (readonly [
  what: string,
  changes: Partial<CallRecord>,
  error: string,
  awsErrorType?: string,
])[] = [
  ['a refusal', { outcome: 'refused', refusal: 'budgetExceeded', status: 400 }, 'budgetExceeded'],
  ['an error of AWS', { status: 429 }, '429'],
  ['an exception of AWS', { status: 429 }, 'ThrottlingException', 'ThrottlingException'],
  ['an exception in a stream', { outcome: 'broken' }, 'modelStreamErrorException', 'modelStreamErrorException'],
  ['a broken answer', { outcome: 'broken' }, 'broken'],
  ['a client that left', { outcome: 'abandoned' }, 'abandoned'],
];

for (const [what, changes, error, awsErrorType = null] of FAILURES) {
  test(`${what} is an error`, () => {
    const span = spanOf(sampleRecord(changes), { trace: { ...NO_TRACE, awsErrorType } });
    assert.deepEqual(span['status'], { code: 2 });
    assert.equal(attributesOf(span).get('error.type')?.value, error);
  });
}

const OPERATIONS: readonly (readonly [
  operation: string,
  modelId: string | null,
  kind: CallRecord['operationKind'],
  name: string,
])[] = [
  ['bedrock-runtime:InvokeModel', 'anthropic.claude-v2', 'invoke', 'chat anthropic.claude-v2'],
  ['bedrock-runtime:InvokeModel', 'amazon.titan-embed-text-v2:0', 'invoke', 'embeddings amazon.titan-embed-text-v2:0'],
  ['bedrock-runtime:InvokeModel', 'amazon.nova-canvas-v1:0', 'invoke', 'generate_content amazon.nova-canvas-v1:0'],
  ['bedrock-runtime:InvokeModel', 'amazon.titan-text-lite-v1', 'invoke', 'text_completion amazon.titan-text-lite-v1'],
  ['bedrock-runtime:ApplyGuardrail', null, 'invoke', 'apply_guardrail'],
  ['bedrock-agent-runtime:InvokeAgent', null, 'invoke', 'invoke_agent'],
  ['bedrock-agent-runtime:Retrieve', null, 'invoke', 'retrieval'],
  ['bedrock:ListFoundationModels', null, 'read', 'bedrock/ListFoundationModels'],
];

for (const [qualified, modelId, operationKind, name] of OPERATIONS) {
  test(`${qualified} of ${modelId} is called ${name}`, () => {
    const [service, operation = ''] = qualified.split(':');
    assert.ok(service === 'bedrock-runtime' || service === 'bedrock-agent-runtime' || service === 'bedrock');
    const span = spanOf(sampleRecord({ service, operation, operationKind, modelId }));
    assert.equal(span['name'], name);
    assert.equal(attributesOf(span).has('gen_ai.operation.name'), operationKind === 'invoke');
  });
}

test('a call that was refused before anything was known is a span too', () => {
  const unknown = { service: null, operation: null, operationKind: null, modelId: null, region: null, status: 401 };
  const span = spanOf(sampleRecord({ ...unknown, outcome: 'refused', refusal: 'expiredKey', awsRequestId: null }));
  assert.equal(span['name'], 'request');
  assert.equal(attributesOf(span).has('aws.request_id'), false);
});

const anyText = fc.oneof(fc.constant(null), fc.string({ unit: 'grapheme', maxLength: 300 }));
const anyRecord = fc
  .record({
    modelId: anyText,
    awsRequestId: anyText,
    userAgent: anyText,
    status: fc.option(fc.integer({ min: 100, max: 599 })),
    durationMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    responseBytes: fc.nat({ max: 2 ** 40 }),
    outcome: fc.constantFrom('completed', 'refused', 'broken', 'abandoned', 'unknown'),
    operation: fc.constantFrom('Converse', 'ConverseStream', 'InvokeModel', 'CountTokens', null),
    lines: fc.array(
      fc.tuple(
        fc.constantFrom('inputTokens', 'outputTokens', 'outputImages', 'inputVideoSeconds'),
        fc.nat({ max: 2 ** 34 }),
      ),
      { maxLength: 5 },
    ),
    tags: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), { maxLength: 20 }),
  })
  .map(({ lines, tags, ...changes }) => {
    const { attribution, usage } = sampleRecord();
    const counted = lines.map(([unit, quantity]) => usageLine(unit, quantity));
    return sampleRecord({ ...changes, attribution: { ...attribution, tags }, usage: { ...usage, lines: counted } });
  });
const anyContent = fc.option(
  fc.record({
    request: fc.option(fc.oneof(fc.json(), fc.string())),
    response: fc.option(fc.oneof(fc.json({ maxDepth: 5 }), fc.string())),
  }),
);

test('of any call the names and types of attributes are those of the semantic conventions', () => {
  const isRight = fc.property(anyRecord, anyContent, (record, content) => {
    const span = spanOf(record, { content });
    for (const [name, { type, value }] of attributesOf(span)) {
      const expected = name.startsWith('outcrop.') ? type : REGISTRY.get(name);
      assert.equal(type, expected, name);
      if (name === 'user_agent.original') assert.equal(value, record.userAgent?.toWellFormed());
      if (name === 'http.response.body.size') assert.equal(value, record.responseBytes);
    }
  });
  fc.assert(isRight, { numRuns: 3000 });
});

test('what a receiver calls otherwise is said in both ways', () => {
  const dialect: SpanDialect = {
    names: {
      model: 'llm.model_name',
      totalTokens: 'llm.total',
      costUsd: 'llm.cost',
      tags: 'tag.tags',
      request: 'input.value',
      response: 'output.value',
    },
    fixed: { 'openinference.span.kind': 'LLM' },
  };
  const content = { request: '{"messages":[]}', response: null };
  const values = valuesOf(sampleRecord(), { dialect, content });
  assert.equal(values['llm.model_name'], values['gen_ai.request.model']);
  assert.equal(values['llm.total'], 1187);
  assert.equal(values['llm.cost'], 0.00425);
  assert.deepEqual(values['tag.tags'], ['blue', 'grün']);
  assert.equal(values['input.value'], '{"messages":[]}');
  assert.equal(values['openinference.span.kind'], 'LLM');
  assert.equal(values['gen_ai.input.messages'], undefined);
});
