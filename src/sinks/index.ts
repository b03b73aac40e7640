import type { SinkDefinition } from './define-sink.ts';
import { PRESETS } from './presets.ts';

/** Every sink there is, by LiteLLM's name where it has the same. A sink is loaded when somebody wants it. */
export const SINKS: Readonly<Record<string, () => Promise<{ readonly sink: SinkDefinition }>>> = {
  stdout: () => import('./stdout.ts'),
  file: () => import('./file.ts'),
  generic_api: () => import('./generic-api.ts'),
  s3_v2: () => import('./s3-v2.ts'),
  aws_sqs: () => import('./aws-sqs.ts'),
  kafka: () => import('./kafka.ts'),
  gcs_pubsub: () => import('./gcs-pubsub.ts'),
  firehose: () => import('./firehose.ts'),
  cloudwatch: () => import('./cloudwatch.ts'),
  datadog: () => import('./datadog.ts'),
  lago: () => import('./lago.ts'),
  openmeter: () => import('./openmeter.ts'),
  sentry: () => import('./sentry.ts'),
  otel: () => import('./otel.ts'),
  ...PRESETS,
  slack: () => import('./slack.ts'),
  webhook: () => import('./webhook.ts'),
  email: () => import('./email.ts'),
  smtp_email: () => import('./email.ts'),
};
