import { at, countAt, listAt, objectAt } from './json-shapes.ts';
import type { JsonObject } from './json-shapes.ts';
import { combine, converseCounts, NO_COUNTS } from './token-counts.ts';
import type { TokenCounts } from './token-counts.ts';

/** Top-level members in which the families of models say what they used. */
export const COUNTING_MEMBERS = [
  'usage',
  'meta',
  'prompt_token_count',
  'generation_token_count',
  'inputTextTokenCount',
  'totalOutputTextTokenCount',
  'results',
] as const;

/**
 * What a model's own answer, or one chunk of its stream, says of tokens. Told by its shape, because the model may be
 * named by an ARN that says nothing about it. Counts of a stream are running totals: the last one counts.
 */
export function bodyCounts(member: (name: string) => unknown): TokenCounts {
  const usage = objectAt(member('usage'));
  if (usage !== null) return usageCounts(usage);
  return combine(combine(llamaCounts(member), titanCounts(member)), cohereCounts(member));
}

/** As `bodyCounts`, for an event of a stream, which may carry its usage one step further in. */
export function chunkCounts(chunk: JsonObject): TokenCounts {
  // Anthropic's `message_start`, Nova's `metadata`, Nova Sonic's `usageEvent`.
  const inner = objectAt(chunk, 'message', 'usage') ?? objectAt(chunk, 'metadata', 'usage');
  const sonic = objectAt(chunk, 'event', 'usageEvent');
  if (sonic !== null) return sonicCounts(sonic);
  return inner === null ? bodyCounts((name) => chunk[name]) : usageCounts(inner);
}

/** `amazon-bedrock-invocationMetrics`, with which Bedrock itself ends the streams of all models. */
export function metricsCounts(metrics: unknown): TokenCounts {
  return {
    ...NO_COUNTS,
    input: countAt(metrics, 'inputTokenCount'),
    output: countAt(metrics, 'outputTokenCount'),
    cacheRead: countAt(metrics, 'cacheReadInputTokenCount'),
    cacheWrite: countAt(metrics, 'cacheWriteInputTokenCount'),
  };
}

function usageCounts(usage: JsonObject): TokenCounts {
  if ('prompt_tokens' in usage || 'completion_tokens' in usage) {
    return openAiCounts(
      countAt(usage, 'prompt_tokens'),
      countAt(usage, 'completion_tokens'),
      at(usage, 'prompt_tokens_details'),
    );
  }
  if ('input_tokens_details' in usage) {
    return openAiCounts(
      countAt(usage, 'input_tokens'),
      countAt(usage, 'output_tokens'),
      at(usage, 'input_tokens_details'),
    );
  }
  return 'input_tokens' in usage || 'output_tokens' in usage ? anthropicCounts(usage) : converseCounts(usage);
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html */
function anthropicCounts(usage: JsonObject): TokenCounts {
  const written5m = countAt(usage, 'cache_creation', 'ephemeral_5m_input_tokens');
  const written1h = countAt(usage, 'cache_creation', 'ephemeral_1h_input_tokens');
  const isSplit = written5m !== null || written1h !== null;
  return {
    ...NO_COUNTS,
    input: countAt(usage, 'input_tokens'),
    output: countAt(usage, 'output_tokens'),
    cacheRead: countAt(usage, 'cache_read_input_tokens'),
    cacheWrite: countAt(usage, 'cache_creation_input_tokens') ?? (isSplit ? (written5m ?? 0) + (written1h ?? 0) : null),
    cacheWrite1h: written1h,
  };
}

/** OpenAI's shape, which many families share, counts cached tokens among those of the prompt. */
function openAiCounts(prompt: number | null, output: number | null, details: unknown): TokenCounts {
  const cached = countAt(details, 'cached_tokens');
  const input = prompt === null ? null : Math.max(0, prompt - (cached ?? 0));
  return { ...NO_COUNTS, input, output, cacheRead: cached };
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html */
function llamaCounts(member: (name: string) => unknown): TokenCounts {
  return {
    ...NO_COUNTS,
    input: countAt(member('prompt_token_count')),
    output: countAt(member('generation_token_count')),
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html, and Titan's embeddings. */
function titanCounts(member: (name: string) => unknown): TokenCounts {
  let output = countAt(member('totalOutputTextTokenCount'));
  for (const result of listAt(member('results'))) {
    const tokens = countAt(result, 'tokenCount');
    if (tokens !== null) output = (output ?? 0) + tokens;
  }
  return { ...NO_COUNTS, input: countAt(member('inputTextTokenCount')), output };
}

/** https://docs.cohere.com/reference/embed: `meta.billed_units`. */
function cohereCounts(member: (name: string) => unknown): TokenCounts {
  const billed = at(member('meta'), 'billed_units');
  return { ...NO_COUNTS, input: countAt(billed, 'input_tokens'), output: countAt(billed, 'output_tokens') };
}

/** https://docs.aws.amazon.com/nova/latest/userguide/output-events.html: `total` is what was used since the stream began. */
function sonicCounts(event: JsonObject): TokenCounts {
  const total = at(event, 'details', 'total');
  return {
    ...NO_COUNTS,
    input: countAt(total, 'input', 'textTokens'),
    output: countAt(total, 'output', 'textTokens'),
    inputSpeech: countAt(total, 'input', 'speechTokens'),
    outputSpeech: countAt(total, 'output', 'speechTokens'),
  };
}
