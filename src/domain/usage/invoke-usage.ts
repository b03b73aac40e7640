import { rawHeader } from '../headers.ts';
import { ObjectReader } from './reader-kinds.ts';
import { addTracedUnits } from './guardrail-units.ts';
import { objectAt } from './json-shapes.ts';
import type { JsonOutline, OutlinePlan } from './json-outline.ts';
import type { MeteredRequest } from './metered-request.ts';
import { bodyCounts, COUNTING_MEMBERS } from './model-bodies.ts';
import { inputFacts, mayEmbed } from './request-size.ts';
import type { InputFacts } from './request-size.ts';
import { embedsText, isSureOfQueries } from './request-usage.ts';
import { addEmbedded, addImages, addRanked, chargesUntold, IMAGE_MEMBERS } from './request-usage.ts';
import { invokeMode } from './service-mode.ts';
import { addTokens, isSaid, NO_COUNTS, tellsBothSides, underTotals } from './token-counts.ts';
import type { TokenCounts } from './token-counts.ts';
import { UsageLines } from './usage-lines.ts';
import type { UsageReader } from './usage-reader.ts';
import type { Usage } from './usage.ts';
import { UNKNOWN_USAGE } from './usage.ts';

const GUARDRAIL_TRACE = 'amazon-bedrock-trace';

/** With these, answers of embedding models tell themselves. */
const EMBEDDING_MEMBERS = ['embedding', 'embeddings', 'data'];

const ANSWER: OutlinePlan = {
  members: new Set([...COUNTING_MEMBERS, GUARDRAIL_TRACE, 'service_tier']),
  counted: new Set([...IMAGE_MEMBERS, ...EMBEDDING_MEMBERS]),
  opened: new Set(),
};

/**
 * InvokeModel says what it used in headers, and most families in the body too. Headers win for totals, because Bedrock
 * writes them for all families alike; only the body knows how long cache entries live. So headers alone do not tell all
 * of an answer that broke off in a way that HTTP takes for its end.
 *
 * @param headers of the answer: alternating raw names and values
 */
export function invokeReader(request: MeteredRequest, headers: readonly string[]): UsageReader {
  // The body is gone when the answer ends.
  const embedded = mayEmbed(request) ? inputFacts(request) : NOT_EMBEDDED;
  return new ObjectReader(ANSWER, (answer, isWhole) => {
    const lines = new UsageLines();
    const { source, complete } = addCharged(lines, answer, headers, request, embedded);
    addTracedUnits(lines, objectAt(answer.member(GUARDRAIL_TRACE), 'guardrail'));
    const mode = invokeMode((name) => rawHeader(headers, name), answer.member('service_tier'), request);
    if (source === 'unknown' && lines.all.length === 0) return { ...UNKNOWN_USAGE, ...mode };
    return {
      lines: lines.all,
      source: source === 'unknown' ? 'answer' : source,
      complete: complete && isWhole && !answer.cut,
      ...mode,
    };
  });
}

const NOT_EMBEDDED = { images: 0, documents: 0 };

type Told = Pick<Usage, 'source' | 'complete'>;

/** Adds what the model itself charges by. Those that make images or rank documents do not charge by the token. */
function addCharged(
  lines: UsageLines,
  answer: JsonOutline,
  headers: readonly string[],
  request: MeteredRequest,
  embedded: Pick<InputFacts, 'images' | 'documents'>,
): Told {
  if (addImages(lines, answer, request)) return { source: 'answer', complete: true };
  if (answer.member('results') !== undefined && addRanked(lines, request)) {
    return { source: 'request', complete: isSureOfQueries(request) };
  }
  const counts = underTotals(
    bodyCounts((name) => answer.member(name)),
    headerCounts(headers),
  );
  addTokens(lines, counts);
  const isEmbedding = EMBEDDING_MEMBERS.some((name) => answer.count(name) !== null);
  const isUntold = isEmbedding
    ? addEmbedded(lines, request, embedded) || (counts.input === null && embedsText(request))
    : !tellsBothSides(counts) || chargesUntold(request);
  if (isSaid(counts)) return { source: 'answer', complete: !isUntold };
  return lines.all.length > 0 ? { source: 'request', complete: !isUntold } : { source: 'unknown', complete: false };
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
