import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createPriceBook } from '../../../src/domain/pricing/price-book.ts';
import { exactCost, priceUsage, type PriceContext } from '../../../src/domain/pricing/price-usage.ts';
import type { Usage } from '../../../src/domain/usage/usage.ts';
import { packagedPrices } from '../../../src/prices/load-prices.ts';
import { line, usageOf } from './usages.ts';

const book = createPriceBook(packagedPrices());

const SONNET_45 = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const HAIKU_45 = 'anthropic.claude-haiku-4-5-20251001-v1:0';
const us = (modelId: string): PriceContext => ({ modelId, region: 'us-east-1' });

interface Worked {
  readonly name: string;
  readonly usage: Usage;
  readonly context: PriceContext;
  /** Nano-dollars, worked by hand in the comment beside it. */
  readonly nanos: bigint;
}

const WORKED: readonly Worked[] = [
  {
    name: 'input and output of a geographic profile',
    usage: usageOf({ inputTokens: 1000, outputTokens: 500 }),
    context: us(`us.${SONNET_45}`),
    // 1,000 × 3,300 + 500 × 16,500
    nanos: 3_300_000n + 8_250_000n,
  },
  {
    name: 'global routing, a tenth less',
    usage: usageOf({ inputTokens: 1000, outputTokens: 500 }),
    context: us(`global.${SONNET_45}`),
    // 1,000 × 3,000 + 500 × 15,000
    nanos: 3_000_000n + 7_500_000n,
  },
  {
    name: 'in one region, which costs what the geography does',
    usage: usageOf({ inputTokens: 1000, outputTokens: 500 }),
    context: us(SONNET_45),
    nanos: 3_300_000n + 8_250_000n,
  },
  {
    name: 'caches, each kind at its own rate: writes for an hour cost more than those for five minutes',
    usage: usageOf({
      inputTokens: 10,
      outputTokens: 20,
      cacheReadTokens: 10_000,
      cacheWrite5mTokens: 1000,
      cacheWrite1hTokens: 1000,
    }),
    context: us(`global.${HAIKU_45}`),
    // 10 × 1,000 + 20 × 5,000 + 10,000 × 100 + 1,000 × 1,250 + 1,000 × 2,000
    nanos: 10_000n + 100_000n + 1_000_000n + 1_250_000n + 2_000_000n,
  },
  {
    name: 'exactly 200,000 input tokens, cached ones included',
    usage: usageOf({ inputTokens: 100_000, cacheReadTokens: 100_000, outputTokens: 1000 }),
    context: us(`us.${SONNET_45}`),
    // 100,000 × 3,300 + 100,000 × 330 + 1,000 × 16,500
    nanos: 330_000_000n + 33_000_000n + 16_500_000n,
  },
  {
    name: 'one input token more: the whole request at the higher rates',
    usage: usageOf({ inputTokens: 100_001, cacheReadTokens: 100_000, outputTokens: 1000 }),
    context: us(`us.${SONNET_45}`),
    // 100,001 × 6,600 + 100,000 × 660 + 1,000 × 24,750
    nanos: 660_006_600n + 66_000_000n + 24_750_000n,
  },
  {
    name: 'a million tokens of a model whose price does not depend on length',
    usage: usageOf({ inputTokens: 900_000, outputTokens: 1 }),
    context: us('global.anthropic.claude-sonnet-4-6'),
    // 900,000 × 3,000 + 15,000
    nanos: 2_700_000_000n + 15_000n,
  },
  {
    name: 'a rate of less than a nano-dollar: rounded once, at the end',
    usage: usageOf({ inputTokens: 3, outputTokens: 1 }),
    context: us('us.amazon.nova-micro-v1:0'),
    // 3 × 35 + 140
    nanos: 245n,
  },
  {
    name: 'fractions of a nano-dollar add up before they are rounded',
    usage: usageOf({ inputTokens: 1, outputTokens: 1, cacheReadTokens: 1 }),
    context: us('amazon.nova-2-pro-preview-20251202-v1:0'),
    // 2,187.5 + 17,500 + 546.875 = 20,234.375
    nanos: 20_234n,
  },
  {
    name: 'half a nano-dollar is rounded up',
    usage: usageOf({ inputTokens: 1 }),
    context: us('amazon.nova-2-pro-preview-20251202-v1:0'),
    // 2,187.5
    nanos: 2188n,
  },
  {
    name: 'flex at half the standard price',
    usage: usageOf({ inputTokens: 1000, outputTokens: 1000 }, { serviceTier: 'flex' }),
    context: us('amazon.nova-pro-v1:0'),
    // 1,000 × 400 + 1,000 × 1,600
    nanos: 400_000n + 1_600_000n,
  },
  {
    name: 'priority at three quarters more',
    usage: usageOf({ inputTokens: 1000, outputTokens: 1000 }, { serviceTier: 'priority' }),
    context: us('qwen.qwen3-32b-v1:0'),
    // 1,000 × 262.5 + 1,000 × 1,050, as AWS lists it
    nanos: 262_500n + 1_050_000n,
  },
  {
    name: 'batch prices of their own before half the standard one',
    usage: usageOf({ inputTokens: 1000, outputTokens: 1000 }, { serviceTier: 'batch' }),
    context: us('us.meta.llama4-maverick-17b-instruct-v1:0'),
    // 1,000 × 120 + 1,000 × 485
    nanos: 120_000n + 485_000n,
  },
  {
    name: 'latency-optimised inference',
    usage: usageOf({ inputTokens: 1000, outputTokens: 1000 }, { latencyOptimized: true }),
    context: us('us.amazon.nova-pro-v1:0'),
    // 1,000 × 1,000 + 1,000 × 4,000
    nanos: 1_000_000n + 4_000_000n,
  },
  {
    name: 'tokens from reserved capacity, which is paid for by the month',
    usage: usageOf({ inputTokens: 1000, outputTokens: 1000 }, { serviceTier: 'reserved' }),
    context: us(`us.${SONNET_45}`),
    nanos: 0n,
  },
  {
    name: 'writing to the cache of Nova, which AWS gives away',
    usage: usageOf({ cacheWrite5mTokens: 5000, cacheReadTokens: 4000 }),
    context: { modelId: 'eu.amazon.nova-lite-v1:0', region: 'eu-west-1' },
    // 4,000 × 19.5
    nanos: 78_000n,
  },
  {
    name: 'guardrail units beside the tokens of a model',
    usage: usageOf({
      inputTokens: 100,
      contentPolicyUnits: 2,
      topicPolicyUnits: 2,
      wordPolicyUnits: 2,
      sensitiveInformationPolicyUnits: 1,
      contextualGroundingPolicyUnits: 1,
    }),
    context: us('amazon.nova-lite-v1:0'),
    // 100 × 60 + 2 × 150,000 + 2 × 150,000 + 0 + 100,000 + 100,000
    nanos: 6000n + 300_000n + 300_000n + 100_000n + 100_000n,
  },
  {
    name: 'guardrail units of a request in the flex tier, which tiers say nothing about',
    usage: usageOf({ inputTokens: 100, contentPolicyUnits: 1 }, { serviceTier: 'flex' }),
    context: us('amazon.nova-lite-v1:0'),
    // 100 × 30 + 150,000
    nanos: 153_000n,
  },
  {
    name: 'guardrail checks, each at its price',
    usage: usageOf(
      {},
      {
        lines: [
          line('guardrailCheckTextUnits', 10, 'contentFilter'),
          line('guardrailCheckTextUnits', 10, 'promptAttack'),
          line('guardrailCheckTextUnits', 10, 'sensitiveInformation'),
        ],
      },
    ),
    context: { modelId: null, region: 'eu-west-1' },
    // 10 × 70,000 + 10 × 80,000 + 10 × 100,000
    nanos: 700_000n + 800_000n + 1_000_000n,
  },
  {
    name: 'queries of a reranker',
    usage: usageOf({ searchQueries: 3 }),
    context: us('cohere.rerank-v3-5:0'),
    nanos: 6_000_000n,
  },
  {
    name: 'seconds of video with three decimals',
    usage: usageOf({ inputVideoSeconds: 1.234, outputTokens: 100 }),
    context: us('us.twelvelabs.pegasus-1-2-v1:0'),
    // 1.234 × 490,000 + 100 × 7,500
    nanos: 604_660n + 750_000n,
  },
  {
    name: 'speech beside text',
    usage: usageOf({ inputSpeechTokens: 100, outputSpeechTokens: 10, inputTokens: 50 }),
    context: us('amazon.nova-sonic-v1:0'),
    // 100 × 3,400 + 10 × 13,600 + 50 × 60
    nanos: 340_000n + 136_000n + 3000n,
  },
  {
    name: 'a model that a router chose, each line by its own',
    usage: usageOf(
      {},
      {
        lines: [
          line(
            'inputTokens',
            1000,
            null,
            'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0',
          ),
          line('outputTokens', 100, null, `us.${HAIKU_45}`),
        ],
      },
    ),
    context: us('arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/anthropic.claude:1'),
    // 1,000 × 60 + 100 × 5,500
    nanos: 60_000n + 550_000n,
  },
  {
    name: 'what was free',
    usage: usageOf({}, { source: 'free' }),
    context: { modelId: null, region: 'us-east-1' },
    nanos: 0n,
  },
];

