import { z } from 'zod';
import { defineSink } from './define-sink.ts';
import { httpUrl, text } from './options.ts';
import { basic, bearer, common, commonVariables, openPreset } from './presets-open.ts';

const SITE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;
const PROJECT_ID = /^[^/]+\/[^/]+$/;

/** https://langfuse.com/integrations/native/opentelemetry */
export const langfuse = defineSink({
  about: 'traces in Langfuse',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    public_key: text,
    secret_key: text,
    host: httpUrl.default(new URL('https://cloud.langfuse.com')),
  }),
  variables: {
    ...commonVariables,
    public_key: ['LANGFUSE_PUBLIC_KEY'],
    secret_key: ['LANGFUSE_SECRET_KEY'],
    host: ['LANGFUSE_OTEL_HOST', 'LANGFUSE_HOST', 'LANGFUSE_BASE_URL'],
  },
  secrets: ['secret_key'],
  open: ({ host, public_key: user, secret_key: password, ...shared }, context) =>
    openPreset(
      {
        endpoint: host,
        path: '/api/public/otel',
        headers: { authorization: basic(user, password), 'x-langfuse-ingestion-version': '4' },
        dialect: {
          names: {
            costUsd: 'gen_ai.usage.cost',
            tags: 'langfuse.trace.tags',
            request: 'langfuse.observation.input',
            response: 'langfuse.observation.output',
          },
          fixed: { 'langfuse.observation.type': 'generation' },
        },
      },
      shared,
      context,
    ),
});

/** https://docs.datadoghq.com/llm_observability/instrumentation/otel_instrumentation/ */
export const datadog_llm_observability = defineSink({
  about: 'LLM observability in Datadog',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text,
    site: z.string().regex(SITE, 'must be a site of Datadog such as datadoghq.eu').default('datadoghq.com'),
    endpoint: httpUrl.optional(),
  }),
  variables: { ...commonVariables, api_key: ['DD_API_KEY'], site: ['DD_SITE'], endpoint: ['DD_OTLP_ENDPOINT'] },
  secrets: ['api_key'],
  open: ({ api_key: key, site, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint: endpoint ?? new URL(`https://otlp.${site}`),
        headers: { 'dd-api-key': key, 'dd-otlp-source': 'llmobs' },
      },
      shared,
      context,
    ),
});

/** https://logfire.pydantic.dev/docs/how-to-guides/alternative-clients/: the token as it is, without a scheme */
export const logfire = defineSink({
  about: 'traces and metrics in Logfire',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    token: text,
    endpoint: httpUrl.default(new URL('https://logfire-us.pydantic.dev')),
  }),
  variables: { ...commonVariables, token: ['LOGFIRE_TOKEN'], endpoint: ['LOGFIRE_BASE_URL'] },
  secrets: ['token'],
  open: ({ token, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        headers: { authorization: token },
        takesMetrics: true,
        takesControlPlanes: true,
      },
      shared,
      context,
    ),
});

/** https://docs.langchain.com/langsmith/trace-with-opentelemetry */
export const langsmith = defineSink({
  about: 'traces in LangSmith',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text,
    project: text.default('default'),
    endpoint: httpUrl.default(new URL('https://api.smith.langchain.com')),
  }),
  variables: {
    ...commonVariables,
    api_key: ['LANGSMITH_API_KEY'],
    project: ['LANGSMITH_PROJECT'],
    endpoint: ['LANGSMITH_BASE_URL', 'LANGSMITH_ENDPOINT'],
  },
  secrets: ['api_key'],
  open: ({ api_key: key, project, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        path: '/otel',
        headers: { 'x-api-key': key, 'langsmith-project': project },
        dialect: {
          names: {
            session: 'langsmith.trace.session_id',
            costUsd: 'gen_ai.usage.cost',
            request: 'gen_ai.prompt',
            response: 'gen_ai.completion',
          },
          fixed: { 'langsmith.span.kind': 'llm' },
        },
      },
      shared,
      context,
    ),
});

