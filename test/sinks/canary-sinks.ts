import { isPublish, publishAnswer } from './google-receiver.ts';
import { KAFKA_TOPIC } from './kafka-broker.ts';
import type { Answer, Answering, Received, Receiver } from './receiver.ts';

/** What signs, and so is shown to nobody. */
export const SQS_SECRET_ACCESS_KEY = 'canary+of+the+sink/that/signs/for/itself0';

type Options = Readonly<Record<string, unknown>>;

/** A sink at its most talkative, with a secret of its own. */
export interface CanarySink {
  readonly name: string;
  /** @param own what its receiver alone may be shown: letters and digits */
  readonly options: (receiver: Receiver, own: string) => Options;
  /** Whether it proves itself by the gateway's own AWS credentials, and so shows their session token. */
  readonly usesGatewayCredentials?: boolean;
  /** What its receiver answers when it is well, where that is more than a yes. */
  readonly answer?: (request: Received) => Answer;
  /** What it answers however it is: the secret that everything else needs. */
  readonly grants?: (request: Received, own: string) => Answer | null;
}

const byEndpoint =
  (more: Options = {}): CanarySink['options'] =>
  ({ origin }, own) => ({ endpoint: origin, api_key: own, ...more });

export const CANARY_SINKS: readonly CanarySink[] = [
  {
    name: 'generic_api',
    options: ({ origin }, own) => ({
      endpoint: `${origin}/calls?token=${own}`,
      headers: { Authorization: `Bearer ${own}` },
    }),
  },
  {
    name: 's3_v2',
    options: ({ origin }) => ({ s3_bucket_name: 'logs', s3_region_name: 'us-east-1', s3_endpoint_url: origin }),
    usesGatewayCredentials: true,
  },
  {
    name: 'aws_sqs',
    options: ({ origin }, own) => ({
      sqs_queue_url: `${origin}/000000000000/calls`,
      sqs_region_name: 'us-east-1',
      sqs_aws_access_key_id: 'AKIASQS0000000000000',
      sqs_aws_secret_access_key: SQS_SECRET_ACCESS_KEY,
      sqs_aws_session_token: own,
    }),
    answer: () => ({ status: 200, body: '{"Successful":[],"Failed":[]}' }),
  },
  {
    name: 'firehose',
    options: ({ origin }) => ({
      firehose_stream_name: 'calls',
      firehose_region_name: 'us-east-1',
      firehose_endpoint_url: origin,
    }),
    usesGatewayCredentials: true,
    answer: () => ({ status: 200, body: '{"FailedPutCount":0,"RequestResponses":[]}' }),
  },
  {
    name: 'cloudwatch',
    options: ({ origin }) => ({
      cloudwatch_log_group: '/outcrop',
      cloudwatch_region_name: 'us-east-1',
      cloudwatch_endpoint_url: origin,
    }),
    usesGatewayCredentials: true,
    answer: () => ({ status: 200, body: '{}' }),
  },
  {
    name: 'gcs_pubsub',
    options: ({ origin, port }) => ({
      gcs_pubsub_topic_id: 'calls',
      gcs_pubsub_project_id: 'project',
      gcs_pubsub_endpoint_url: origin,
      gce_metadata_host: `127.0.0.1:${port}`,
    }),
    answer: publishAnswer,
    grants: (request, own) =>
      isPublish(request) ? null : { status: 200, body: JSON.stringify({ access_token: own, expires_in: 3600 }) },
  },
  { name: 'datadog', options: ({ origin }, own) => ({ base_url: origin, api_key: own }) },
  {
    name: 'lago',
    options: ({ origin }, own) => ({ api_base: origin, api_key: own, event_code: 'use', charge_by: 'user_id' }),
  },
  { name: 'openmeter', options: ({ origin }, own) => ({ api_endpoint: origin, api_key: own }) },
  { name: 'sentry', options: ({ port }, own) => ({ dsn: `http://${own}@127.0.0.1:${port}/1` }) },
  {
    name: 'otel',
    options: ({ origin }, own) => ({
      endpoint: origin,
      headers: { 'x-token': own },
      compression: 'gzip',
      metric_export_interval: 100,
    }),
  },
  { name: 'langfuse', options: ({ origin }, own) => ({ host: origin, public_key: 'pk-lf', secret_key: own }) },
  { name: 'datadog_llm_observability', options: byEndpoint() },
  { name: 'arize', options: byEndpoint({ space_id: 'space' }) },
  { name: 'arize_phoenix', options: byEndpoint() },
  { name: 'honeycomb', options: byEndpoint() },
  { name: 'newrelic', options: ({ origin }, own) => ({ endpoint: origin, license_key: own }) },
  { name: 'grafana', options: ({ origin }, own) => ({ endpoint: origin, instance_id: '1', api_token: own }) },
  { name: 'signoz', options: ({ origin }, own) => ({ endpoint: origin, ingestion_key: own }) },
  { name: 'logfire', options: ({ origin }, own) => ({ endpoint: origin, token: own }) },
  { name: 'langsmith', options: byEndpoint() },
  { name: 'braintrust', options: byEndpoint() },
  { name: 'opik', options: byEndpoint() },
  { name: 'mlflow', options: ({ origin }, own) => ({ tracking_uri: origin, token: own }) },
  {
    name: 'weave_otel',
    options: ({ origin }, own) => ({ host: origin, api_key: own, project_id: 'team/project' }),
  },
  { name: 'traceloop', options: byEndpoint() },
  { name: 'slack', options: ({ origin }, own) => ({ webhook_url: `${origin}/services/${own}` }) },
  {
    name: 'webhook',
    options: ({ origin }, own) => ({ url: `${origin}/${own}`, headers: { Authorization: own } }),
  },
];

/** Sinks that need no receiver. */
export const LOCAL_SINKS: Readonly<Record<string, Options>> = { stdout: {}, file: {} };

/** Alerts by mail: what it proves itself with goes over TLS alone. */
export function mailOptions(port: number, own: string): Options {
  return {
    smtp_host: '127.0.0.1',
    smtp_port: port,
    smtp_username: 'outcrop',
    smtp_password: own,
    smtp_sender_email: 'outcrop@example.com',
    smtp_recipients: 'ops@example.com',
  };
}

/** Records in Kafka, after a login over TLS. */
export function kafkaOptions(port: number, own: string): Options {
  return {
    kafka_brokers: `127.0.0.1:${port}`,
    kafka_topic: KAFKA_TOPIC,
    kafka_sasl_mechanism: 'plain',
    kafka_sasl_username: 'outcrop',
    kafka_sasl_password: own,
  };
}

/** A receiver that takes nothing and says again all that it was sent. */
export const ECHO: Answering = ({ headers, target, text }) => ({
  status: 500,
  body: JSON.stringify({ __type: `Denied#${target}`, message: JSON.stringify(headers), text }),
  headers: { 'x-amzn-errortype': 'Denied' },
});