describe('the cost of a usage, to the nano-dollar:', () => {
  for (const { name, usage, context, nanos } of WORKED) {
    test(name, () => assert.deepEqual(priceUsage(usage, context, book), { kind: 'known', nanos }));
  }
});

const SIZED: readonly (readonly [model: string, variant: string | null, nanos: bigint | null])[] = [
  ['amazon.nova-canvas-v1:0', '1024x1024/standard', 40_000_000n],
  ['amazon.nova-canvas-v1:0', '1024x1024/premium', 60_000_000n],
  ['amazon.nova-canvas-v1:0', '640x480/standard', 40_000_000n],
  ['amazon.nova-canvas-v1:0', '1280x720/standard', 60_000_000n],
  ['amazon.nova-canvas-v1:0', '2048x2048/premium', 80_000_000n],
  ['amazon.nova-canvas-v1:0', '4096x4096/standard', null],
  ['amazon.nova-canvas-v1:0', '1024x1024/excellent', null],
  ['amazon.nova-canvas-v1:0', null, null],
  ['amazon.titan-image-generator-v2:0', '512x512/premium', 10_000_000n],
  ['stability.stable-diffusion-xl-v0', '512x512/premium', 36_000_000n],
  // One price whatever is asked.
  ['stability.stable-image-core-v1:1', null, 40_000_000n],
  ['stability.stable-image-core-v1:1', '1024x1024/standard', 40_000_000n],
];

