import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createPriceBook } from '../../../src/domain/pricing/price-book.ts';
import { priceUsage } from '../../../src/domain/pricing/price-usage.ts';
import { upperBoundNanos, type TokensAtMost } from '../../../src/domain/pricing/upper-bound.ts';
import type { Usage } from '../../../src/domain/usage/usage.ts';
import { packagedPrices } from '../../../src/prices/load-prices.ts';
import { usageOf } from './usages.ts';

const book = createPriceBook(packagedPrices());
const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

interface Bound {
  readonly name: string;
  readonly modelId: string;
  readonly most: TokensAtMost;
  readonly nanos: bigint | null;
}

const BOUNDS: readonly Bound[] = [
  {
    name: 'input at the price of writing it to the cache for an hour',
    modelId: SONNET,
    most: { inputTokens: 1000, outputTokens: 100 },
    // 1,000 × 6,600 + 100 × 16,500
    nanos: 6_600_000n + 1_650_000n,
  },
  {
    name: 'of a request that writes to no cache',
    modelId: SONNET,
    most: { inputTokens: 1000, outputTokens: 100, cacheWrites: 'none' },
    nanos: 3_300_000n + 1_650_000n,
  },
  {
    name: 'of a request that writes for five minutes',
    modelId: SONNET,
    most: { inputTokens: 1000, outputTokens: 0, cacheWrites: '5m' },
    nanos: 4_125_000n,
  },
  {
    name: 'above 200,000 tokens at the higher rates',
    modelId: SONNET,
    most: { inputTokens: 200_001, outputTokens: 0, cacheWrites: 'none' },
    nanos: 200_001n * 6600n,
  },
  {
    name: 'of the priority tier as asked',
    modelId: 'amazon.nova-pro-v1:0',
    most: { inputTokens: 1000, outputTokens: 1000, serviceTier: 'priority' },
    nanos: 1_400_000n + 5_600_000n,
  },
  {
    name: 'of flex that of the standard tier, which may serve it',
    modelId: 'amazon.nova-pro-v1:0',
    most: { inputTokens: 1000, outputTokens: 1000, serviceTier: 'flex' },
    nanos: 800_000n + 3_200_000n,
  },
  {
    name: 'of latency-optimised inference',
    modelId: 'us.amazon.nova-pro-v1:0',
    most: { inputTokens: 1000, outputTokens: 1000, latencyOptimized: true },
    nanos: 1_000_000n + 4_000_000n,
  },
  {
    name: 'rounded up to the next nano-dollar',
    modelId: 'amazon.nova-2-pro-preview-20251202-v1:0',
    most: { inputTokens: 1, outputTokens: 0 },
    nanos: 2188n,
  },
  {
    name: 'of speech, the dearest of its kinds of tokens',
    modelId: 'amazon.nova-sonic-v1:0',
    most: { inputTokens: 10, outputTokens: 10 },
    nanos: 34_000n + 136_000n,
  },
  {
    name: 'of a global profile without a price, that of the region',
    modelId: 'global.cohere.embed-v4:0',
    most: { inputTokens: 1000, outputTokens: 0 },
    nanos: 120_000n,
  },
  {
    name: 'of a model without a price',
    modelId: 'acme.wonder-v1:0',
    most: { inputTokens: 1, outputTokens: 1 },
    nanos: null,
  },
  {
    name: 'of a model without a price for tokens',
    modelId: 'stability.stable-image-core-v1:1',
    most: { inputTokens: 1, outputTokens: 0 },
    nanos: null,
  },
  {
    name: 'of a number that is none',
    modelId: SONNET,
    most: { inputTokens: Number.POSITIVE_INFINITY, outputTokens: 1 },
    nanos: null,
  },
];

describe('the most a request can cost:', () => {
  for (const { name, modelId, most, nanos } of BOUNDS) {
    test(`${name}: ${nanos ?? 'unknown'}`, () => {
      assert.equal(upperBoundNanos(modelId, 'us-east-1', most, book), nanos);
    });
  }

  test('no usage within the bounds of a request ever costs more', () => {
    const models = [...packagedPrices().models.keys()];
    const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1', 'us-gov-west-1'];
    const shares = fc.array(fc.nat(100_000), { minLength: 4, maxLength: 4 });
    let bounded = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('', 'us.', 'eu.', 'global.'),
        fc.constantFrom(...models),
        fc.constantFrom(...regions),
        shares,
        fc.nat(100_000),
        fc.constantFrom<Usage['serviceTier'][]>(null, 'flex', 'priority'),
        (prefix, id, region, [input = 0, read = 0, write5m = 0, write1h = 0], outputTokens, serviceTier) => {
          const modelId = prefix + id;
          const used = {
            inputTokens: input,
            cacheReadTokens: read,
            cacheWrite5mTokens: write5m,
            cacheWrite1hTokens: write1h,
          };
          const usage = usageOf({ ...used, outputTokens }, { serviceTier });
          const cost = priceUsage(usage, { modelId, region }, book);
          const most = { inputTokens: input + read + write5m + write1h, outputTokens, serviceTier };
          const bound = upperBoundNanos(modelId, region, most, book);
          if (cost.kind === 'unknown') return;
          bounded += 1;
          assert.ok(bound !== null && cost.nanos <= bound, `${modelId} in ${region}`);
        },
      ),
      { numRuns: 1000 },
    );
    assert.ok(bounded > 20, `only ${bounded} of the random usages had a price`);
  });
});
