import { errorType } from '../domain/otlp/error-type.ts';
import { isStreaming } from '../domain/otlp/gen-ai-operation.ts';
import { Histogram } from '../domain/otlp/histogram.ts';
import { KnownModels, OTHER } from '../domain/otlp/known-models.ts';
import type { SeenCall } from '../domain/sink-event.ts';
import type { UsageUnit } from '../domain/usage/usage.ts';

/** Calls that failed in one way: by the status the client got, and by what `errorType` says. */
interface Failures {
  readonly status: string;
  readonly error: string;
  count: number;
}

/** Who used what: the calls of one key, team, model and operation. */
export interface CallerSeries {
  readonly key: string;
  readonly team: string;
  readonly model: string;
  readonly operation: string;
  /** By status; `none` where the client got none. */
  readonly requests: Map<string, number>;
  readonly failures: Map<string, Failures>;
  readonly units: Map<UsageUnit, number>;
  costNanos: number;
  /** Calls whose cost is not known. */
  unpriced: number;
}

/** How long it took: the calls of one model, operation and status. */
export interface LatencySeries {
  readonly model: string;
  readonly operation: string;
  readonly status: string;
  readonly duration: Histogram;
  /** Of streams alone. */
  readonly firstByte: Histogram;
}

export interface CallMetricsBounds {
  readonly callersMax: number;
  readonly latenciesMax: number;
  readonly modelsMax: number;
}

/** From 10 ms to 10 minutes: from an answer of a guardrail to that of a model that thinks. */
const DURATION_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600];
const FIRST_BYTE_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40];

/** Adds calls up: under a microsecond each. What comes beyond the bounds is counted together. */
export class CallMetrics {
  readonly #bounds: CallMetricsBounds;
  readonly #models: KnownModels;
  readonly #callers = new Map<string, CallerSeries>();
  readonly #latencies = new Map<string, LatencySeries>();

  constructor(bounds: CallMetricsBounds) {
    this.#bounds = bounds;
    this.#models = new KnownModels(bounds.modelsMax);
  }

  get callers(): Iterable<CallerSeries> {
    return this.#callers.values();
  }

  get latencies(): Iterable<LatencySeries> {
    return this.#latencies.values();
  }

  observe(call: SeenCall): void {
    const { record } = call;
    const { attribution, service, operation: name, usage, cost } = record;
    const model = this.#models.nameOf(record);
    const operation = service === null ? '' : `${service}:${name}`;
    const status = record.status === null ? 'none' : String(record.status);
    const caller = this.#caller(
      attribution.keyAlias ?? attribution.keyId ?? '',
      attribution.teamId ?? '',
      model,
      operation,
    );
    increase(caller.requests, status, 1);
    const error = errorType(call);
    if (error !== null) countFailure(caller.failures, status, error);
    for (const { unit, quantity } of usage.lines) increase(caller.units, unit, quantity);
    if (cost.kind === 'known') caller.costNanos += Number(cost.nanos);
    else caller.unpriced += 1;
    const latency = this.#latency(model, operation, status);
    latency.duration.add(record.durationMs / 1000);
    if (record.firstByteMs !== null && isStreaming(record)) latency.firstByte.add(record.firstByteMs / 1000);
  }

  #caller(key: string, team: string, model: string, operation: string): CallerSeries {
    const id = `${key}\0${team}\0${model}\0${operation}`;
    const known = this.#callers.get(id);
    if (known !== undefined) return known;
    const isFull = this.#callers.size >= this.#bounds.callersMax;
    return isFull ? this.#otherCallers() : this.#newCaller(id, key, team, model, operation);
  }

  #otherCallers(): CallerSeries {
    return this.#callers.get(OTHER) ?? this.#newCaller(OTHER, OTHER, OTHER, OTHER, OTHER);
  }

  #newCaller(id: string, key: string, team: string, model: string, operation: string): CallerSeries {
    const series = {
      key,
      team,
      model,
      operation,
      requests: new Map<string, number>(),
      failures: new Map<string, Failures>(),
      units: new Map<UsageUnit, number>(),
      costNanos: 0,
      unpriced: 0,
    };
    this.#callers.set(id, series);
    return series;
  }

  #latency(model: string, operation: string, status: string): LatencySeries {
    const id = `${model}\0${operation}\0${status}`;
    const known = this.#latencies.get(id);
    if (known !== undefined) return known;
    const isFull = this.#latencies.size >= this.#bounds.latenciesMax;
    return isFull ? this.#otherLatencies() : this.#newLatency(id, model, operation, status);
  }

  #otherLatencies(): LatencySeries {
    return this.#latencies.get(OTHER) ?? this.#newLatency(OTHER, OTHER, OTHER, OTHER);
  }

  #newLatency(id: string, model: string, operation: string, status: string): LatencySeries {
    const duration = new Histogram(DURATION_BOUNDS);
    const firstByte = new Histogram(FIRST_BYTE_BOUNDS);
    const series = { model, operation, status, duration, firstByte };
    this.#latencies.set(id, series);
    return series;
  }
}

/** Names of exceptions come from afar: of one caller no more than so many are told apart. */
const FAILURES_MAX = 50;

function countFailure(failures: Map<string, Failures>, status: string, error: string): void {
  const id = `${status}\0${error}`;
  const known = failures.get(id);
  if (known !== undefined) known.count += 1;
  else if (failures.size < FAILURES_MAX || error === OTHER) failures.set(id, { status, error, count: 1 });
  else countFailure(failures, status, OTHER);
}

function increase<Name>(counts: Map<Name, number>, name: Name, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
