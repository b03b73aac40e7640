import { countAt, listAt } from './json-shapes.ts';
import type { UsageLines } from './usage-lines.ts';

/** Tokens of one model call as an answer tells them; null for what it does not say. */
export interface TokenCounts {
  /** Without what came from or went into a cache, and without speech. */
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number | null;
  /** All that was written into a cache, whatever its lifetime. */
  readonly cacheWrite: number | null;
  /** What of `cacheWrite` lives for an hour. */
  readonly cacheWrite1h: number | null;
  readonly inputSpeech: number | null;
  readonly outputSpeech: number | null;
}

export const NO_COUNTS: TokenCounts = {
  input: null,
  output: null,
  cacheRead: null,
  cacheWrite: null,
  cacheWrite1h: null,
  inputSpeech: null,
  outputSpeech: null,
};

/** What two sources say together; where both say something the stronger counts. */
export function combine(weaker: TokenCounts, stronger: TokenCounts): TokenCounts {
  return {
    input: stronger.input ?? weaker.input,
    output: stronger.output ?? weaker.output,
    cacheRead: stronger.cacheRead ?? weaker.cacheRead,
    cacheWrite: stronger.cacheWrite ?? weaker.cacheWrite,
    cacheWrite1h: stronger.cacheWrite1h ?? weaker.cacheWrite1h,
    inputSpeech: stronger.inputSpeech ?? weaker.inputSpeech,
    outputSpeech: stronger.outputSpeech ?? weaker.outputSpeech,
  };
}

/**
 * What a model's own words and Bedrock's totals say together. Totals win, but for the input where only the model tells
 * cached tokens apart: the total may have them in it.
 */
export function underTotals(own: TokenCounts, totals: TokenCounts): TokenCounts {
  const both = combine(own, totals);
  return totals.cacheRead === null && (own.cacheRead ?? 0) > 0 ? { ...both, input: own.input ?? both.input } : both;
}

export function isSaid({ input, output, cacheRead, cacheWrite, inputSpeech, outputSpeech }: TokenCounts): boolean {
  return (input ?? output ?? cacheRead ?? cacheWrite ?? inputSpeech ?? outputSpeech) !== null;
}

/** Whether both sides of a model call are told: what went in and what came out, and of speech both kinds of each. */
export function tellsBothSides({ input, output, inputSpeech, outputSpeech }: TokenCounts): boolean {
  if (input === null || output === null) return false;
  return (inputSpeech === null) === (outputSpeech === null);
}

export function addTokens(lines: UsageLines, counts: TokenCounts, modelId: string | null = null): void {
  lines.add('inputTokens', counts.input, modelId);
  lines.add('outputTokens', counts.output, modelId);
  lines.add('cacheReadTokens', counts.cacheRead, modelId);
  const written1h = counts.cacheWrite1h ?? 0;
  lines.add('cacheWrite5mTokens', Math.max(0, (counts.cacheWrite ?? 0) - written1h), modelId);
  lines.add('cacheWrite1hTokens', written1h, modelId);
  lines.add('inputSpeechTokens', counts.inputSpeech, modelId);
  lines.add('outputSpeechTokens', counts.outputSpeech, modelId);
}

/**
 * `TokenUsage` of Converse, and what has its names: Nova's own answers, AgentCore.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
 */
export function converseCounts(usage: unknown): TokenCounts {
  const details = listAt(usage, 'cacheDetails');
  let written = 0;
  let written1h = 0;
  for (const detail of details) {
    const tokens = countAt(detail, 'inputTokens') ?? 0;
    written += tokens;
    // A lifetime that is neither of the two there are today costs no less than the longer one.
    if (lifetimeOf(detail) !== '5m') written1h += tokens;
  }
  const total = countAt(usage, 'cacheWriteInputTokens') ?? countAt(usage, 'cacheWriteInputTokenCount');
  return {
    ...NO_COUNTS,
    input: countAt(usage, 'inputTokens'),
    output: countAt(usage, 'outputTokens'),
    cacheRead: countAt(usage, 'cacheReadInputTokens') ?? countAt(usage, 'cacheReadInputTokenCount'),
    cacheWrite: total ?? (details.length > 0 ? written : null),
    cacheWrite1h: details.length > 0 ? written1h : null,
  };
}

function lifetimeOf(detail: unknown): unknown {
  return typeof detail === 'object' && detail !== null && 'ttl' in detail ? (detail.ttl ?? '5m') : '5m';
}
