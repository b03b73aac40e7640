import type { CallRecord } from '../domain/call-record.ts';
import type { SpanDialect } from '../domain/otlp/dialect.ts';
import { exportRequest, type Resource } from '../domain/otlp/export-request.ts';
import { GenAiMetrics } from '../domain/otlp/gen-ai-metrics.ts';
import type { Temporality } from '../domain/otlp/metric-encoder.ts';
import { rejectedItems } from '../domain/otlp/rejected-items.ts';
import { SpanEncoder } from '../domain/otlp/span-encoder.ts';
import type { SinkEvent } from '../domain/sink-event.ts';
import { isSampled } from '../domain/trace-context.ts';
import { requireSuccess } from './delivery-fault.ts';
import { mapInSlices } from './delivery/slices.ts';
import { gzip } from './gzip.ts';
import type { SinkHttpAnswer } from './http.ts';
import { ALL_TAKEN, type BatchResult, type EventSink, type SinkContext } from './sink.ts';

/** Where spans and metrics go and how they are called there. */
export interface OtelTarget {
  readonly tracesUrl: URL;
  /** Null where only spans are wanted. */
  readonly metricsUrl: URL | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Resource;
  readonly scopeName: string;
  readonly dialect: SpanDialect;
  readonly zips: boolean;
  /** Whether calls that use no model, agent or tool are wanted too. */
  readonly takesControlPlanes: boolean;
  /** Whether a client that does not keep its own trace keeps its calls from being kept. */
  readonly followsParent: boolean;
  readonly temporality: Temporality;
  readonly metricsIntervalMs: number;
}

/** How long the last metrics may take when the gateway ends. */
const LAST_METRICS_MS = 2000;

/** OTLP by HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export function openOtelSink(target: OtelTarget, context: SinkContext): EventSink {
  const encoder = new SpanEncoder(target.dialect);
  const metrics = target.metricsUrl === null ? null : new OtelMetrics(target.metricsUrl, target, context);
  const encode = (event: SinkEvent): Buffer => encoder.encode(event);

  return {
    kind: 'events',
    reaches: target.tracesUrl,
    deliver: async (events, signal) => {
      metrics?.observe(events);
      const wanted = events.filter((event) => isWanted(event, target));
      if (wanted.length === 0) return ALL_TAKEN;
      const spans = await mapInSlices(wanted, encode, context.clock);
      try {
        const answer = await post(target.tracesUrl, spans, target, context, signal);
        requireSuccess(answer, context.clock.nowMs());
        return resultOf(answer, events.length);
      } catch (error) {
        metrics?.expectAgain(events);
        throw error;
      }
    },
    close: async () => metrics?.close(),
  };
}

/** Metrics go out by their own clock: what they say in one place is what all calls up to then came to. */
class OtelMetrics {
  readonly #url: URL;
  readonly #target: OtelTarget;
  readonly #context: SinkContext;
  readonly #sums: GenAiMetrics;
  /** What is sent once more is not counted once more. */
  readonly #counted = new WeakSet<CallRecord>();
  #timer: NodeJS.Timeout | undefined;

  constructor(url: URL, target: OtelTarget, context: SinkContext) {
    this.#url = url;
    this.#target = target;
    this.#context = context;
    this.#sums = new GenAiMetrics(target.temporality, context.clock.nowMs());
  }

  observe(events: readonly SinkEvent[]): void {
    for (const event of events) if (!this.#counted.has(event.record)) this.#sums.observe(event);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#send(new AbortController().signal);
    }, this.#target.metricsIntervalMs).unref();
  }

  /** These were counted, and may come again. */
  expectAgain(events: readonly SinkEvent[]): void {
    for (const { record } of events) this.#counted.add(record);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#timer !== undefined) await this.#send(AbortSignal.timeout(LAST_METRICS_MS));
  }

  /** What does not arrive is in what is sent next, unless differences are wanted. */
  async #send(signal: AbortSignal): Promise<void> {
    const metrics = this.#sums.encode(this.#context.clock.nowMs());
    if (metrics.length === 0) return;
    await post(this.#url, metrics, this.#target, this.#context, signal).catch(() => undefined);
  }
}

async function post(
  url: URL,
  items: readonly Uint8Array[],
  { headers, resource, scopeName, zips }: OtelTarget,
  { http }: SinkContext,
  signal: AbortSignal,
): Promise<SinkHttpAnswer> {
  const body = exportRequest(resource, scopeName, items);
  const common = { 'content-type': 'application/x-protobuf', 'user-agent': 'outcrop', ...headers };
  if (!zips) return http.send({ method: 'POST', url, headers: common, body }, signal);
  const zipped = { ...common, 'content-encoding': 'gzip' };
  return http.send({ method: 'POST', url, headers: zipped, body: await gzip(body) }, signal);
}

function isWanted({ record, trace }: SinkEvent, { takesControlPlanes, followsParent }: OtelTarget): boolean {
  if (!takesControlPlanes && record.operationKind !== 'invoke') return false;
  return !followsParent || isSampled(trace.traceParent);
}

/** A receiver may take some spans only. It says how many it did not take, not which. */
function resultOf({ text }: SinkHttpAnswer, count: number): BatchResult {
  const rejected = Math.min(rejectedItems(text), count);
  if (rejected === 0) return ALL_TAKEN;
  const places = Array.from({ length: rejected }, (_, place) => place);
  return { again: [], refused: places, reason: `it took all but ${rejected} spans` };
}