/** https://www.braintrust.dev/docs/integrations/sdk-integrations/opentelemetry */
export const braintrust = defineSink({
  about: 'traces in Braintrust',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text,
    parent: text.default('project_name:outcrop'),
    endpoint: httpUrl.default(new URL('https://api.braintrust.dev')),
  }),
  variables: {
    ...commonVariables,
    api_key: ['BRAINTRUST_API_KEY'],
    parent: ['BRAINTRUST_PARENT'],
    endpoint: ['BRAINTRUST_API_BASE', 'BRAINTRUST_API_URL'],
  },
  secrets: ['api_key'],
  open: ({ api_key: key, parent, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        path: '/otel',
        headers: { ...bearer(key), 'x-bt-parent': parent },
      },
      shared,
      context,
    ),
});

/** https://www.comet.com/docs/opik/integrations/opentelemetry: the key as it is; one's own needs none */
export const opik = defineSink({
  about: 'traces in Opik',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text.optional(),
    workspace: text.default('default'),
    project_name: text.default('outcrop'),
    endpoint: httpUrl.default(new URL('https://www.comet.com/opik/api')),
  }),
  variables: {
    ...commonVariables,
    api_key: ['OPIK_API_KEY'],
    workspace: ['OPIK_WORKSPACE'],
    project_name: ['OPIK_PROJECT_NAME'],
    endpoint: ['OPIK_URL_OVERRIDE'],
  },
  secrets: ['api_key'],
  open: ({ api_key: key, workspace, project_name: project, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        path: '/v1/private/otel',
        headers: {
          ...(key === undefined ? {} : { authorization: key }),
          'comet-workspace': workspace,
          projectname: project,
        },
      },
      shared,
      context,
    ),
});

/** https://mlflow.org/docs/latest/genai/tracing/opentelemetry/ingest/ */
export const mlflow = defineSink({
  about: 'traces in MLflow',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    tracking_uri: httpUrl,
    experiment_id: text.default('0'),
    token: text.optional(),
  }),
  variables: {
    ...commonVariables,
    tracking_uri: ['MLFLOW_TRACKING_URI'],
    experiment_id: ['MLFLOW_EXPERIMENT_ID'],
    token: ['MLFLOW_TRACKING_TOKEN'],
  },
  secrets: ['token'],
  open: ({ tracking_uri: endpoint, experiment_id: experiment, token, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        headers: { ...bearer(token), 'x-mlflow-experiment-id': experiment },
      },
      shared,
      context,
    ),
});

/** https://docs.wandb.ai/weave/guides/tracking/otel */
export const weave_otel = defineSink({
  about: 'traces in W&B Weave',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text,
    project_id: text.regex(PROJECT_ID, 'must be <entity>/<project>'),
    host: httpUrl.optional(),
  }),
  variables: { ...commonVariables, api_key: ['WANDB_API_KEY'], project_id: ['WANDB_PROJECT_ID'], host: ['WANDB_HOST'] },
  secrets: ['api_key'],
  open: ({ api_key: key, project_id: id, host, ...shared }, context) => {
    const [entity = '', project = ''] = id.split('/');
    return openPreset(
      {
        endpoint: host ?? new URL('https://trace.wandb.ai'),
        path: host === undefined ? '/otel' : '/traces/otel',
        headers: { 'wandb-api-key': key, project_id: id },
        resource: { 'wandb.entity': entity, 'wandb.project': project },
      },
      shared,
      context,
    );
  },
});

/** https://www.traceloop.com/docs/openllmetry/integrations/traceloop */
export const traceloop = defineSink({
  about: 'traces and metrics in Traceloop',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text,
    endpoint: httpUrl.default(new URL('https://api.traceloop.com')),
  }),
  variables: { ...commonVariables, api_key: ['TRACELOOP_API_KEY'], endpoint: ['TRACELOOP_BASE_URL'] },
  secrets: ['api_key'],
  open: ({ api_key: key, endpoint, ...shared }, context) =>
    openPreset({ endpoint, headers: bearer(key), takesMetrics: true }, shared, context),
});
