import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { CallRecord } from '../../src/domain/call-record.ts';
import { watchProcess } from '../../src/sinks/prometheus-process.ts';
import { createMetrics, type Metrics } from '../../src/sinks/prometheus.ts';
import { sampleCall, sampleRecord, usageLine } from '../domain/otlp/sample-record.ts';
import { NO_TRACE } from './traces.ts';
import { lint, type Sample } from './prometheus-lint.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-20250514-v1:0';
const CALLER = { key: 'my-app', team: 'team-1', model: MODEL, operation: 'bedrock-runtime:ConverseStream' };

function samplesOf(metrics: Metrics, family: string): Sample[] {
  return lint(metrics.render()).get(family)?.samples ?? [];
}

function counted(metrics: Metrics, family: string): unknown[] {
  return samplesOf(metrics, family).map(({ labels, value }) => [labels, value]);
}

test('what is scraped is what the records say', () => {
  const metrics = createMetrics();
  metrics.observe(sampleCall());
  metrics.observe(sampleCall({ durationMs: 30 }));
  metrics.observe(
    sampleCall(
      { status: 429, usage: { ...sampleRecord().usage, lines: [] }, cost: { kind: 'unknown', missing: 'x' } },
      'ThrottlingException',
    ),
  );
  metrics.observe(
    sampleCall(
      { outcome: 'broken', usage: { ...sampleRecord().usage, lines: [] }, cost: { kind: 'unknown', missing: 'x' } },
      'modelStreamErrorException',
    ),
  );
  assert.deepEqual(counted(metrics, 'outcrop_requests_total'), [
    [{ ...CALLER, status: '200' }, 3],
    [{ ...CALLER, status: '429' }, 1],
  ]);
  assert.deepEqual(counted(metrics, 'outcrop_failed_requests_total'), [
    [{ ...CALLER, status: '429', error: 'ThrottlingException' }, 1],
    [{ ...CALLER, status: '200', error: 'modelStreamErrorException' }, 1],
  ]);
  assert.deepEqual(counted(metrics, 'outcrop_cost_usd_total'), [[CALLER, 0.0085]]);
  assert.deepEqual(counted(metrics, 'outcrop_unpriced_requests_total'), [[CALLER, 2]]);
  assert.deepEqual(counted(metrics, 'outcrop_tokens_total'), [
    [{ ...CALLER, unit: 'input_tokens' }, 200],
    [{ ...CALLER, unit: 'output_tokens' }, 100],
    [{ ...CALLER, unit: 'cache_read_tokens' }, 2000],
    [{ ...CALLER, unit: 'cache_write5m_tokens' }, 60],
    [{ ...CALLER, unit: 'cache_write1h_tokens' }, 14],
  ]);
  assert.deepEqual(counted(metrics, 'outcrop_units_total'), [[{ ...CALLER, unit: 'search_queries' }, 4]]);
  const durations = samplesOf(metrics, 'outcrop_request_duration_seconds').filter(
    ({ labels }) => labels['status'] === '200',
  );
  const at = (bound: string): number | undefined => durations.find(({ labels }) => labels['le'] === bound)?.value;
  assert.deepEqual([at('0.025'), at('0.05'), at('1'), at('2.5'), at('+Inf')], [0, 1, 1, 3, 3]);
  assert.equal(durations.find(({ name }) => name.endsWith('_sum'))?.value, 2.4991356);
  const first = samplesOf(metrics, 'outcrop_time_to_first_byte_seconds').filter(({ name }) => name.endsWith('_count'));
  assert.deepEqual(
    first.map(({ value }) => value),
    [3, 1],
  );
});

test('a call of which little is known is counted too', () => {
  const metrics = createMetrics();
  const { attribution } = sampleRecord();
  metrics.observe(
    sampleCall({
      attribution: { ...attribution, keyAlias: null, keyId: null, teamId: null },
      service: null,
      operation: null,
      operationKind: null,
      modelId: null,
      status: null,
      firstByteMs: null,
      outcome: 'abandoned',
    }),
  );
  assert.deepEqual(counted(metrics, 'outcrop_requests_total'), [[{ status: 'none' }, 1]]);
  assert.deepEqual(samplesOf(metrics, 'outcrop_time_to_first_byte_seconds'), []);
});

