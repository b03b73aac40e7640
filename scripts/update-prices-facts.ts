/**
 * What is known of prices beside the gathered rows: figures they lack, and rows that can't be right. Each with its
 * source. What is neither in the rows nor here stays unknown.
 */
import type { PriceEntry, PriceSource } from '../src/domain/pricing/book-content.ts';

export const SOURCES = {
  rows: {
    what: 'Gathered from public price lists',
    url: 'https://aws.amazon.com/bedrock/pricing/',
    date: '2026-08',
  },
  page2025: {
    what: 'AWS pricing page, as it was',
    url: 'https://aws.amazon.com/bedrock/pricing/',
    date: '2025-07-20',
  },
  page2026: {
    what: 'AWS pricing page',
    url: 'https://aws.amazon.com/bedrock/pricing/',
    date: '2026-08',
  },
  list: {
    what: 'AWS price list AmazonBedrock',
    url: 'https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonBedrock/current/index.json',
    date: '2026-08-09',
  },
  routing: {
    what: 'AWS prices in-region and geographic routing alike, global routing about a tenth lower',
    url: 'https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html',
    date: '2026-08',
  },
} as const satisfies Readonly<Record<string, PriceSource>>;

const AWS_GUIDE = 'https://docs.aws.amazon.com/bedrock/latest/userguide';
const CLAUDE_MODELS = 'https://platform.claude.com/docs/en/models';
/** 64K, and 128K by a beta header; Bedrock has taken 131,071. */
const CLAUDE_3_7 = `${AWS_GUIDE}/claude-messages-extended-thinking.html`;
const DEEPSEEK = `${AWS_GUIDE}/model-parameters-deepseek.html`;
const LLAMA_4 = `${AWS_GUIDE}/model-cards-meta.html`;
const MISTRAL_3 = 'https://docs.mistral.ai/getting-started/models/models_overview/';
const NEMOTRON_3 = 'https://huggingface.co/collections/nvidia/nvidia-nemotron-v3';
const NOVA_2 = 'https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html';

export type SourceName = keyof typeof SOURCES;

/** Tokens a model takes and gives, where the rows say otherwise or too little. Null: nobody says. */
export interface BoundsFact {
  readonly contextTokens?: number | null;
  readonly outputTokensMax?: number;
  readonly url: string;
}

/**
 * A hard budget stands on these figures where a request sets no maximum, so a figure that is too low is worse than one
 * that is too high: where sources differ the highest counts.
 */
export const BOUNDS: ReadonlyMap<string, BoundsFact> = new Map<string, BoundsFact>([
  ['anthropic.claude-3-7-sonnet-20240620-v1:0', { outputTokensMax: 131_072, url: CLAUDE_3_7 }],
  ['anthropic.claude-3-7-sonnet-20250219-v1:0', { outputTokensMax: 131_072, url: CLAUDE_3_7 }],
  ['anthropic.claude-sonnet-4-6', { outputTokensMax: 128_000, url: `${CLAUDE_MODELS}/sonnet-4-6/overview` }],
  ['anthropic.claude-v2:1', { contextTokens: 200_000, url: 'https://www.anthropic.com/news/claude-2-1' }],
  // With much reasoning a request must not set a maximum, and the model gives up to 128K.
  ['amazon.nova-2-lite-v1:0', { outputTokensMax: 131_072, url: NOVA_2 }],
  ['amazon.nova-2-pro-preview-20251202-v1:0', { outputTokensMax: 131_072, url: NOVA_2 }],
  ['amazon.nova-2-multimodal-embeddings-v1:0', { contextTokens: 8192, url: NOVA_2 }],
  ['amazon.titan-embed-image-v1', { contextTokens: 256, url: `${AWS_GUIDE}/titan-multiemb-models.html` }],
  ['ai21.jamba-instruct-v1:0', { contextTokens: 262_144, url: `${AWS_GUIDE}/model-parameters-jamba.html` }],
  ['deepseek.r1-v1:0', { contextTokens: 163_840, outputTokensMax: 32_768, url: DEEPSEEK }],
  ['meta.llama4-maverick-17b-instruct-v1:0', { contextTokens: 1_048_576, outputTokensMax: 8192, url: LLAMA_4 }],
  ['meta.llama4-scout-17b-instruct-v1:0', { contextTokens: 10_485_760, outputTokensMax: 8192, url: LLAMA_4 }],
  ['minimax.minimax-m2', { contextTokens: 204_800, url: 'https://huggingface.co/MiniMaxAI/MiniMax-M2' }],
  ['minimax.minimax-m2.1', { contextTokens: 204_800, url: 'https://huggingface.co/MiniMaxAI/MiniMax-M2.1' }],
  ...[3, 8, 14].map(
    (size) => [`mistral.ministral-3-${size}b-instruct`, { contextTokens: 262_144, url: MISTRAL_3 }] as const,
  ),
  ['mistral.mistral-large-3-675b-instruct', { contextTokens: 262_144, url: MISTRAL_3 }],
  ['moonshot.kimi-k2-thinking', { contextTokens: 262_144, url: 'https://huggingface.co/moonshotai/Kimi-K2-Thinking' }],
  ['nvidia.nemotron-nano-3-30b', { contextTokens: 1_048_576, url: NEMOTRON_3 }],
  ['nvidia.nemotron-super-3-120b', { contextTokens: 1_048_576, url: NEMOTRON_3 }],
  [
    'qwen.qwen3-next-80b-a3b',
    { contextTokens: 262_144, url: 'https://huggingface.co/Qwen/Qwen3-Next-80B-A3B-Instruct' },
  ],
  [
    'qwen.qwen3-vl-235b-a22b',
    { contextTokens: 262_144, url: 'https://huggingface.co/Qwen/Qwen3-VL-235B-A22B-Instruct' },
  ],
  // The rows have the figures of an older Grok.
  ['xai.grok-4.3', { contextTokens: null, url: 'https://docs.x.ai/docs/models' }],
]);

