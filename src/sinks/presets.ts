import type { SinkDefinition } from './define-sink.ts';
import type * as Models from './presets-models.ts';
import type * as OpenInference from './presets-openinference.ts';
import type * as Services from './presets-services.ts';

type Loaded = () => Promise<{ readonly sink: SinkDefinition }>;

/** Of `presets-models.ts`: products that look at what models are asked and answer. */
const ofModels = (name: keyof typeof Models): Loaded => {
  return async () => ({ sink: (await import('./presets-models.ts'))[name] });
};

/** Of `presets-openinference.ts`: those of Arize. */
const ofArize = (name: keyof typeof OpenInference): Loaded => {
  return async () => ({ sink: (await import('./presets-openinference.ts'))[name] });
};

/** Of `presets-services.ts`: products that look at all services alike. */
const ofServices = (name: keyof typeof Services): Loaded => {
  return async () => ({ sink: (await import('./presets-services.ts'))[name] });
};

/** Receivers of OpenTelemetry by LiteLLM's names where it has them: each is the sink `otel` with an address, headers and names. */
export const PRESETS: Readonly<Record<string, Loaded>> = {
  langfuse: ofModels('langfuse'),
  langfuse_otel: ofModels('langfuse'),
  datadog_llm_observability: ofModels('datadog_llm_observability'),
  arize: ofArize('arize'),
  arize_phoenix: ofArize('arize_phoenix'),
  honeycomb: ofServices('honeycomb'),
  newrelic: ofServices('newrelic'),
  grafana: ofServices('grafana'),
  signoz: ofServices('signoz'),
  logfire: ofModels('logfire'),
  langsmith: ofModels('langsmith'),
  braintrust: ofModels('braintrust'),
  opik: ofModels('opik'),
  mlflow: ofModels('mlflow'),
  weave_otel: ofModels('weave_otel'),
  traceloop: ofModels('traceloop'),
};
