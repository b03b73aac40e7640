import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestGateway, MASTER_KEY, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import type { Decoded } from '../domain/otlp/decode.ts';
import { collect, valuesOf } from './otel-collector.ts';
import { Receiver } from './receiver.ts';
import { TRACE_PARENT } from './traces.ts';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const [, TRACE_ID = '', PARENT_SPAN_ID = ''] = TRACE_PARENT.split('-');
const BODY = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'What is an outcrop?' }] }] });

interface Scene {
  readonly gateway: TestGateway;
  readonly receiver: Receiver;
}

async function open(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const receiver = new Receiver();
  await receiver.start();
  const gateway = await startTestGateway({
    env: {
      OUTCROP_SINKS: 'otel',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
      OTEL_METRICS_EXPORTER: 'none',
      ...env,
    },
  });
  let ending: Promise<void> | null = null;
  const close = (): Promise<void> => (ending ??= gateway.close());
  // Also when the test has failed.
  after(close);
  return { gateway: { ...gateway, close }, receiver };
}

/** @returns the id that the client got */
async function call(
  { gateway }: Scene,
  headers: readonly (readonly [string, string])[],
  operation = 'converse',
): Promise<string> {
  const answer = await fetch(`${gateway.origin}/bedrock/model/${MODEL}/${operation}`, {
    method: 'POST',
    headers: [
      ['authorization', `Bearer ${MASTER_KEY}`],
      ...headers.map(([name, value]): [string, string] => [name, value]),
    ],
    body: BODY,
  });
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  return answer.headers.get('x-outcrop-request-id') ?? assert.fail();
}

/** Ends the gateway, which sends what waits. @returns the spans that arrived */
async function spansAtEnd({ gateway, receiver }: Scene, count: number): Promise<readonly Decoded[]> {
  await gateway.close();
  const spans = (): readonly Decoded[] => receiver.received.flatMap((request) => collect(request).items);
  await until(() => spans().length === count);
  await receiver.stop();
  return spans();
}

/** What Bedrock got of trace headers, in the order of the calls. */
function passedOn({ gateway }: Scene): readonly Readonly<Record<string, string>>[] {
  return gateway
    .forwarded()
    .map(({ rawHeaders }) => Object.fromEntries(rawHeaders.filter(([name]) => /^trace(?:parent|state)$/i.test(name))));
}

test('a span is a child of what its client says it is in, and tells where the call went and how its stream came', async () => {
  const scene = await open();
  const traceHeaders = [
    ['traceparent', TRACE_PARENT],
    ['tracestate', 'vendor=value'],
  ] as const;
  const id = await call(scene, traceHeaders, 'converse-stream');
  const own = await call(scene, []);
  // What is none is taken for none, and no reason to refuse.
  const odd = await call(scene, [['traceparent', 'my-trace']]);
  assert.deepEqual(passedOn(scene), [Object.fromEntries(traceHeaders), {}, { traceparent: 'my-trace' }]);
  const { host } = new URL(scene.gateway.simulator.origins['bedrock-runtime']);
  const [ofClient = assert.fail(), ...others] = await spansAtEnd(scene, 3);
  assert.deepEqual([ofClient['trace_id'], ofClient['parent_span_id']], [TRACE_ID, PARENT_SPAN_ID]);
  const values = valuesOf(ofClient);
  assert.equal(values['outcrop.call.id'], id);
  assert.equal(`${String(values['server.address'])}:${String(values['server.port'])}`, host);
  assert.ok(Number(values['outcrop.stream.chunks']) > 4);
  assert.ok(Number(values['outcrop.stream.longest_pause']) >= 0);
  assert.deepEqual(
    others.map((span) => [span['trace_id'], span['parent_span_id'], 'outcrop.stream.chunks' in valuesOf(span)]),
    [own, odd].map((callId) => [callId.replaceAll('-', ''), undefined, false]),
  );
});

test('with take-and-pass Bedrock is told that its work belongs to the call', async () => {
  const scene = await open({ OUTCROP_TRACE_CONTEXT: 'take-and-pass' });
  await call(scene, [
    ['traceparent', TRACE_PARENT],
    ['tracestate', 'vendor=value'],
  ]);
  await call(scene, [['tracestate', 'of=nothing']]);
  await call(scene, [
    ['traceparent', TRACE_PARENT],
    ['traceparent', TRACE_PARENT.replace(/.{5}$/, 'ab-01')],
  ]);
  const passed = passedOn(scene);
  const spans = await spansAtEnd(scene, 3);
  assert.deepEqual(
    passed.map(({ traceparent }) => traceparent),
    spans.map((span) => `00-${String(span['trace_id'])}-${String(span['span_id'])}-01`),
  );
  assert.deepEqual(
    passed.map(({ tracestate }) => tracestate),
    ['vendor=value', undefined, undefined],
  );
  assert.equal(spans[0]?.['trace_id'], TRACE_ID);
  assert.notEqual(spans[2]?.['trace_id'], TRACE_ID);
});

test('with off every call is a trace of its own, and the headers of the client travel as they are', async () => {
  const scene = await open({ OUTCROP_TRACE_CONTEXT: 'off' });
  const id = await call(scene, [['traceparent', TRACE_PARENT]]);
  assert.deepEqual(passedOn(scene), [{ traceparent: TRACE_PARENT }]);
  const [span = assert.fail()] = await spansAtEnd(scene, 1);
  assert.deepEqual([span['trace_id'], span['parent_span_id']], [id.replaceAll('-', ''), undefined]);
});
