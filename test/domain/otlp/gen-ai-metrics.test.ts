import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportRequest } from '../../../src/domain/otlp/export-request.ts';
import { GenAiMetrics } from '../../../src/domain/otlp/gen-ai-metrics.ts';
import { attributesOf, decode, listOf, messageOf, type Decoded } from './decode.ts';
import { sampleCall, sampleRecord } from './sample-record.ts';

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly point: Decoded;
}

interface Metric {
  readonly unit: unknown;
  readonly temporality: unknown;
  readonly points: readonly Point[];
}

function sent(metrics: GenAiMetrics, nowMs: number): Map<string, Metric> {
  const request = exportRequest({ 'service.name': 'outcrop' }, 'outcrop', metrics.encode(nowMs));
  const [ofResource = assert.fail()] = listOf(decode('ExportMetricsServiceRequest', request)['resource_metrics']);
  const [ofScope = assert.fail()] = listOf(ofResource['scope_metrics']);
  const found = ofScope['metrics'] === undefined ? [] : listOf(ofScope['metrics']);
  return new Map(
    found.map(({ name, unit, histogram }) => {
      const { aggregation_temporality: temporality, data_points: points } = messageOf(histogram);
      return [String(name), { unit, temporality, points: listOf(points).map(pointOf) }];
    }),
  );
}

function pointOf(point: Decoded): Point {
  const attributes = [...attributesOf(point)].map(([name, { type, value }]) => {
    assert.equal(type, 'string_value', name);
    return [name, value] as const;
  });
  return { attributes: Object.fromEntries(attributes), point };
}

const START = 1_764_000_000_000;
const MODEL = 'us.anthropic.claude-sonnet-4-20250514-v1:0';
const COMMON = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'aws.bedrock',
  'gen_ai.request.model': MODEL,
};

test('tokens, durations and times to the first chunk are those of the records, within the boundaries of the conventions', () => {
  const metrics = new GenAiMetrics('cumulative', START);
  metrics.observe(sampleCall());
  metrics.observe(sampleCall({ durationMs: 20 }));
  metrics.observe(sampleCall({ status: 503, usage: { ...sampleRecord().usage, lines: [] } }));
  const found = sent(metrics, START + 5000);
  assert.deepEqual(
    [...found.keys()],
    ['gen_ai.client.token.usage', 'gen_ai.client.operation.duration', 'gen_ai.client.operation.time_to_first_chunk'],
  );
  const tokens = found.get('gen_ai.client.token.usage');
  assert.equal(tokens?.unit, '{token}');
  assert.equal(tokens?.temporality, 2);
  assert.deepEqual(
    tokens?.points.map(({ attributes, point }) => [attributes, point['sum'], point['count']]),
    [
      [{ ...COMMON, 'gen_ai.token.type': 'input' }, 2274, 2n],
      [{ ...COMMON, 'gen_ai.token.type': 'output' }, 100, 2n],
    ],
  );
  assert.deepEqual(
    tokens?.points[0]?.point['explicit_bounds'],
    [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  );
  const duration = found.get('gen_ai.client.operation.duration');
  assert.equal(duration?.unit, 's');
  assert.deepEqual(
    duration?.points.map(({ attributes }) => attributes),
    [COMMON, { ...COMMON, 'error.type': '503' }],
  );
  const [{ point } = assert.fail()] = duration?.points ?? [];
  assert.deepEqual(
    point['explicit_bounds'],
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  );
  assert.deepEqual(point['bucket_counts'], [0n, 1n, 0n, 0n, 0n, 0n, 0n, 1n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]);
  assert.deepEqual([point['sum'], point['count']], [1.2545678, 2n]);
  assert.equal(point['start_time_unix_nano'], BigInt(START) * 1_000_000n);
  assert.equal(point['time_unix_nano'], BigInt(START + 5000) * 1_000_000n);
  assert.equal(found.get('gen_ai.client.operation.time_to_first_chunk')?.points[0]?.point['count'], 3n);
});

test('what is sent by difference begins anew, what is sent in all goes on', () => {
  for (const [temporality, counts] of [
    ['delta', [1n, 1n]],
    ['cumulative', [1n, 2n]],
  ] as const) {
    const metrics = new GenAiMetrics(temporality, START);
    const found = [1, 2].map((second) => {
      metrics.observe(sampleCall());
      return sent(metrics, START + second).get('gen_ai.client.operation.duration');
    });
    assert.deepEqual(
      found.map((metric) => metric?.points[0]?.point['count']),
      counts,
    );
    const start = temporality === 'delta' ? START + 1 : START;
    assert.equal(found[1]?.points[0]?.point['start_time_unix_nano'], BigInt(start) * 1_000_000n);
    assert.equal(found[1]?.temporality, temporality === 'delta' ? 1 : 2);
  }
  assert.deepEqual([...sent(new GenAiMetrics('delta', START), START).keys()], []);
});

test('control planes are no use of a model', () => {
  const metrics = new GenAiMetrics('cumulative', START);
  metrics.observe(sampleCall({ service: 'bedrock', operation: 'ListFoundationModels', operationKind: 'read' }));
  assert.deepEqual(metrics.encode(START), []);
});

test('nobody makes series without end: a model has its own after a success, and there is a bound', () => {
  const metrics = new GenAiMetrics('cumulative', START);
  for (let index = 0; index < 500; index++) metrics.observe(sampleCall({ modelId: `made-up-${index}`, status: 400 }));
  metrics.observe(sampleCall({ modelId: 'real', status: 200 }));
  const models = (): unknown[] =>
    (sent(metrics, START).get('gen_ai.client.operation.duration')?.points ?? []).map(
      ({ attributes }) => attributes['gen_ai.request.model'],
    );
  assert.deepEqual(models(), ['other', 'real']);
  for (let index = 0; index < 5000; index++) metrics.observe(sampleCall({ modelId: `model-${index}` }));
  assert.equal(models().length, 202);
});