test('LiteLLM’s names, for its dashboards', () => {
  const metrics = createMetrics({ names: 'litellm' });
  metrics.observe(sampleCall());
  metrics.observe(sampleCall({ status: 500 }, 'InternalServerException'));
  metrics.set('outcrop_in_flight_requests', 3);
  metrics.set('outcrop_remaining_team_budget_usd', 1.5, [['team', 'team-1']]);
  const labels = { api_key_alias: 'my-app', team: 'team-1', model: MODEL, route: CALLER.operation };
  assert.deepEqual(counted(metrics, 'litellm_proxy_total_requests_metric_total'), [
    [{ ...labels, status_code: '200' }, 1],
    [{ ...labels, status_code: '500' }, 1],
  ]);
  assert.deepEqual(counted(metrics, 'litellm_proxy_failed_requests_metric_total'), [
    [{ ...labels, exception_status: '500', exception_class: 'InternalServerException' }, 1],
  ]);
  assert.deepEqual(counted(metrics, 'litellm_spend_metric_total'), [[labels, 0.0085]]);
  assert.deepEqual(counted(metrics, 'litellm_input_tokens_metric_total'), [[labels, 2274]]);
  assert.deepEqual(counted(metrics, 'litellm_output_tokens_metric_total'), [[labels, 100]]);
  assert.deepEqual(counted(metrics, 'litellm_total_tokens_metric_total'), [[labels, 2374]]);
  assert.deepEqual(counted(metrics, 'litellm_in_flight_requests'), [[{}, 3]]);
  assert.deepEqual(counted(metrics, 'litellm_remaining_team_budget_metric'), [[{ team: 'team-1' }, 1.5]]);
  assert.ok(samplesOf(metrics, 'litellm_request_total_latency_metric').length > 0);
  assert.ok(samplesOf(metrics, 'litellm_llm_api_time_to_first_token_metric').length > 0);
});

test('states are the last that was said, each for its labels', () => {
  const metrics = createMetrics();
  metrics.set('outcrop_sink_queue', 5, [['sink', 'otel']]);
  metrics.set('outcrop_sink_queue', 7, [['sink', 'otel']]);
  metrics.set('outcrop_sink_queue', 1, [['sink', 'a "b"\n\\']]);
  metrics.set('outcrop_spool_bytes', 0);
  assert.deepEqual(counted(metrics, 'outcrop_sink_queue'), [
    [{ sink: 'otel' }, 7],
    [{ sink: 'a "b"\n\\' }, 1],
  ]);
  assert.deepEqual(counted(metrics, 'outcrop_spool_bytes'), [[{}, 0]]);
});

test('the process tells how it is', () => {
  const metrics = createMetrics();
  watchProcess(metrics, 1_764_000_000_500)();
  const families = lint(metrics.render());
  assert.equal(families.get('process_start_time_seconds')?.samples[0]?.value, 1_764_000_000.5);
  assert.ok((families.get('process_resident_memory_bytes')?.samples[0]?.value ?? 0) > 1e6);
  assert.ok((families.get('process_cpu_seconds_total')?.samples[0]?.value ?? 0) > 0);
});

test('nothing is valid too', () => {
  assert.equal(createMetrics().render(), '\n');
  assert.equal(createMetrics().render('openmetrics'), '# EOF\n');
});