/**
 * Models of whose rows the output maximum is taken over: that of Claude is documented in full by Anthropic, that of Nova by
 * AWS. Of others it contradicts itself and its sources (8,192 for a model that gives 131,072): they give at most what fits
 * into their context.
 */
export const OUTPUT_DOCUMENTED = /^(?:anthropic\.|claude-|amazon\.nova-(?:micro|lite|pro)-v1|openai\.gpt-5)/;

/** Whose figures are exact. Of others a thousand may be 1,024: `128K` is 131,072 for most of them. */
export const WRITTEN_IN_FULL = /^(?:anthropic\.|claude-)/;

/** Rows that are not taken over as they stand, by model and region, and why. */
export const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ['anthropic.claude-mythos-preview', 'a price of nothing: a preview whose price is not public'],
  ['eu.anthropic.claude-3-5-haiku-20241022-v1:0', 'it has the price of Claude 3 Haiku'],
  [
    'eu.anthropic.claude-opus-4-5-20251101-v1:0',
    'it has the price of global routing; the other geographies pay 1.1 times that',
  ],
  ['amazon.titan-embed-text-v2:0 us-gov-east-1', 'ten times the commercial price'],
  ['amazon.titan-embed-text-v2:0 us-gov-west-1', 'ten times the commercial price'],
  ['meta.llama3-8b-instruct-v1:0 us-gov-east-1', 'its output has the price of input to the 70B model'],
  ['meta.llama3-8b-instruct-v1:0 us-gov-west-1', 'its output has the price of input to the 70B model'],
  ['amazon.nova-canvas-v1:0', 'only one of four prices by size and quality'],
  ['us.amazon.nova-canvas-v1:0', 'only one of four prices by size and quality'],
  ['amazon.titan-image-generator-v1', 'only one of four prices by size and quality'],
  ['amazon.titan-image-generator-v2', 'only one of four prices by size and quality'],
  ['amazon.titan-image-generator-v2:0', 'only one of four prices by size and quality'],
]);

/** Rows whose figures AWS has lowered since: what its page said, in dollars for a million tokens. */
export const LOWERED: ReadonlyMap<string, { readonly input: string; readonly output: string }> = new Map([
  ['cohere.command-text-v14', { input: '1', output: '2' }],
  ['meta.llama3-1-70b-instruct-v1:0', { input: '0.72', output: '0.72' }],
  ['meta.llama3-1-405b-instruct-v1:0', { input: '2.4', output: '2.4' }],
  ['meta.llama3-2-11b-instruct-v1:0', { input: '0.16', output: '0.16' }],
  ['meta.llama3-2-90b-instruct-v1:0', { input: '0.72', output: '0.72' }],
]);

/**
 * The first long prices of models whose context ends at 200,000 tokens, so that no request can have them. (They are what
 * AWS asked for those models after their end of life.)
 */
