import { z } from 'zod';
import { SEMANTIC_CONVENTIONS } from '../domain/otlp/dialect.ts';
import { defineSink } from './define-sink.ts';
import { httpUrl, text } from './options.ts';
import { attributePairs, compression, otlpHeaders } from './otel-options.ts';
import { openOtelSink } from './otel-sink.ts';
import { signalUrl } from './otel-url.ts';

/** Where a collector listens that runs beside the gateway: the default of all exporters. */
const COLLECTOR = 'http://localhost:4318';
const ONLY_HTTP =
  'must be otlp_http: spans go out as OTLP by HTTP with protobuf (the sink stdout writes to the console)';

/**
 * Spans and metrics to any receiver of OpenTelemetry. Variables of its own exporters and of LiteLLM:
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/, https://docs.litellm.ai/docs/observability/opentelemetry_integration
 */
export const sink = defineSink({
  about: 'spans and metrics by OpenTelemetry (OTLP)',
  delivery: 'best-effort',
  // As many as exporters of OpenTelemetry send at once.
  bounds: { batchSize: 512 },
  options: z.strictObject({
    endpoint: httpUrl.optional(),
    traces_endpoint: httpUrl.optional(),
    metrics_endpoint: httpUrl.optional(),
    headers: otlpHeaders.default({}),
    exporter: z.enum(['otlp_http', 'http/protobuf'], ONLY_HTTP).default('otlp_http'),
    compression,
    service_name: text.default('outcrop'),
    tracer_name: text.default('outcrop'),
    resource_attributes: attributePairs.default({}),
    traces_sampler: z.enum(['always_on', 'parentbased_always_on']).default('always_on'),
    metrics_exporter: z.enum(['otlp', 'none']).default('otlp'),
    metrics_temporality: z
      .string()
      .toLowerCase()
      .pipe(z.enum(['cumulative', 'delta']))
      .default('cumulative'),
    metric_export_interval: z.coerce.number().int().min(100).max(3_600_000).default(60_000),
  }),
  variables: {
    endpoint: ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_ENDPOINT'],
    traces_endpoint: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    metrics_endpoint: ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'],
    headers: ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_HEADERS'],
    exporter: ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER'],
    compression: ['OTEL_EXPORTER_OTLP_COMPRESSION'],
    service_name: ['OTEL_SERVICE_NAME'],
    tracer_name: ['OTEL_TRACER_NAME'],
    resource_attributes: ['OTEL_RESOURCE_ATTRIBUTES'],
    traces_sampler: ['OTEL_TRACES_SAMPLER'],
    metrics_exporter: ['OTEL_METRICS_EXPORTER'],
    metrics_temporality: ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'],
    metric_export_interval: ['OTEL_METRIC_EXPORT_INTERVAL'],
  },
  belongTo: { headers: ['endpoint', 'traces_endpoint', 'metrics_endpoint'] },
  secrets: ['headers'],
  open: (options, context) => {
    const { traces_endpoint: tracesUrl } = options;
    const endpoint = options.endpoint ?? (tracesUrl === undefined ? new URL(COLLECTOR) : null);
    const metricsUrl = options.metrics_endpoint ?? (endpoint === null ? null : signalUrl(endpoint, 'metrics'));
    return openOtelSink(
      {
        tracesUrl: tracesUrl ?? signalUrl(endpoint ?? new URL(COLLECTOR), 'traces'),
        metricsUrl: options.metrics_exporter === 'none' ? null : metricsUrl,
        headers: options.headers,
        resource: { 'service.name': options.service_name, ...options.resource_attributes },
        scopeName: options.tracer_name,
        dialect: SEMANTIC_CONVENTIONS,
        zips: options.compression === 'gzip',
        takesControlPlanes: true,
        followsParent: options.traces_sampler === 'parentbased_always_on',
        temporality: options.metrics_temporality,
        metricsIntervalMs: options.metric_export_interval,
      },
      context,
    );
  },
});
