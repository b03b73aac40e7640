import type { SeenCall } from '../sink-event.ts';
import { errorType } from './error-type.ts';
import { genAiOperation, isStreaming } from './gen-ai-operation.ts';
import { Histogram } from './histogram.ts';
import { KnownModels, OTHER } from './known-models.ts';
import { encodeHistograms, type HistogramPoint, type MetricFacts, type Temporality } from './metric-encoder.ts';
import { nanosOf } from './nanos.ts';
import { PROVIDER } from './span-attributes.ts';
import { tokenUse } from './token-use.ts';

/**
 * The metrics of the semantic conventions, with the boundaries they want.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 */
const TOKEN_USAGE = {
  name: 'gen_ai.client.token.usage',
  description: 'Number of input and output tokens used.',
  unit: '{token}',
};
const DURATION = { name: 'gen_ai.client.operation.duration', description: 'GenAI operation duration.', unit: 's' };
const FIRST_CHUNK = {
  name: 'gen_ai.client.operation.time_to_first_chunk',
  description: 'Time to receive the first chunk of a stream.',
  unit: 's',
};
const TOKEN_BOUNDS = Array.from({ length: 14 }, (_, power) => 4 ** power);
const DURATION_BOUNDS = Array.from({ length: 14 }, (_, power) => 2 ** power / 100);
const FIRST_CHUNK_BOUNDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const MODELS_MAX = 200;
/** Of one metric. What comes beyond is counted together, by how it failed or the type of token. */
const SERIES_MAX = 1000;

/** One metric: a histogram for each set of attributes. */
class Series {
  readonly facts: MetricFacts;
  readonly #bounds: readonly number[];
  readonly #points = new Map<string, HistogramPoint>();

  constructor(facts: MetricFacts, bounds: readonly number[]) {
    this.facts = facts;
    this.#bounds = bounds;
  }

  get points(): readonly HistogramPoint[] {
    return [...this.#points.values()];
  }

  histogram(operation: string, model: string, other: Readonly<Record<string, string>>): Histogram {
    const key = keyOf(operation, model, other);
    return (this.#points.get(key) ?? this.#newPoint(key, operation, model, other)).histogram;
  }

  clear(): void {
    this.#points.clear();
  }

  #newPoint(key: string, operation: string, model: string, other: Readonly<Record<string, string>>): HistogramPoint {
    const isFull = this.#points.size >= SERIES_MAX && operation !== OTHER;
    if (isFull) {
      const together = keyOf(OTHER, OTHER, other);
      return this.#points.get(together) ?? this.#newPoint(together, OTHER, OTHER, other);
    }
    const attributes = {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': PROVIDER,
      'gen_ai.request.model': model,
      ...other,
    };
    const point = { attributes, histogram: new Histogram(this.#bounds) };
    this.#points.set(key, point);
    return point;
  }
}

/** Where calls of one kind are counted; null until there is one that has it. */
interface KindOfCall {
  readonly duration: Histogram;
  firstChunk: Histogram | null;
  inputTokens: Histogram | null;
  outputTokens: Histogram | null;
}

/** Kinds that are found at once. There are more only where series of several models are counted together. */
const KINDS_MAX = 4 * SERIES_MAX;

/** Adds calls up to the metrics of the semantic conventions: half a microsecond each. */
export class GenAiMetrics {
  readonly #temporality: Temporality;
  readonly #models = new KnownModels(MODELS_MAX);
  readonly #tokens = new Series(TOKEN_USAGE, TOKEN_BOUNDS);
  readonly #durations = new Series(DURATION, DURATION_BOUNDS);
  readonly #firstChunks = new Series(FIRST_CHUNK, FIRST_CHUNK_BOUNDS);
  readonly #kinds = new Map<string, KindOfCall>();
  #startMs: number;

  constructor(temporality: Temporality, startMs: number) {
    this.#temporality = temporality;
    this.#startMs = startMs;
  }

  observe(call: SeenCall): void {
    const { record } = call;
    const operation = genAiOperation(record);
    if (operation === null) return;
    const model = this.#models.nameOf(record);
    const kind = this.#kindOf(operation, model, errorType(call));
    kind.duration.add(record.durationMs / 1000);
    if (record.firstByteMs !== null && isStreaming(record)) {
      kind.firstChunk ??= this.#firstChunks.histogram(operation, model, {});
      kind.firstChunk.add(record.firstByteMs / 1000);
    }
    const tokens = tokenUse(record.usage);
    if (tokens === null) return;
    kind.inputTokens ??= this.#tokens.histogram(operation, model, { 'gen_ai.token.type': 'input' });
    kind.outputTokens ??= this.#tokens.histogram(operation, model, { 'gen_ai.token.type': 'output' });
    kind.inputTokens.add(tokens.input);
    kind.outputTokens.add(tokens.output);
  }

  /**
   * What was added up until now, as bytes of Metric messages; none where there is nothing. What is sent by difference
   * begins anew with it.
   */
  encode(nowMs: number): readonly Buffer[] {
    const all = [this.#tokens, this.#durations, this.#firstChunks];
    const time = { startNanos: nanosOf(this.#startMs), endNanos: nanosOf(nowMs) };
    const metrics = all
      .filter(({ points }) => points.length > 0)
      .map(({ facts, points }) => encodeHistograms(facts, points, this.#temporality, time));
    if (this.#temporality === 'delta') {
      this.#startMs = nowMs;
      for (const series of all) series.clear();
      this.#kinds.clear();
    }
    return metrics;
  }

  #kindOf(operation: string, model: string, error: string | null): KindOfCall {
    const key = `${operation}\0${model}\0${error ?? ''}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    const attributes: Record<string, string> = error === null ? {} : { 'error.type': error };
    const duration = this.#durations.histogram(operation, model, attributes);
    const kind = { duration, firstChunk: null, inputTokens: null, outputTokens: null };
    if (this.#kinds.size < KINDS_MAX) this.#kinds.set(key, kind);
    return kind;
  }
}

function keyOf(operation: string, model: string, other: Readonly<Record<string, string>>): string {
  return `${operation}\0${model}\0${Object.values(other).join('\0')}`;
}
