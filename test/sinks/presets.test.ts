import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { SinkSettingsError } from '../../src/sinks/define-sink.ts';
import { PRESETS } from '../../src/sinks/presets.ts';
import type { EventSink } from '../../src/sinks/sink.ts';
import { sampleRecord } from '../domain/otlp/sample-record.ts';
import { collect, testContext, valuesOf } from './otel-collector.ts';
import { Receiver } from './receiver.ts';
import { NO_TRACE } from './traces.ts';

interface PresetCase {
  /** All that is needed, and what is read from the environment beside. */
  readonly env: Readonly<Record<string, string>>;
  /** The option that says where it listens. */
  readonly endpoint: string;
  /** Where spans go by default; null where there is none. */
  readonly url: string | null;
  /** The path of spans on a receiver of one's own, given as its origin. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly takesControlPlanes?: boolean;
  /** A variable without which it can't be opened. */
  readonly needs: string | null;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const REQUEST = '{"messages":[]}';
const OPENINFERENCE = {
  'openinference.span.kind': 'LLM',
  'llm.model_name': 'us.anthropic.claude-sonnet-4-20250514-v1:0',
  'llm.token_count.prompt': 1137,
  'llm.token_count.completion': 50,
  'llm.token_count.total': 1187,
  'llm.token_count.prompt_details.cache_read': 1000,
  'llm.token_count.prompt_details.cache_write': 37,
  'llm.cost.total': 0.00425,
  'tag.tags': ['blue', 'grün'],
  'input.value': REQUEST,
};

const CASES: Readonly<Record<string, PresetCase>> = {
  langfuse: {
    env: { LANGFUSE_PUBLIC_KEY: 'pk', LANGFUSE_SECRET_KEY: 'sk' },
    endpoint: 'host',
    url: 'https://cloud.langfuse.com/api/public/otel/v1/traces',
    path: '/api/public/otel/v1/traces',
    headers: { authorization: `Basic ${base64('pk:sk')}`, 'x-langfuse-ingestion-version': '4' },
    attributes: {
      'langfuse.observation.type': 'generation',
      'langfuse.observation.input': REQUEST,
      'langfuse.trace.tags': ['blue', 'grün'],
      'gen_ai.usage.cost': 0.00425,
      'session.id': 'session-1',
      'user.id': 'customer-1',
    },
    needs: 'LANGFUSE_SECRET_KEY',
  },
  datadog_llm_observability: {
    env: { DD_API_KEY: 'key', DD_SITE: 'us3.datadoghq.com' },
    endpoint: 'endpoint',
    url: 'https://otlp.us3.datadoghq.com/v1/traces',
    path: '/v1/traces',
    headers: { 'dd-api-key': 'key', 'dd-otlp-source': 'llmobs' },
    needs: 'DD_API_KEY',
  },
  arize: {
    env: { ARIZE_SPACE_ID: 'space', ARIZE_API_KEY: 'key', ARIZE_PROJECT_NAME: 'p' },
    endpoint: 'endpoint',
    url: 'https://otlp.arize.com/v1/traces',
    path: '/v1/traces',
    headers: { 'arize-space-id': 'space', 'arize-api-key': 'key' },
    resource: { 'openinference.project.name': 'p' },
    attributes: OPENINFERENCE,
    needs: 'ARIZE_SPACE_ID',
  },
  arize_phoenix: {
    env: { PHOENIX_API_KEY: 'key' },
    endpoint: 'endpoint',
    url: 'http://localhost:6006/v1/traces',
    path: '/v1/traces',
    headers: { authorization: 'Bearer key' },
    resource: { 'openinference.project.name': 'default' },
    attributes: OPENINFERENCE,
    needs: null,
  },
  honeycomb: {
    env: { HONEYCOMB_API_KEY: 'key' },
    endpoint: 'endpoint',
    url: 'https://api.honeycomb.io/v1/traces',
    path: '/v1/traces',
    headers: { 'x-honeycomb-team': 'key' },
    takesControlPlanes: true,
    needs: 'HONEYCOMB_API_KEY',
  },
  newrelic: {
    env: { NEW_RELIC_LICENSE_KEY: 'key' },
    endpoint: 'endpoint',
    url: 'https://otlp.nr-data.net/v1/traces',
    path: '/v1/traces',
    headers: { 'api-key': 'key' },
    takesControlPlanes: true,
    needs: 'NEW_RELIC_LICENSE_KEY',
  },
  grafana: {
    env: {
      GRAFANA_OTLP_ENDPOINT: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp',
      GRAFANA_INSTANCE_ID: '123',
      GRAFANA_API_TOKEN: 'glc',
    },
    endpoint: 'endpoint',
    url: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces',
    path: '/v1/traces',
    headers: { authorization: `Basic ${base64('123:glc')}` },
    takesControlPlanes: true,
    needs: 'GRAFANA_OTLP_ENDPOINT',
  },
  signoz: {
    env: { SIGNOZ_INGESTION_KEY: 'key', SIGNOZ_REGION: 'eu' },
    endpoint: 'endpoint',
    url: 'https://ingest.eu.signoz.cloud/v1/traces',
    path: '/v1/traces',
    headers: { 'signoz-ingestion-key': 'key' },
    takesControlPlanes: true,
    needs: null,
  },
  logfire: {
    env: { LOGFIRE_TOKEN: 'token' },
    endpoint: 'endpoint',
    url: 'https://logfire-us.pydantic.dev/v1/traces',
    path: '/v1/traces',
    headers: { authorization: 'token' },
    takesControlPlanes: true,
    needs: 'LOGFIRE_TOKEN',
  },
  langsmith: {
    env: { LANGSMITH_API_KEY: 'key', LANGSMITH_PROJECT: 'p' },
    endpoint: 'endpoint',
    url: 'https://api.smith.langchain.com/otel/v1/traces',
    path: '/otel/v1/traces',
    headers: { 'x-api-key': 'key', 'langsmith-project': 'p' },
    attributes: { 'langsmith.span.kind': 'llm', 'gen_ai.prompt': REQUEST, 'langsmith.trace.session_id': 'session-1' },
    needs: 'LANGSMITH_API_KEY',
  },
  braintrust: {
    env: { BRAINTRUST_API_KEY: 'key', BRAINTRUST_PARENT: 'project_id:1' },
    endpoint: 'endpoint',
    url: 'https://api.braintrust.dev/otel/v1/traces',
    path: '/otel/v1/traces',
    headers: { authorization: 'Bearer key', 'x-bt-parent': 'project_id:1' },
    needs: 'BRAINTRUST_API_KEY',
  },
  opik: {
    env: { OPIK_API_KEY: 'key', OPIK_WORKSPACE: 'w', OPIK_PROJECT_NAME: 'p' },
    endpoint: 'endpoint',
    url: 'https://www.comet.com/opik/api/v1/private/otel/v1/traces',
    path: '/v1/private/otel/v1/traces',
    headers: { authorization: 'key', 'comet-workspace': 'w', projectname: 'p' },
    needs: null,
  },
  mlflow: {
    env: { MLFLOW_TRACKING_URI: 'http://localhost:5000', MLFLOW_EXPERIMENT_ID: '7', MLFLOW_TRACKING_TOKEN: 't' },
    endpoint: 'tracking_uri',
    url: 'http://localhost:5000/v1/traces',
    path: '/v1/traces',
    headers: { 'x-mlflow-experiment-id': '7', authorization: 'Bearer t' },
    needs: 'MLFLOW_TRACKING_URI',
  },
  weave_otel: {
    env: { WANDB_API_KEY: 'key', WANDB_PROJECT_ID: 'team/p' },
    endpoint: 'host',
    url: 'https://trace.wandb.ai/otel/v1/traces',
    path: '/traces/otel/v1/traces',
    headers: { 'wandb-api-key': 'key', project_id: 'team/p' },
    resource: { 'wandb.entity': 'team', 'wandb.project': 'p' },
    needs: 'WANDB_PROJECT_ID',
  },
  traceloop: {
    env: { TRACELOOP_API_KEY: 'key' },
    endpoint: 'endpoint',
    url: 'https://api.traceloop.com/v1/traces',
    path: '/v1/traces',
    headers: { authorization: 'Bearer key' },
    needs: 'TRACELOOP_API_KEY',
  },
};

const NEVER = new AbortController().signal;
const CALL: SinkEvent = { record: sampleRecord(), trace: NO_TRACE, content: { request: REQUEST, response: null } };
const CONTROL: SinkEvent = {
  record: sampleRecord({ service: 'bedrock', operation: 'ListFoundationModels', operationKind: 'read', modelId: null }),
  trace: NO_TRACE,
  content: null,
};

test('every preset is tried, LiteLLM’s other name for Langfuse among them', async () => {
  assert.deepEqual(Object.keys(PRESETS).sort(), [...Object.keys(CASES), 'langfuse_otel'].sort());
  assert.equal((await PRESETS['langfuse_otel']?.())?.sink, (await PRESETS['langfuse']?.())?.sink);
});

for (const [name, preset] of Object.entries(CASES)) {
  test(`${name} goes where its documentation says`, async () => {
    const { sink } = (await PRESETS[name]?.()) ?? assert.fail();
    const context = testContext(name);
    const opened = await sink.prepare({}, preset.env).open(context);
    assert.equal(opened.reaches?.href, preset.url ?? undefined);
    await context.end();
  });

  test(`${name} gets its headers, resource and names, and no more calls than it has a use for`, async () => {
    const { sink } = (await PRESETS[name]?.()) ?? assert.fail();
    const receiver = new Receiver();
    await receiver.start();
    const context = testContext(name);
    const opened = await sink
      .prepare({ [preset.endpoint]: receiver.origin, service_name: 'gateway' }, preset.env)
      .open(context);
    await eventSink(opened).deliver([CALL, CONTROL], NEVER);
    const [request = assert.fail()] = receiver.received;
    assert.equal(request.target, preset.path);
    for (const [header, value] of Object.entries(preset.headers)) assert.equal(request.headers[header], value, header);
    const { resource, items } = collect(request);
    assert.deepEqual(resource, { 'service.name': 'gateway', ...preset.resource });
    assert.equal(items.length, preset.takesControlPlanes === true ? 2 : 1);
    const values = valuesOf(items[0] ?? assert.fail());
    assert.equal(values['gen_ai.provider.name'], 'aws.bedrock');
    for (const [attribute, value] of Object.entries(preset.attributes ?? {})) {
      assert.deepEqual(values[attribute], value, attribute);
    }
    const hasOwnName = Object.values(preset.attributes ?? {}).includes(REQUEST);
    assert.equal('gen_ai.input.messages' in values, !hasOwnName);
    receiver.mood = 'reset';
    await opened.close?.();
    await context.end();
    await receiver.stop();
  });

  const { needs } = preset;
  if (needs !== null) {
    test(`${name} says that ${needs} is missing`, async () => {
      const { sink } = (await PRESETS[name]?.()) ?? assert.fail();
      const { [needs]: _missing, ...env } = preset.env;
      assert.throws(
        () => sink.prepare({}, env),
        (error) =>
          error instanceof SinkSettingsError && error.message.includes(needs) && error.message.endsWith('is missing'),
      );
    });
  }

  test(`${name} shows none of its secrets`, async () => {
    const { sink } = (await PRESETS[name]?.()) ?? assert.fail();
    const { secrets } = sink.prepare({}, preset.env);
    const values = Object.entries(preset.env).filter(
      ([variable]) => /KEY|TOKEN|SECRET/.test(variable) && !/PUBLIC/.test(variable),
    );
    for (const [, value] of values) assert.ok(secrets.includes(value));
  });
}

function eventSink(opened: object): EventSink {
  assert.ok(isEventSink(opened));
  return opened;
}

function isEventSink(opened: object): opened is EventSink {
  return 'kind' in opened && opened.kind === 'events';
}
