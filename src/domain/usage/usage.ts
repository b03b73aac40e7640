/**
 * Everything Bedrock charges by. Tokens, images, documents and units are whole numbers; seconds may have up to three
 * decimals. Cache writes whose lifetime was not said count as 5 minutes, the default of AWS.
 */
export const USAGE_UNITS = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'inputSpeechTokens',
  'outputSpeechTokens',
  'inputImages',
  'outputImages',
  'inputAudioSeconds',
  'inputVideoSeconds',
  'outputVideoSeconds',
  'searchQueries',
  'requests',
  'topicPolicyUnits',
  'contentPolicyUnits',
  'contentPolicyImageUnits',
  'wordPolicyUnits',
  'sensitiveInformationPolicyUnits',
  'sensitiveInformationPolicyFreeUnits',
  'contextualGroundingPolicyUnits',
  'automatedReasoningPolicyUnits',
  'guardrailCheckTextUnits',
] as const;

export type UsageUnit = (typeof USAGE_UNITS)[number];

/** A quantity of one thing. */
export interface UsageLine {
  readonly unit: UsageUnit;
  readonly quantity: number;
  /** The model that was used, where the answer or the request names another than the one the call is for. */
  readonly modelId: string | null;
  /**
   * What the price depends on beside the unit: size and quality of images that came out, `1024x1024/standard` (or
   * `premium`, or `50-steps` and `max-steps` of Stable Diffusion XL); the resolution of video, as its model names it,
   * `1280x720` or `720p`; the check of `guardrailCheckTextUnits`. Null where it depends on nothing, or nobody tells.
   */
  readonly variant: string | null;
}

/**
 * What one call used. In `lines` stands what is more than zero. What was not said is not there either, and `source` and
 * `complete` tell the two apart: unknown is never zero.
 *
 * Guardrail units of a model call are said in its trace alone. Without a trace there are no lines for them.
 */
export interface Usage {
  readonly lines: readonly UsageLine[];
  /**
   * Who says so: Bedrock's answer; the request, where the answer says nothing and the request tells it (documents to
   * rerank, images, seconds); `free` for what costs nothing by AWS's word; nobody.
   */
  readonly source: 'answer' | 'request' | 'free' | 'unknown';
  /**
   * False when the answer was cut before everything could be read, or something is charged for that nobody tells: the
   * lines are then a lower bound.
   */
  readonly complete: boolean;
  /** As Bedrock answered, else as was asked where that costs more; null for the standard. */
  readonly serviceTier: 'flex' | 'priority' | 'reserved' | 'batch' | null;
  readonly latencyOptimized: boolean;
}

export const UNKNOWN_USAGE: Usage = {
  lines: [],
  source: 'unknown',
  complete: false,
  serviceTier: null,
  latencyOptimized: false,
};