const anyText = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '{', '}', ',', '=') }),
);
const anyRecord: fc.Arbitrary<CallRecord> = fc
  .record({
    modelId: anyText,
    keyAlias: anyText,
    teamId: anyText,
    status: fc.constantFrom(200, 201, 400, 429, 500, null),
    outcome: fc.constantFrom('completed', 'refused', 'broken', 'abandoned'),
    operation: fc.constantFrom('Converse', 'ConverseStream', 'InvokeModel'),
    durationMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    nanos: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    units: fc.array(
      fc.tuple(fc.constantFrom('inputTokens', 'outputTokens', 'outputImages', 'inputVideoSeconds'), fc.nat(1e6)),
      { maxLength: 3 },
    ),
  })
  .map(({ keyAlias, teamId, nanos, units, ...changes }) =>
    sampleRecord({
      ...changes,
      attribution: { ...sampleRecord().attribution, keyAlias, teamId },
      cost: { kind: 'known', nanos },
      usage: { ...sampleRecord().usage, lines: units.map(([unit, quantity]) => usageLine(unit, quantity)) },
    }),
  );

test('whatever calls there were, the text is what scrapers take, in both formats and by both names', () => {
  const isValid = fc.property(
    fc.array(anyRecord, { maxLength: 40 }),
    fc.constantFrom('outcrop', 'litellm'),
    (records, names) => {
      const metrics = createMetrics({ names, callersMax: 10, latenciesMax: 5, modelsMax: 4 });
      for (const record of records) metrics.observe({ record, trace: NO_TRACE });
      if (records.length === 0) return;
      const text = lint(metrics.render());
      const open = lint(metrics.render('openmetrics'), 'openmetrics');
      const total = (family: string): number =>
        (text.get(family)?.samples ?? []).reduce((sum, { value }) => sum + value, 0);
      const requests = names === 'litellm' ? 'litellm_proxy_total_requests_metric' : 'outcrop_requests';
      assert.equal(total(`${requests}_total`), records.length);
      assert.deepEqual(
        [...open.values()].map(({ samples }) => samples.length),
        [...text.values()].map(({ samples }) => samples.length),
      );
      assert.deepEqual(open.get(requests)?.samples, text.get(`${requests}_total`)?.samples);
    },
  );
  fc.assert(isValid, { numRuns: 300 });
});

test('series have a bound: what comes beyond is counted together, and nothing is lost', () => {
  const metrics = createMetrics({ callersMax: 50, latenciesMax: 20, modelsMax: 10 });
  const { attribution } = sampleRecord();
  for (let index = 0; index < 5000; index++) {
    metrics.observe(
      sampleCall({ modelId: `model-${index}`, attribution: { ...attribution, keyAlias: `key-${index % 500}` } }),
    );
  }
  const requests = samplesOf(metrics, 'outcrop_requests_total');
  assert.equal(requests.length, 51);
  assert.equal(
    requests.reduce((sum, { value }) => sum + value, 0),
    5000,
  );
  assert.deepEqual(requests.at(-1)?.labels, {
    key: 'other',
    team: 'other',
    model: 'other',
    operation: 'other',
    status: '200',
  });
  const durations = samplesOf(metrics, 'outcrop_request_duration_seconds').filter(({ name }) =>
    name.endsWith('_count'),
  );
  assert.ok(durations.length <= 21);
  for (let index = 0; index < 3000; index++) metrics.set('outcrop_sink_queue', 1, [['sink', `sink-${index}`]]);
  assert.equal(samplesOf(metrics, 'outcrop_sink_queue').length, 1000);
});

test('a model that nobody ever reached has no series of its own', () => {
  const metrics = createMetrics();
  for (let index = 0; index < 100; index++) metrics.observe(sampleCall({ modelId: `made-up-${index}`, status: 400 }));
  assert.deepEqual(counted(metrics, 'outcrop_requests_total'), [[{ ...CALLER, model: 'other', status: '400' }, 100]]);
});

test('names of exceptions are told apart within a bound, whatever a target calls them', () => {
  const metrics = createMetrics();
  for (let index = 0; index < 200; index++) metrics.observe(sampleCall({ status: 500 }, `Exception${index}`));
  const failed = samplesOf(metrics, 'outcrop_failed_requests_total');
  assert.equal(failed.length, 51);
  assert.equal(
    failed.reduce((sum, { value }) => sum + value, 0),
    200,
  );
});
