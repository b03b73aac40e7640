import { AttributeWriter } from './attribute-writer.ts';
import type { Histogram } from './histogram.ts';
import { ProtoWriter } from './proto-writer.ts';

/** Fields of Metric, Histogram and HistogramDataPoint: opentelemetry/proto/metrics/v1/metrics.proto */
const NAME = 1;
const DESCRIPTION = 2;
const UNIT = 3;
const HISTOGRAM = 9;
const DATA_POINTS = 1;
const TEMPORALITY = 2;
const START_TIME = 2;
const TIME = 3;
const COUNT = 4;
const SUM = 5;
const BUCKET_COUNTS = 6;
const EXPLICIT_BOUNDS = 7;
const ATTRIBUTES = 9;

/** Since the last time, or since the start. */
export type Temporality = 'delta' | 'cumulative';

const TEMPORALITIES: Readonly<Record<Temporality, number>> = { delta: 1, cumulative: 2 };

export interface MetricFacts {
  readonly name: string;
  readonly description: string;
  /** As UCUM writes it. */
  readonly unit: string;
}

/** A histogram with what it is of. */
export interface HistogramPoint {
  readonly attributes: Readonly<Record<string, string>>;
  readonly histogram: Histogram;
}

export interface TimeSpan {
  readonly startNanos: bigint;
  readonly endNanos: bigint;
}

/** @returns the bytes of one Metric message */
export function encodeHistograms(
  { name, description, unit }: MetricFacts,
  points: readonly HistogramPoint[],
  temporality: Temporality,
  { startNanos, endNanos }: TimeSpan,
): Buffer {
  const writer = new ProtoWriter();
  writer.text(NAME, name);
  writer.text(DESCRIPTION, description);
  writer.text(UNIT, unit);
  const data = writer.open(HISTOGRAM);
  for (const { attributes, histogram } of points) {
    const point = writer.open(DATA_POINTS);
    writer.fixed64(START_TIME, startNanos);
    writer.fixed64(TIME, endNanos);
    writer.fixed64(COUNT, BigInt(histogram.count));
    writer.double(SUM, histogram.sum);
    writer.fixed64s(BUCKET_COUNTS, histogram.counts);
    writer.doubles(EXPLICIT_BOUNDS, histogram.bounds);
    const names = new AttributeWriter(writer, ATTRIBUTES);
    for (const [key, value] of Object.entries(attributes)) names.text(key, value);
    writer.close(point);
  }
  writer.integer(TEMPORALITY, TEMPORALITIES[temporality]);
  writer.close(data);
  return writer.finish();
}
