import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { DeliveryKind } from '../../src/domain/sink-settings.ts';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { verifySignature } from './aws-receiver.ts';
import {
  ACCESS_TOKEN,
  googleAnswer,
  isPublish,
  messagesOf,
  serviceAccountFile,
  verifyAssertion,
} from './google-receiver.ts';
import { eventOfPayload } from './read-record.ts';
import { KAFKA_TOPIC, KafkaBroker } from './kafka-broker.ts';
import type { AnyReceiver, Answering, Received } from './receiver.ts';

/** A sink of calls, its receiver, and how to see that what arrived is what was handed over. */
export interface SinkCase {
  readonly name: string;
  readonly delivery: DeliveryKind;
  readonly options: (receiver: AnyReceiver) => Readonly<Record<string, unknown>>;
  readonly answering?: Answering;
  /** One that does not speak HTTP. */
  readonly receiver?: () => AnyReceiver;
  /** Checks what a real receiver would: who sends it, the form, the bounds. */
  readonly verify: (request: Received) => Promise<void> | void;
  /** The calls in a request. */
  readonly idsOf: (request: Received) => readonly string[];
  /** Checks one request against the calls in it. */
  readonly compare: (request: Received, eventsById: ReadonlyMap<string, SinkEvent>) => void;
  /** The payloads in a request, for sinks that send whole calls as LiteLLM's unless they are told otherwise. */
  readonly payloadsOf?: (request: Received) => readonly string[];
  /** Whether the sink has anything to say about a call. */
  readonly takes?: (event: SinkEvent) => boolean;
  /** Whether what it has nothing to say about counts as delivered too: it looks at whole batches. */
  readonly countsAll?: boolean;
}

/** For sinks whose payload is the whole record: each is read back and must be what was handed over. */
function ofPayloads(payloadsOf: (request: Received) => readonly string[]): Pick<SinkCase, 'idsOf' | 'compare'> {
  return {
    idsOf: (request) => payloadsOf(request).map((payload) => eventOfPayload(payload).record.id),
    compare: (request, events) => {
      for (const payload of payloadsOf(request)) {
        const event = eventOfPayload(payload);
        assert.deepEqual(event, events.get(event.record.id));
      }
    },
  };
}

/** The same of sinks that send LiteLLM's payload unless they are told otherwise. */
function ofEitherPayload(payloadsOf: (request: Received) => readonly string[]) {
  return { ...ofPayloads(payloadsOf), payloadsOf };
}

const jsonLines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
const jsonArray = (text: string): readonly string[] =>
  z
    .array(z.json())
    .parse(JSON.parse(text))
    .map((item) => JSON.stringify(item));

const entries = z.object({ Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })).max(10) });
const records = z.object({ DeliveryStreamName: z.literal('calls'), Records: z.array(z.object({ Data: z.base64() })) });
const logEvents = z.object({
  logGroupName: z.literal('/outcrop'),
  logStreamName: z.literal('outcrop'),
  logEvents: z.array(z.object({ timestamp: z.number(), message: z.string() })),
});
const datadogLogs = z.array(
  z.strictObject({
    ddsource: z.literal('outcrop'),
    ddtags: z.string(),
    hostname: z.string(),
    message: z.string(),
    service: z.literal('bedrock'),
    status: z.enum(['info', 'error']),
  }),
);
const use = { prompt_tokens: z.number(), completion_tokens: z.number(), total_tokens: z.number(), model: z.string() };
const lagoEvents = z.object({
  events: z.array(
    z.strictObject({
      transaction_id: z.string(),
      external_subscription_id: z.string(),
      code: z.literal('bedrock'),
      timestamp: z.string(),
      properties: z.strictObject({ ...use, response_cost: z.number().optional() }),
    }),
  ),
});
const cloudEvents = z.array(
  z.strictObject({
    specversion: z.literal('1.0'),
    type: z.literal('litellm_tokens'),
    id: z.string(),
    time: z.iso.datetime(),
    source: z.literal('outcrop'),
    subject: z.string(),
    data: z.strictObject({ ...use, cost: z.number().optional() }),
  }),
);

const kafkaRecords = z.array(z.strictObject({ key: z.string().nullable(), value: z.string(), atMs: z.number() }));

const inAws = (prefix: string): Readonly<Record<string, unknown>> => ({ [`${prefix}_region_name`]: 'us-east-1' });

