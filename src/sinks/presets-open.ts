import { SEMANTIC_CONVENTIONS, type SpanDialect } from '../domain/otlp/dialect.ts';
import type { Resource } from '../domain/otlp/export-request.ts';
import type { Temporality } from '../domain/otlp/metric-encoder.ts';
import { text } from './options.ts';
import { compression } from './otel-options.ts';
import { openOtelSink } from './otel-sink.ts';
import { signalUrl } from './otel-url.ts';
import type { EventSink, SinkContext } from './sink.ts';

/** What a receiver wants of an exporter. */
interface PresetTarget {
  readonly endpoint: URL;
  /** Of OTLP below the endpoint, where it is not the endpoint itself. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource?: Resource;
  readonly dialect?: SpanDialect;
  /** Those that look at models alone take spans alone, and no calls of control planes. */
  readonly takesMetrics?: boolean;
  readonly takesControlPlanes?: boolean;
  readonly temporality?: Temporality;
}

const METRICS_INTERVAL_MS = 60_000;

/** What all presets have beside their own: who sends, and whether it is zipped. */
export const common = { service_name: text.default('outcrop'), compression };
export const commonVariables = { service_name: ['OTEL_SERVICE_NAME'] };

interface CommonOptions {
  readonly service_name: string;
  readonly compression: 'gzip' | 'none';
}

/** The sink `otel` with the address, the headers and the names of a receiver. */
export function openPreset(target: PresetTarget, shared: CommonOptions, context: SinkContext): EventSink {
  const endpoint = below(target.endpoint, target.path ?? '');
  return openOtelSink(
    {
      tracesUrl: signalUrl(endpoint, 'traces'),
      metricsUrl: target.takesMetrics === true ? signalUrl(endpoint, 'metrics') : null,
      headers: target.headers,
      resource: { 'service.name': shared.service_name, ...target.resource },
      scopeName: 'outcrop',
      dialect: target.dialect ?? SEMANTIC_CONVENTIONS,
      zips: shared.compression === 'gzip',
      takesControlPlanes: target.takesControlPlanes === true,
      followsParent: false,
      temporality: target.temporality ?? 'cumulative',
      metricsIntervalMs: METRICS_INTERVAL_MS,
    },
    context,
  );
}

/** RFC 7617. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** RFC 6750; nothing where there is no token. */
export function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** The path is not added to an address that has it already. */
function below(endpoint: URL, path: string): URL {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/$/, '');
  if (!base.includes(path)) url.pathname = base + path;
  return url;
}
