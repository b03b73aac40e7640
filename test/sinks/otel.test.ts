import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallRecord } from '../../src/domain/call-record.ts';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { SinkSettingsError, type Environment } from '../../src/sinks/define-sink.ts';
import { DeliveryFault } from '../../src/sinks/delivery-fault.ts';
import { sink } from '../../src/sinks/otel.ts';
import { signalUrl } from '../../src/sinks/otel-url.ts';
import type { EventSink } from '../../src/sinks/sink.ts';
import { sampleRecord } from '../domain/otlp/sample-record.ts';
import { until } from '../support/until.ts';
import { collect, testContext, valuesOf } from './otel-collector.ts';
import { Receiver } from './receiver.ts';
import { NO_TRACE } from './traces.ts';

const NEVER = new AbortController().signal;

interface Scene {
  readonly receiver: Receiver;
  readonly otel: EventSink;
  readonly end: () => Promise<void>;
}

async function open(options: Readonly<Record<string, unknown>> = {}, env: Environment = {}): Promise<Scene> {
  const receiver = new Receiver();
  await receiver.start();
  const context = testContext();
  const all = { endpoint: receiver.origin, metrics_exporter: 'none', ...options };
  const otel = await sink.prepare(all, env).open(context);
  assert.ok(otel.kind === 'events');
  const end = async (): Promise<void> => {
    await otel.close?.();
    await context.end();
    await receiver.stop();
  };
  return { receiver, otel, end };
}

function event(changes: Partial<CallRecord> = {}, index = 0): SinkEvent {
  const id = `0198c5a0-1234-7abc-8def-${String(index).padStart(12, '0')}`;
  return { record: sampleRecord({ id, ...changes }), trace: NO_TRACE, content: null };
}

test('a batch arrives as one request: every call a span with its own id, in the order of the batch', async () => {
  const { receiver, otel, end } = await open({
    service_name: 'gateway',
    resource_attributes: 'deployment.environment.name=a%20b',
  });
  const events = Array.from({ length: 300 }, (_, index) => event({ requestBytes: index }, index));
  assert.deepEqual(await otel.deliver(events, NEVER), { again: [], refused: [], reason: null });
  assert.equal(receiver.received.length, 1);
  const [request = assert.fail()] = receiver.received;
  assert.equal(request.target, '/v1/traces');
  const { resource, scope, items } = collect(request);
  assert.deepEqual(resource, { 'service.name': 'gateway', 'deployment.environment.name': 'a b' });
  assert.equal(scope, 'outcrop');
  const spans = items.map(valuesOf);
  assert.deepEqual(
    spans.map((span) => span['outcrop.call.id']),
    events.map(({ record }) => record.id),
  );
  assert.deepEqual(
    spans.map((span) => span['http.request.body.size']),
    events.map((_, index) => index),
  );
  await end();
});