export const WITHOUT_LONG_CONTEXT: ReadonlySet<string> = new Set([
  'anthropic.claude-3-5-sonnet-20240620-v1:0',
  'anthropic.claude-3-5-sonnet-20241022-v2:0',
]);

/** TwelveLabs charges for each text to embed; the rows have that as the price of a token. */
export const PRICED_BY_REQUEST = 'twelvelabs.marengo-embed-2-7-v1:0';

/** Nova reads from its cache for 75 % less and writes to it for nothing. Which models these are: */
export const NOVA_WITH_CACHE = /^amazon\.nova-(?:micro|lite|pro|premier|2-lite|2-pro)/;

/** A fact: a model's figures at a place. */
export type Fact = Pick<PriceEntry, 'usd'> &
  Partial<Pick<PriceEntry, 'scope' | 'place' | 'tier'>> & { readonly model: string; readonly source: SourceName };

const TITAN_IMAGES = {
  'outputImages/512x512/standard': '0.008',
  'outputImages/512x512/premium': '0.01',
  'outputImages/1024x1024/standard': '0.01',
  'outputImages/1024x1024/premium': '0.012',
  inputImages: '0',
};

const NOVA_REEL = { outputVideoSeconds: '0.08' };

export const FACTS: readonly Fact[] = [
  {
    model: 'guardrails',
    source: 'page2026',
    usd: {
      contentPolicyUnits: '0.00015',
      topicPolicyUnits: '0.00015',
      contentPolicyImageUnits: '0.00075',
      wordPolicyUnits: '0',
      sensitiveInformationPolicyUnits: '0.0001',
      sensitiveInformationPolicyFreeUnits: '0',
      contextualGroundingPolicyUnits: '0.0001',
      automatedReasoningPolicyUnits: '0.00017',
    },
  },
  {
    model: 'guardrails',
    source: 'list',
    usd: {
      'guardrailCheckTextUnits/contentFilter': '0.00007',
      'guardrailCheckTextUnits/promptAttack': '0.00008',
      'guardrailCheckTextUnits/sensitiveInformation': '0.0001',
    },
  },
  {
    model: 'amazon.nova-canvas-v1:0',
    source: 'page2026',
    usd: {
      'outputImages/1024x1024/standard': '0.04',
      'outputImages/1024x1024/premium': '0.06',
      'outputImages/2048x2048/standard': '0.06',
      'outputImages/2048x2048/premium': '0.08',
    },
  },
  { model: 'amazon.titan-image-generator-v1', source: 'page2026', usd: TITAN_IMAGES },
  { model: 'amazon.titan-image-generator-v2', source: 'page2026', usd: TITAN_IMAGES },
  { model: 'amazon.titan-image-generator-v2:0', source: 'page2026', usd: TITAN_IMAGES },
  { model: 'amazon.nova-reel-v1:0', source: 'page2026', usd: NOVA_REEL },
  { model: 'amazon.nova-reel-v1:1', source: 'page2026', usd: NOVA_REEL },
  {
    model: 'luma.ray-v2:0',
    source: 'list',
    place: 'us-west-2',
    usd: { 'outputVideoSeconds/540p': '0.75', 'outputVideoSeconds/720p': '1.5' },
  },
  {
    model: 'amazon.nova-sonic-v1:0',
    source: 'list',
    place: 'us-east-1',
    usd: {
      inputTokens: '0.00000006',
      outputTokens: '0.00000024',
      inputSpeechTokens: '0.0000034',
      outputSpeechTokens: '0.0000136',
    },
  },
  {
    model: 'amazon.nova-pro-v1:0',
    source: 'page2025',
    scope: 'geo',
    place: 'us',
    tier: 'latency-optimized',
    usd: { inputTokens: '0.000001', outputTokens: '0.000004' },
  },
  {
    model: 'meta.llama3-1-70b-instruct-v1:0',
    source: 'page2025',
    scope: 'geo',
    place: 'us',
    tier: 'latency-optimized',
    usd: { inputTokens: '0.0000009', outputTokens: '0.0000009' },
  },
  {
    model: 'meta.llama3-1-405b-instruct-v1:0',
    source: 'page2025',
    scope: 'geo',
    place: 'us',
    tier: 'latency-optimized',
    usd: { inputTokens: '0.000003', outputTokens: '0.000003' },
  },
];
