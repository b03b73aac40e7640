import { z } from 'zod';
import type { SpanDialect } from '../domain/otlp/dialect.ts';
import { defineSink } from './define-sink.ts';
import { httpUrl, text } from './options.ts';
import { bearer, common, commonVariables, openPreset } from './presets-open.ts';

/**
 * The names Arize and Phoenix look at.
 * https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
 */
const OPENINFERENCE: SpanDialect = {
  names: {
    model: 'llm.model_name',
    inputTokens: 'llm.token_count.prompt',
    outputTokens: 'llm.token_count.completion',
    totalTokens: 'llm.token_count.total',
    cacheReadTokens: 'llm.token_count.prompt_details.cache_read',
    cacheWriteTokens: 'llm.token_count.prompt_details.cache_write',
    costUsd: 'llm.cost.total',
    tags: 'tag.tags',
    request: 'input.value',
    response: 'output.value',
  },
  fixed: { 'openinference.span.kind': 'LLM', 'llm.provider': 'aws' },
};

/** https://arize.com/docs/ax/integrations/opentelemetry/opentelemetry-arize-otel */
export const arize = defineSink({
  about: 'traces in Arize AX',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    space_id: text,
    api_key: text,
    project_name: text.default('outcrop'),
    endpoint: httpUrl.default(new URL('https://otlp.arize.com/v1')),
  }),
  variables: {
    ...commonVariables,
    space_id: ['ARIZE_SPACE_ID', 'ARIZE_SPACE_KEY'],
    api_key: ['ARIZE_API_KEY'],
    project_name: ['ARIZE_PROJECT_NAME'],
    endpoint: ['ARIZE_HTTP_ENDPOINT'],
  },
  secrets: ['api_key', 'space_id'],
  open: ({ space_id: space, api_key: key, project_name: project, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        headers: { 'arize-space-id': space, 'arize-api-key': key },
        resource: { 'openinference.project.name': project },
        dialect: OPENINFERENCE,
      },
      shared,
      context,
    ),
});

/** https://arize.com/docs/phoenix/tracing/how-to-tracing/setup-tracing/custom-spans and its environment variables */
export const arize_phoenix = defineSink({
  about: 'traces in Phoenix',
  delivery: 'best-effort',
  options: z.strictObject({
    ...common,
    api_key: text.optional(),
    project_name: text.default('default'),
    endpoint: httpUrl.default(new URL('http://localhost:6006')),
  }),
  variables: {
    ...commonVariables,
    api_key: ['PHOENIX_API_KEY'],
    project_name: ['PHOENIX_PROJECT_NAME'],
    endpoint: ['PHOENIX_COLLECTOR_HTTP_ENDPOINT', 'PHOENIX_COLLECTOR_ENDPOINT'],
  },
  secrets: ['api_key'],
  open: ({ api_key: key, project_name: project, endpoint, ...shared }, context) =>
    openPreset(
      {
        endpoint,
        headers: bearer(key),
        resource: { 'openinference.project.name': project },
        dialect: OPENINFERENCE,
      },
      shared,
      context,
    ),
});