describe('the cost of a picture:', () => {
  for (const [modelId, variant, nanos] of SIZED) {
    test(`${modelId}, ${variant ?? 'size unknown'}: ${nanos === null ? 'unknown' : `${nanos} nano-dollars`}`, () => {
      const cost = priceUsage(usageOf({}, { lines: [line('outputImages', 1, variant)] }), us(modelId), book);
      assert.equal(cost.kind === 'known' ? cost.nanos : null, nanos);
    });
  }
});

test('the cost of a film is that of its lines, and what has one price only has it at any size', () => {
  const seconds = (modelId: string, variant: string, region: string): unknown =>
    priceUsage(usageOf({}, { lines: [line('outputVideoSeconds', 5, variant)] }), { modelId, region }, book);
  assert.deepEqual(seconds('luma.ray-v2:0', '720p', 'us-west-2'), { kind: 'known', nanos: 7_500_000_000n });
  assert.deepEqual(seconds('luma.ray-v2:0', '960x540', 'us-west-2'), { kind: 'known', nanos: 3_750_000_000n });
  assert.deepEqual(seconds('amazon.nova-reel-v1:1', '1280x720', 'us-east-1'), { kind: 'known', nanos: 400_000_000n });
});

interface Missing {
  readonly name: string;
  readonly usage: Usage;
  readonly context: PriceContext;
  readonly says: RegExp;
}

const MISSING: readonly Missing[] = [
  {
    name: 'a model nobody has a price for',
    usage: usageOf({ inputTokens: 1 }),
    context: us('acme.wonder-v1:0'),
    says: /^prices of acme\.wonder-v1:0 in us-east-1$/,
  },
  {
    name: 'a kind of tokens the model has no price for, beside others it has',
    usage: usageOf({ inputTokens: 1000, cacheWrite1hTokens: 1 }),
    context: us('anthropic.claude-3-haiku-20240307-v1:0'),
    says: /^the price of cacheWrite1hTokens of anthropic\.claude-3-haiku/,
  },
  {
    name: 'usage that nobody told',
    usage: usageOf({}, { source: 'unknown' }),
    context: us(SONNET_45),
    says: /^what was used$/,
  },
  {
    name: 'usage of an answer that was cut',
    usage: usageOf({ inputTokens: 1000 }, { complete: false }),
    context: us(SONNET_45),
    says: /^what was used after the answer was cut$/,
  },
  {
    name: 'tokens without a model',
    usage: usageOf({ inputTokens: 1 }),
    context: { modelId: null, region: 'us-east-1' },
    says: /^the model of inputTokens$/,
  },
  {
    name: 'a region of another partition than the prices are for',
    usage: usageOf({ inputTokens: 1 }),
    context: { modelId: 'cohere.command-r-v1:0', region: 'us-gov-west-1' },
    says: /^prices of cohere/,
  },
  {
    name: 'a global profile whose price is not listed',
    usage: usageOf({ inputTokens: 1 }),
    context: us('global.cohere.embed-v4:0'),
    says: /^prices of global\.cohere/,
  },
  {
    name: 'latency-optimised inference of a model that lists no price for it',
    usage: usageOf({ inputTokens: 1 }, { latencyOptimized: true }),
    context: us('amazon.nova-lite-v1:0'),
    says: /\(latency-optimized\)$/,
  },
  {
    name: 'pictures in a tier whose factor is said of tokens only',
    usage: usageOf({}, { lines: [line('outputImages', 1)], serviceTier: 'flex' }),
    context: us('stability.stable-image-core-v1:1'),
    says: /^the price of outputImages .*\(flex\)$/,
  },
  {
    name: 'a quantity that is none',
    usage: usageOf({ inputTokens: Number.NaN }),
    context: us(SONNET_45),
    says: /^a quantity of inputTokens$/,
  },
  {
    name: 'a query to a knowledge base',
    usage: usageOf({ requests: 1 }, { source: 'request' }),
    context: { modelId: null, region: 'us-east-1' },
    says: /^prices of knowledge-bases in us-east-1$/,
  },
];