test('content is sent as messages where a call has it', async () => {
  const { receiver, otel, end } = await open();
  const content = {
    request: '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}',
    response: '{"completion":"Ho"}',
  };
  await otel.deliver([{ ...event(), content }], NEVER);
  const [span = assert.fail()] = collect(receiver.received[0] ?? assert.fail()).items;
  const values = valuesOf(span);
  assert.deepEqual(JSON.parse(String(values['gen_ai.input.messages'])), [
    { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
  ]);
  assert.deepEqual(JSON.parse(String(values['gen_ai.output.messages'])), [
    { role: 'assistant', parts: [{ type: 'text', content: 'Ho' }], finish_reason: 'stop' },
  ]);
  await end();
});

/** Of a client that does not keep its trace. */
const NOT_KEPT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

test('a span stands in the trace of its client; one that is not kept is left out where that is asked', async () => {
  for (const [sampler, count] of [
    ['always_on', 2],
    ['parentbased_always_on', 1],
  ] as const) {
    const { receiver, otel, end } = await open({ traces_sampler: sampler });
    const trace = { ...NO_TRACE, traceParent: NOT_KEPT };
    await otel.deliver([{ ...event(), trace }, event()], NEVER);
    const { items } = collect(receiver.received[0] ?? assert.fail());
    assert.equal(items.length, count);
    const parents = items.map((span) => span['parent_span_id']);
    assert.deepEqual(parents, count === 2 ? ['00f067aa0ba902b7', undefined] : [undefined]);
    await end();
  }
});

test('headers, compression and endpoints are those of the variables, LiteLLM’s among them', async () => {
  const receiver = new Receiver();
  await receiver.start();
  const env = {
    OTEL_EXPORTER: 'otlp_http',
    OTEL_ENDPOINT: `${receiver.origin}/collect/v1/traces`,
    OTEL_HEADERS: 'x-api-key=abc=,Authorization=Bearer%20t%2Ck',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_SERVICE_NAME: 'named',
    OTEL_TRACER_NAME: 'tracer',
    OTEL_METRICS_EXPORTER: 'none',
  };
  const context = testContext();
  const prepared = sink.prepare({}, env);
  assert.deepEqual(prepared.secrets, ['abc=', 'Bearer t,k']);
  const otel = await prepared.open(context);
  assert.ok(otel.kind === 'events');
  assert.equal(otel.reaches?.href, `${receiver.origin}/collect/v1/traces`);
  await otel.deliver([event()], NEVER);
  const [request = assert.fail()] = receiver.received;
  assert.equal(request.target, '/collect/v1/traces');
  assert.equal(request.headers['x-api-key'], 'abc=');
  assert.equal(request.headers.authorization, 'Bearer t,k');
  assert.equal(request.headers['content-encoding'], 'gzip');
  const { resource, scope } = collect(request);
  assert.deepEqual([resource['service.name'], scope], ['named', 'tracer']);
  await context.end();
  await receiver.stop();
});

const MISTAKES: readonly (readonly [option: string, value: string, said: RegExp])[] = [
  ['exporter', 'otlp_grpc', /^exporter \(or .*OTEL_EXPORTER in the environment\): must be otlp_http/],
  ['endpoint', 'collector:4317', /^endpoint .*must be an http/],
  ['headers', 'no header', /^headers .*must be headers/],
  ['metric_export_interval', '5', /^metric_export_interval/],
  ['traces_sampler', 'traceidratio', /^traces_sampler/],
  ['endpoints', 'x', /^it has no setting endpoints/],
];

for (const [option, value, said] of MISTAKES) {
  test(`${option}: ${value} is told before anything runs`, () => {
    assert.throws(
      () => sink.prepare({ [option]: value }, {}),
      (error) => error instanceof SinkSettingsError && error.lines.every((line) => said.test(line)),
    );
  });
}

test('by default spans and metrics go to a collector on this machine; where only spans have an address, no metrics go out', async () => {
  const context = testContext();
  const beside = await sink.prepare({}, {}).open(context);
  assert.equal(beside.reaches?.href, 'http://localhost:4318/v1/traces');
  await context.end();
});

test('an address may be given as far as one likes', () => {
  const rows = [
    ['http://h', 'http://h/v1/traces', 'http://h/v1/metrics'],
    ['http://h/', 'http://h/v1/traces', 'http://h/v1/metrics'],
    ['http://h/otlp', 'http://h/otlp/v1/traces', 'http://h/otlp/v1/metrics'],
    ['http://h/otlp/v1', 'http://h/otlp/v1/traces', 'http://h/otlp/v1/metrics'],
    ['http://h/v1/traces?a=1', 'http://h/v1/traces?a=1', 'http://h/v1/metrics?a=1'],
  ] as const;
  for (const [endpoint, traces, metrics] of rows) {
    assert.equal(signalUrl(new URL(endpoint), 'traces').href, traces);
    assert.equal(signalUrl(new URL(endpoint), 'metrics').href, metrics);
  }
});

test('a receiver that fails is told so that the batch is sent once more, one that refuses so that it is not', async () => {
  const { receiver, otel, end } = await open();
  for (const [status, verdict] of [
    [503, 'again'],
    [429, 'again'],
    [400, 'refused'],
  ] as const) {
    receiver.answering = () => ({ status, headers: { 'retry-after': '7' } });
    await assert.rejects(otel.deliver([event()], NEVER), (error) => {
      assert.ok(error instanceof DeliveryFault);
      assert.deepEqual([error.verdict, error.retryAfterMs], [verdict, 7000]);
      return true;
    });
  }
  await end();
});

test('spans that a receiver did not take are counted', async () => {
  const { receiver, otel, end } = await open();
  // ExportTraceServiceResponse { partial_success { rejected_spans: 2, error_message: "no" } }
  receiver.answering = () => ({ status: 200, body: '\u000a\u0006\u0008\u0002\u0012\u0002no' });
  const result = await otel.deliver([event(), event(), event()], NEVER);
  assert.deepEqual([result.again, result.refused.length], [[], 2]);
  receiver.answering = () => ({ status: 200, body: '{"partialSuccess":{}}' });
  assert.equal((await otel.deliver([event()], NEVER)).refused.length, 0);
  await end();
});

test('metrics go out by their own clock and when the sink closes; a batch sent twice counts once', async () => {
  const { receiver, otel, end } = await open({ metrics_exporter: 'otlp', metric_export_interval: 100 });
  const events = [event({}, 1), event({ status: 500 }, 2)];
  receiver.mood = 'error';
  await assert.rejects(otel.deliver(events, NEVER));
  receiver.mood = 'well';
  await otel.deliver(events, NEVER);
  const metrics = () => receiver.received.filter(({ target }) => target === '/v1/metrics').map(collect);
  await until(() => metrics().length === 1);
  await otel.deliver([event({}, 3)], NEVER);
  await end();
  const durations = metrics().map(({ items }) => {
    const duration = items.find(({ name }) => name === 'gen_ai.client.operation.duration');
    return JSON.stringify(duration, (_, value) => (typeof value === 'bigint' ? Number(value) : value)).match(
      /"count":\d+/g,
    );
  });
  assert.deepEqual(durations, [
    ['"count":1', '"count":1'],
    ['"count":2', '"count":1'],
  ]);
});

test('what happens to metrics is nothing to spans', async () => {
  const { receiver, otel, end } = await open({ metrics_exporter: 'otlp', metric_export_interval: 100 });
  receiver.answering = ({ target }) => ({ status: target === '/v1/metrics' ? 404 : 200 });
  await otel.deliver([event()], NEVER);
  await until(() => receiver.tries === 2);
  await otel.deliver([event()], NEVER);
  assert.equal(receiver.received.length, 2);
  await end();
});
