import { rawHeader } from '../headers.ts';
import { EventReader } from './reader-kinds.ts';
import { addTracedUnits } from './guardrail-units.ts';
import { objectAt, parseObject, textAt } from './json-shapes.ts';
import type { MeteredRequest } from './metered-request.ts';
import { chunkCounts, metricsCounts } from './model-bodies.ts';
import { chargesUntold } from './request-usage.ts';
import { invokeMode } from './service-mode.ts';
import { addTokens, combine, isSaid, NO_COUNTS, tellsBothSides, underTotals } from './token-counts.ts';
import type { TokenCounts } from './token-counts.ts';
import { UsageLines } from './usage-lines.ts';
import type { UsageReader } from './usage-reader.ts';
import { UNKNOWN_USAGE } from './usage.ts';

/** How a `chunk` event begins as AWS writes it, and what ends the base64 in it. */
const PAYLOAD_START = '{"bytes":"';

/** A chunk that tells of usage has one of these; inside a text their quotes would be escaped. */
const MARKS = ['"usage"', 'okenCount"', 'oken_count"', '"usageEvent"'];

/**
 * InvokeModelWithResponseStream, and the answering half of InvokeModelWithBidirectionalStream: each `chunk` event has
 * one piece of the model's own JSON in base64. What the family says on the way is kept for a stream that is cut; the
 * last chunk of a complete one has Bedrock's own metrics, which win.
 *
 * @param headers of the answer: alternating raw names and values
 */
export function invokeStreamReader(request: MeteredRequest, headers: readonly string[]): UsageReader {
  const seen = new ChunkCounts();
  return new EventReader(
    'chunk',
    (payload) => seen.take(payload),
    (complete) => {
      const mode = invokeMode((name) => rawHeader(headers, name), seen.serviceTier, request);
      const lines = new UsageLines();
      const counts = underTotals(seen.family, seen.metrics);
      addTokens(lines, counts);
      addTracedUnits(lines, seen.guardrail);
      const isAnswered = lines.all.length > 0 || isSaid(seen.family) || isSaid(seen.metrics);
      if (!isAnswered) return { ...UNKNOWN_USAGE, ...mode };
      return {
        lines: lines.all,
        source: 'answer',
        complete: complete && seen.isFinal && tellsBothSides(counts) && !chargesUntold(request),
        ...mode,
      };
    },
  );
}

class ChunkCounts {
  family: TokenCounts = NO_COUNTS;
  metrics: TokenCounts = NO_COUNTS;
  guardrail: unknown = null;
  serviceTier: string | null = null;
  /** Whether the last word was said: speech has running totals only. */
  isFinal = false;

  take(payload: Buffer): void {
    const text = chunkText(payload);
    if (!MARKS.some((mark) => text.includes(mark))) return;
    const chunk = parseObject(text);
    if (chunk === null) return;
    this.family = combine(this.family, chunkCounts(chunk));
    this.serviceTier = textAt(chunk, 'service_tier') ?? this.serviceTier;
    this.guardrail = objectAt(chunk, 'amazon-bedrock-trace', 'guardrail') ?? this.guardrail;
    const metrics = objectAt(chunk, 'amazon-bedrock-invocationMetrics');
    if (metrics !== null) this.metrics = metricsCounts(metrics);
    if (metrics !== null || objectAt(chunk, 'event', 'usageEvent') !== null) this.isFinal = true;
  }
}

/** The JSON in a `chunk` event, one character per byte; empty for what is none. */
function chunkText(payload: Buffer): string {
  const text = payload.toString('latin1');
  const end = text.startsWith(PAYLOAD_START) ? text.indexOf('"', PAYLOAD_START.length) : -1;
  // Base64 has no character that JSON must escape, but JSON may escape its slashes.
  const usual = end === -1 ? null : text.slice(PAYLOAD_START.length, end);
  const base64 = usual === null || usual.includes('\\') ? textAt(parseObject(text), 'bytes') : usual;
  return base64 === null ? '' : Buffer.from(base64, 'base64').toString('latin1');
}
