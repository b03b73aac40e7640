import { rawHeader } from '../headers.ts';
import { ObjectReader } from './reader-kinds.ts';
import { addTracedUnits } from './guardrail-units.ts';
import { objectAt } from './json-shapes.ts';
import type { JsonOutline, OutlinePlan } from './json-outline.ts';
import type { MeteredRequest } from './metered-request.ts';
import { bodyCounts, COUNTING_MEMBERS } from './model-bodies.ts';
import { addImages, addUntold } from './request-usage.ts';
import { invokeMode } from './service-mode.ts';
import { addTokens, combine, isSaid, NO_COUNTS } from './token-counts.ts';
import type { TokenCounts } from './token-counts.ts';
import { UsageLines } from './usage-lines.ts';
import type { UsageReader } from './usage-reader.ts';
import { UNKNOWN_USAGE } from './usage.ts';

const GUARDRAIL_TRACE = 'amazon-bedrock-trace';

const ANSWER: OutlinePlan = {
  members: new Set([...COUNTING_MEMBERS, GUARDRAIL_TRACE, 'service_tier']),
  counted: new Set(['images', 'artifacts', 'embedding', 'embeddings', 'data']),
  opened: new Set(),
};

/**
 * InvokeModel says what it used in headers, and most families in the body too. Headers win for totals, because Bedrock
 * writes them for all families alike; only the body knows how long cache entries live.
 *
 * @param headers of the answer: alternating raw names and values
 */
export function invokeReader(request: MeteredRequest, headers: readonly string[]): UsageReader {
  return new ObjectReader(ANSWER, (answer, complete) => {
    const told = headerCounts(headers);
    const counts = combine(
      bodyCounts((name) => answer.member(name)),
      told,
    );
    const lines = new UsageLines();
    addTokens(lines, counts);
    const images = answer.count('images') ?? answer.count('artifacts');
    if (images !== null) addImages(lines, images, request);
    addTracedUnits(lines, objectAt(answer.member(GUARDRAIL_TRACE), 'guardrail'));
    const isAnswered = isSaid(counts) || lines.all.length > 0;
    const untold = addUntold(lines, request, isEmbedding(answer));
    const mode = invokeMode((name) => rawHeader(headers, name), answer.member('service_tier'), request);
    if (!isAnswered && lines.all.length === 0) return { ...UNKNOWN_USAGE, ...mode };
    return { lines: lines.all, source: isAnswered ? 'answer' : 'request', complete: complete && !untold, ...mode };
  });
}

function isEmbedding(answer: JsonOutline): boolean {
  return answer.count('embedding') !== null || answer.count('embeddings') !== null || answer.count('data') !== null;
}

function headerCounts(headers: readonly string[]): TokenCounts {
  return {
    ...NO_COUNTS,
    input: headerCount(headers, 'x-amzn-bedrock-input-token-count'),
    output: headerCount(headers, 'x-amzn-bedrock-output-token-count'),
    cacheRead: headerCount(headers, 'x-amzn-bedrock-cache-read-input-token-count'),
    cacheWrite: headerCount(headers, 'x-amzn-bedrock-cache-write-input-token-count'),
  };
}

function headerCount(headers: readonly string[], name: string): number | null {
  const value = rawHeader(headers, name);
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
