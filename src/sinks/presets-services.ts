import { z } from 'zod';
import { defineSink } from './define-sink.ts';
import { httpUrl, text } from './options.ts';
import { basic, common, commonVariables, openPreset } from './presets-open.ts';

/** https://docs.honeycomb.io/send-data/opentelemetry/ */
export const honeycomb = defineSink({
  about: 'traces and metrics in Honeycomb',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text,
    metrics_dataset: text.default('outcrop-metrics'),
    endpoint: httpUrl.default(new URL('https://api.honeycomb.io')),
  }),
  variables: {
    ...commonVariables,
    api_key: ['HONEYCOMB_API_KEY'],
    metrics_dataset: ['HONEYCOMB_METRICS_DATASET'],
    endpoint: ['HONEYCOMB_API_ENDPOINT'],
  },
  secrets: ['api_key'],
  // Spans are sorted by service; the dataset in the header counts for metrics alone.
  open: ({ api_key: key, metrics_dataset: dataset, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        headers: { 'x-honeycomb-team': key, 'x-honeycomb-dataset': dataset },
        takesMetrics: true,
        takesControlPlanes: true,
      },
      shared,
      context,
    ),
});

/** https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp/ */
export const newrelic = defineSink({
  about: 'traces and metrics in New Relic',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    license_key: text,
    endpoint: httpUrl.default(new URL('https://otlp.nr-data.net')),
  }),
  variables: { ...commonVariables, license_key: ['NEW_RELIC_LICENSE_KEY'], endpoint: ['NEW_RELIC_OTLP_ENDPOINT'] },
  secrets: ['license_key'],
  open: ({ license_key: key, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        headers: { 'api-key': key },
        takesMetrics: true,
        takesControlPlanes: true,
        temporality: 'delta',
      },
      shared,
      context,
    ),
});

/** https://grafana.com/docs/grafana-cloud/send-data/otlp/send-data-otlp/ */
export const grafana = defineSink({
  about: 'traces and metrics in Grafana Cloud',
  delivery: 'best-effort',
  options: z.strictObject({ ...common, endpoint: httpUrl, instance_id: text, api_token: text }),
  variables: {
    ...commonVariables,
    endpoint: ['GRAFANA_OTLP_ENDPOINT'],
    instance_id: ['GRAFANA_INSTANCE_ID'],
    api_token: ['GRAFANA_API_TOKEN'],
  },
  secrets: ['api_token'],
  open: ({ endpoint, instance_id: user, api_token: password, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        headers: { authorization: basic(user, password) },
        takesMetrics: true,
        takesControlPlanes: true,
      },
      shared,
      context,
    ),
});

/** https://signoz.io/docs/ingestion/signoz-cloud/overview/; one's own needs no key */
export const signoz = defineSink({
  about: 'traces and metrics in SigNoz',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    ingestion_key: text.optional(),
    region: z.enum(['us', 'eu', 'in']).default('us'),
    endpoint: httpUrl.optional(),
  }),
  variables: {
    ...commonVariables,
    ingestion_key: ['SIGNOZ_INGESTION_KEY'],
    region: ['SIGNOZ_REGION'],
    endpoint: ['SIGNOZ_ENDPOINT'],
  },
  secrets: ['ingestion_key'],
  open: ({ ingestion_key: key, region, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint: endpoint ?? new URL(`https://ingest.${region}.signoz.cloud`),
        headers: key === undefined ? {} : { 'signoz-ingestion-key': key },
        takesMetrics: true,
        takesControlPlanes: true,
      },
      shared,
      context,
    ),
});
