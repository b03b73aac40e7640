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

export type SourceName = keyof typeof SOURCES;

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