export const SINK_CASES: readonly SinkCase[] = [
  {
    name: 'generic_api',
    delivery: 'at-least-once',
    options: ({ origin }) => ({
      endpoint: `${origin}/hook?team=1`,
      headers: 'Authorization=Bearer abc=,X-Two=2',
      format: 'outcrop',
      gzip: true,
    }),
    verify: ({ method, target, headers }) => {
      assert.deepEqual([method, target], ['POST', '/hook?team=1']);
      assert.equal(headers.authorization, 'Bearer abc=');
      assert.equal(headers['x-two'], '2');
      assert.equal(headers['content-type'], 'application/json');
    },
    ...ofEitherPayload(({ text }) => jsonArray(text)),
  },
  {
    name: 's3_v2',
    delivery: 'at-least-once',
    options: ({ origin }) => ({
      ...inAws('s3'),
      s3_bucket_name: 'call.logs',
      s3_path: 'a b/logs+1',
      s3_endpoint_url: origin,
      s3_sse_kms_key_id: 'alias/logs',
      format: 'outcrop',
    }),
    verify: async (request) => {
      await verifySignature(request, 's3');
      assert.equal(request.method, 'PUT');
      assert.match(
        request.target,
        /^\/call\.logs\/a%20b\/logs%2B1\/2026-11-22\/(?:team_a|no-team|team~2f~2e~2e~2fa~20b~3dc~26d)\/12-00-0\d_[0-9a-f-]{36}\.jsonl\.gz$/,
      );
      assert.equal(request.headers['x-amz-server-side-encryption-aws-kms-key-id'], 'alias/logs');
    },
    ...ofEitherPayload(({ body }) => jsonLines(gunzipSync(body).toString('utf8'))),
  },
  {
    name: 'aws_sqs',
    delivery: 'at-least-once',
    options: ({ origin }) => ({ ...inAws('sqs'), sqs_queue_url: `${origin}/000000000000/calls`, format: 'outcrop' }),
    answering: () => ({ status: 200, body: '{"Successful":[],"Failed":[]}' }),
    verify: async (request) => {
      await verifySignature(request, 'sqs');
      assert.equal(request.headers['x-amz-target'], 'AmazonSQS.SendMessageBatch');
      assert.equal(request.headers['content-type'], 'application/x-amz-json-1.0');
      const { Entries } = entries.parse(JSON.parse(request.text));
      assert.equal(new Set(Entries.map(({ Id }) => Id)).size, Entries.length);
      const bytes = Entries.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0);
      assert.ok(bytes <= 256 * 1024);
    },
    ...ofEitherPayload(({ text }) => entries.parse(JSON.parse(text)).Entries.map(({ MessageBody }) => MessageBody)),
  },
  {
    name: 'kafka',
    delivery: 'at-least-once',
    options: ({ port }) => ({
      kafka_brokers: `127.0.0.1:${port}`,
      kafka_topic: KAFKA_TOPIC,
      kafka_compression: 'gzip',
      format: 'outcrop',
    }),
    receiver: () => new KafkaBroker(),
    verify: ({ target, headers, text }) => {
      assert.equal(target, KAFKA_TOPIC);
      assert.equal(headers['content-encoding'], 'gzip');
      for (const { key, value, atMs } of kafkaRecords.parse(JSON.parse(text))) {
        const { record } = eventOfPayload(value);
        assert.deepEqual([key, atMs], [record.id, record.startedAtMs]);
      }
    },
    ...ofEitherPayload(({ text }) => kafkaRecords.parse(JSON.parse(text)).map(({ value }) => value)),
  },
  {
    name: 'gcs_pubsub',
    delivery: 'at-least-once',
    options: ({ origin }) => ({
      gcs_pubsub_topic_id: 'calls',
      gcs_pubsub_project_id: 'my-project',
      gcs_path_service_account: serviceAccountFile(origin),
      gcs_pubsub_endpoint_url: origin,
      format: 'outcrop',
    }),
    answering: googleAnswer,
    verify: (request) => {
      if (!isPublish(request)) return verifyAssertion(request);
      assert.equal(request.method, 'POST');
      assert.equal(request.target, '/v1/projects/my-project/topics/calls:publish');
      assert.equal(request.headers.authorization, `Bearer ${ACCESS_TOKEN}`);
    },
    ...ofEitherPayload(messagesOf),
  },
  {
    name: 'firehose',
    delivery: 'at-least-once',
    options: ({ origin }) => ({
      ...inAws('firehose'),
      firehose_stream_name: 'calls',
      firehose_endpoint_url: origin,
    }),
    answering: () => ({ status: 200, body: '{"FailedPutCount":0,"RequestResponses":[]}' }),
    verify: async (request) => {
      await verifySignature(request, 'firehose');
      assert.equal(request.headers['x-amz-target'], 'Firehose_20150804.PutRecordBatch');
    },
    ...ofPayloads(({ text }) =>
      records.parse(JSON.parse(text)).Records.flatMap(({ Data }) => {
        const line = Buffer.from(Data, 'base64').toString('utf8');
        assert.ok(line.endsWith('\n'));
        return jsonLines(line);
      }),
    ),
  },
  {
    name: 'cloudwatch',
    delivery: 'best-effort',
    options: ({ origin }) => ({
      ...inAws('cloudwatch'),
      cloudwatch_log_group: '/outcrop',
      cloudwatch_endpoint_url: origin,
    }),
    answering: () => ({ status: 200, body: '{}' }),
    verify: async (request) => {
      await verifySignature(request, 'logs');
      assert.equal(request.headers['x-amz-target'], 'Logs_20140328.PutLogEvents');
      const times = logEvents.parse(JSON.parse(request.text)).logEvents.map(({ timestamp }) => timestamp);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
      );
    },
    ...ofPayloads(({ text }) => logEvents.parse(JSON.parse(text)).logEvents.map(({ message }) => message)),
  },
  {
    name: 'datadog',
    delivery: 'best-effort',
    options: ({ origin }) => ({
      base_url: origin,
      api_key: 'dd-key',
      service: 'bedrock',
      env: 'test',
      format: 'outcrop',
    }),
    verify: ({ target, headers, text }) => {
      assert.equal(target, '/api/v2/logs');
      assert.equal(headers['dd-api-key'], 'dd-key');
      for (const log of datadogLogs.parse(JSON.parse(text))) {
        const { record } = eventOfPayload(log.message);
        assert.match(log.ddtags, /^env:test,service:bedrock/);
        assert.equal(log.ddtags.includes(`team:${record.attribution.teamId}`), record.attribution.teamId !== null);
        assert.equal(log.status, record.status === 200 ? 'info' : 'error');
      }
    },
    ...ofPayloads(({ text }) => datadogLogs.parse(JSON.parse(text)).map(({ message }) => message)),
  },
  {
    name: 'lago',
    delivery: 'at-least-once',
    options: ({ origin }) => ({ api_base: origin, api_key: 'lago-key', event_code: 'bedrock', charge_by: 'team_id' }),
    takes: ({ record }) => record.attribution.teamId !== null && record.outcome !== 'refused',
    verify: ({ target, headers, text }) => {
      assert.equal(target, '/api/v1/events/batch');
      assert.equal(headers.authorization, 'Bearer lago-key');
      assert.ok(lagoEvents.parse(JSON.parse(text)).events.length <= 100);
    },
    idsOf: ({ text }) => lagoEvents.parse(JSON.parse(text)).events.map((event) => event.transaction_id),
    compare: ({ text }, events) => {
      for (const event of lagoEvents.parse(JSON.parse(text)).events) {
        const record = events.get(event.transaction_id)?.record;
        assert.equal(event.external_subscription_id, record?.attribution.teamId);
        assert.equal(Number(event.timestamp) * 1000, record?.startedAtMs);
        assert.equal(event.properties.model, record?.modelId);
        assert.equal(dollarsOf(event.properties.response_cost), costOf(record));
      }
    },
  },
  {
    name: 'openmeter',
    delivery: 'at-least-once',
    options: ({ origin }) => ({ api_endpoint: `${origin}/`, api_key: 'om-key' }),
    takes: ({ record }) =>
      (record.attribution.customerId ?? record.attribution.userId) !== null && record.outcome !== 'refused',
    verify: ({ target, headers }) => {
      assert.equal(target, '/api/v1/events');
      assert.equal(headers.authorization, 'Bearer om-key');
      assert.equal(headers['content-type'], 'application/cloudevents-batch+json');
    },
    idsOf: ({ text }) => cloudEvents.parse(JSON.parse(text)).map(({ id }) => id),
    compare: ({ text }, events) => {
      for (const { id, time, subject, data } of cloudEvents.parse(JSON.parse(text))) {
        const record = events.get(id)?.record;
        assert.equal(subject, record?.attribution.customerId ?? record?.attribution.userId);
        assert.equal(Date.parse(time), record?.startedAtMs);
        assert.equal(data.model, record?.modelId);
        assert.equal(
          data.total_tokens,
          record?.usage.lines.reduce((sum, { quantity }) => sum + quantity, 0),
        );
        assert.equal(dollarsOf(data.cost), costOf(record));
      }
    },
  },
  {
    name: 'sentry',
    delivery: 'best-effort',
    options: ({ port }) => ({ dsn: `http://public@127.0.0.1:${port}/below/42`, environment: 'test' }),
    takes: ({ record }) => record.outcome === 'broken' || record.refusal === 'internalError',
    verify: ({ target, headers, text }) => {
      assert.equal(target, '/below/api/42/envelope/');
      assert.match(String(headers['x-sentry-auth']), /^Sentry sentry_version=7, .*sentry_key=public$/);
      const [, item = '', event = '', end] = text.split('\n');
      assert.deepEqual(JSON.parse(item), { type: 'event', length: Buffer.byteLength(event) });
      assert.equal(end, '');
    },
    idsOf: ({ text }) => [sentryEvent(text).extra.request_id],
    compare: ({ text }, events) => {
      const event = sentryEvent(text);
      const record = events.get(event.extra.request_id)?.record;
      assert.equal(event.event_id, record?.id.replaceAll('-', ''));
      assert.equal(event.tags.operation, record?.operation);
      assert.equal(event.tags.fault, record?.refusal ?? record?.outcome);
    },
  },
];

function sentryEvent(text: string) {
  return z
    .object({
      event_id: z.string().length(32),
      level: z.literal('error'),
      environment: z.literal('test'),
      tags: z.object({ fault: z.string(), operation: z.string().nullable() }),
      extra: z.object({ request_id: z.string() }),
    })
    .parse(JSON.parse(text.split('\n')[2] ?? ''));
}

function costOf(record: SinkEvent['record'] | undefined): bigint | undefined {
  return record?.cost.kind === 'known' ? record.cost.nanos : undefined;
}

function dollarsOf(usd: number | undefined): bigint | undefined {
  return usd === undefined ? undefined : BigInt(Math.round(usd * 1e9));
}