describe('unknown, not zero:', () => {
  for (const { name, usage, context, says } of MISSING) {
    test(name, () => {
      const cost = priceUsage(usage, context, book);
      assert.equal(cost.kind, 'unknown');
      assert.match(cost.kind === 'unknown' ? cost.missing : '', says);
    });
  }
});

test('what was not used needs no price', () => {
  const usage = usageOf({ inputTokens: 10, cacheWrite1hTokens: 0 });
  assert.deepEqual(priceUsage(usage, us('anthropic.claude-3-haiku-20240307-v1:0'), book), {
    kind: 'known',
    nanos: 2500n,
  });
});

test('what a cut answer has cost so far can be told all the same', () => {
  const usage = usageOf({ inputTokens: 1000 }, { complete: false });
  const cost = exactCost(usage, us(`us.${SONNET_45}`), book);
  assert.equal(cost.kind === 'known' ? cost.amount : null, 3_300_000n * 10n ** 18n);
});

describe('pricing is exact:', () => {
  const models = [...packagedPrices().models.keys()].filter((id) => id !== 'guardrails');
  const tokens = fc.record({
    inputTokens: fc.nat(60_000),
    outputTokens: fc.nat(1_000_000),
    cacheReadTokens: fc.nat(60_000),
    cacheWrite5mTokens: fc.nat(60_000),
  });
  const tiers = fc.constantFrom<Usage['serviceTier'][]>(null, 'flex', 'priority', 'batch');

  test('two usages together cost the sum of both', () => {
    let priced = 0;
    fc.assert(
      fc.property(fc.constantFrom(...models), tokens, tokens, tiers, (modelId, a, b, serviceTier) => {
        const both = usageOf({}, { lines: [...usageOf(a).lines, ...usageOf(b).lines], serviceTier });
        const [first, second, together] = [usageOf(a, { serviceTier }), usageOf(b, { serviceTier }), both].map(
          (usage) => exactCost(usage, us(modelId), book),
        );
        if (first?.kind !== 'known' || second?.kind !== 'known') return;
        // Together they may be a long request, which has rates of its own.
        const input = [a, b].flatMap(({ inputTokens, cacheReadTokens, cacheWrite5mTokens }) => [
          inputTokens,
          cacheReadTokens,
          cacheWrite5mTokens,
        ]);
        if (input.reduce((sum, part) => sum + part, 0) > 200_000) return;
        priced += 1;
        assert.equal(together?.kind === 'known' ? together.amount : null, first.amount + second.amount);
      }),
      { numRuns: 500 },
    );
    assert.ok(priced > 20, `only ${priced} of the random usages had a price`);
  });

  test('a cost is never more than half a nano-dollar from the exact one, nor from that of its lines put otherwise', () => {
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 7 }), (used, pieces) => {
        const context = us('amazon.nova-2-pro-preview-20251202-v1:0');
        const whole = usageOf({ inputTokens: used.inputTokens * pieces, outputTokens: used.outputTokens * pieces });
        const split = usageOf(
          {},
          {
            lines: Array.from({ length: pieces }, () => [
              line('inputTokens', used.inputTokens),
              line('outputTokens', used.outputTokens),
            ]).flat(),
          },
        );
        const cost = priceUsage(whole, context, book);
        assert.deepEqual(priceUsage(split, context, book), cost);
        // 2,187.5 and 17,500 nano-dollars a token, in halves.
        const halves = BigInt(used.inputTokens * pieces) * 4375n + BigInt(used.outputTokens * pieces) * 35_000n;
        assert.equal(cost.kind === 'known' ? cost.nanos : null, (halves + 1n) / 2n);
      }),
    );
  });
});
