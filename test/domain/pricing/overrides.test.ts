import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PriceOverride } from '../../../src/domain/pricing/overrides.ts';
import { createPriceBook, withOverrides } from '../../../src/domain/pricing/price-book.ts';
import { priceUsage } from '../../../src/domain/pricing/price-usage.ts';
import { modelBounds } from '../../../src/domain/pricing/upper-bound.ts';
import type { Usage } from '../../../src/domain/usage/usage.ts';
import { packagedPrices } from '../../../src/prices/load-prices.ts';
import { line, usageOf } from './usages.ts';

const packaged = createPriceBook(packagedPrices());
const SONNET = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const IMPORTED = 'arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123def456';

const own = (given: Partial<PriceOverride> & { model: string }): PriceOverride => ({
  region: '*',
  usd: {},
  above200k: null,
  discountPercent: '0',
  contextTokens: null,
  outputTokensMax: null,
  ...given,
});

const costOf = (
  overrides: readonly PriceOverride[],
  usage: Usage,
  modelId: string | null,
  region = 'us-east-1',
): bigint | string => {
  const cost = priceUsage(usage, { modelId, region }, withOverrides(packaged, overrides));
  return cost.kind === 'known' ? cost.nanos : cost.missing;
};

describe('an operator’s own prices:', () => {
  test('a discount comes off every figure, exactly', () => {
    const overrides = [own({ model: 'anthropic.claude-*', discountPercent: '12.5' })];
    const usage = usageOf({ inputTokens: 1000, outputTokens: 100, cacheReadTokens: 100 });
    // (1,000 × 3,300 + 100 × 16,500 + 100 × 330) × 0.875
    assert.equal(costOf(overrides, usage, `us.${SONNET}`), 4_360_125n);
    // Beside a tier's factor: 3 × 3,300 × 1.75 × 0.875 = 15,159.375
    assert.equal(costOf(overrides, usageOf({ inputTokens: 3 }, { serviceTier: 'priority' }), `us.${SONNET}`), 15_159n);
  });

  test('a discount of everything leaves nothing, of nothing all', () => {
    const usage = usageOf({ inputTokens: 1000 });
    assert.equal(costOf([own({ model: '*', discountPercent: '100' })], usage, SONNET), 0n);
    assert.equal(costOf([own({ model: '*', discountPercent: '0' })], usage, SONNET), 3_300_000n);
  });

  test('a figure replaces the book’s, others stay', () => {
    const overrides = [own({ model: SONNET, usd: { inputTokens: '0.000002' } })];
    assert.equal(costOf(overrides, usageOf({ inputTokens: 10, outputTokens: 10 }), SONNET), 20_000n + 165_000n);
  });

  test('a figure is that of the standard tier, from which the others follow', () => {
    const overrides = [own({ model: SONNET, usd: { inputTokens: '0.000002' } })];
    assert.equal(costOf(overrides, usageOf({ inputTokens: 10 }, { serviceTier: 'flex' }), SONNET), 10_000n);
    assert.match(
      String(costOf(overrides, usageOf({ inputTokens: 10 }, { latencyOptimized: true }), SONNET)),
      /\(latency-optimized\)$/,
    );
  });

  test('a figure holds at any length, unless there is one for long requests', () => {
    const long = usageOf({ inputTokens: 300_000 });
    const usd = { inputTokens: '0.000002' };
    assert.equal(costOf([own({ model: SONNET, usd })], long, SONNET), 600_000_000n);
    const above200k = { inputTokens: '0.000003' };
    assert.equal(costOf([own({ model: SONNET, usd, above200k })], long, SONNET), 900_000_000n);
  });

  test('a figure for pictures is that for all sizes of them', () => {
    const overrides = [own({ model: 'amazon.nova-canvas-*', usd: { outputImages: '0.03' } })];
    const usage = usageOf({}, { lines: [line('outputImages', 2, '2048x2048/premium')] });
    assert.equal(costOf(overrides, usage, 'amazon.nova-canvas-v1:0'), 60_000_000n);
  });

  test('a model nobody lists has the price it is given, by its ARN', () => {
    const overrides = [own({ model: 'arn:aws:bedrock:*:imported-model/*', usd: { inputTokens: '0.0000005' } })];
    assert.equal(costOf(overrides, usageOf({ inputTokens: 10 }), IMPORTED), 5000n);
    assert.match(String(costOf(overrides, usageOf({ outputTokens: 10 }), IMPORTED)), /the price of outputTokens/);
    assert.match(
      String(costOf([own({ model: '*', discountPercent: '5' })], usageOf({ inputTokens: 1 }), IMPORTED)),
      /prices of/,
    );
  });

  test('a pattern is for the id as it is written and for the model behind its profile', () => {
    const usage = usageOf({ inputTokens: 1 });
    const half = (model: string, region = '*'): PriceOverride[] => [own({ model, region, discountPercent: '50' })];
    assert.equal(costOf(half('anthropic.*'), usage, `us.${SONNET}`), 1650n);
    assert.equal(costOf(half('us.anthropic.*'), usage, `us.${SONNET}`), 1650n);
    assert.equal(costOf(half('us.anthropic.*'), usage, SONNET), 3300n);
    assert.equal(costOf(half('*', 'eu-*'), usage, SONNET), 3300n);
    assert.equal(costOf(half('*', 'us-*'), usage, SONNET), 1650n);
  });

  test('the first entry that fits is the only one', () => {
    const overrides = [
      own({ model: 'anthropic.*', discountPercent: '10' }),
      own({ model: '*', discountPercent: '50' }),
    ];
    assert.equal(costOf(overrides, usageOf({ inputTokens: 1 }), SONNET), 2970n);
    assert.equal(costOf(overrides, usageOf({ inputTokens: 1 }), 'amazon.nova-pro-v1:0'), 400n);
  });

  test('guardrails and knowledge bases are priced under names of their own', () => {
    const usage = usageOf({ contentPolicyUnits: 1 });
    assert.equal(costOf([own({ model: 'guardrails', discountPercent: '50' })], usage, SONNET), 75_000n);
    const query = usageOf({ requests: 1 }, { source: 'request' });
    assert.equal(costOf([own({ model: 'knowledge-bases', usd: { requests: '0.002' } })], query, null), 2_000_000n);
  });

  test('bounds of a model are those the operator gives, the book’s where he gives none', () => {
    const book = withOverrides(packaged, [
      own({ model: IMPORTED, contextTokens: 32_768 }),
      own({ model: SONNET, outputTokensMax: 8192 }),
    ]);
    assert.deepEqual(modelBounds(IMPORTED, 'us-east-1', book), { contextTokens: 32_768, outputTokensMax: null });
    assert.deepEqual(modelBounds(SONNET, 'us-east-1', book), { contextTokens: 1_000_000, outputTokensMax: 8192 });
  });
});

describe('the version of a book', () => {
  test('is the same for the same figures, and another for any other', () => {
    const discount = [own({ model: '*', discountPercent: '10' })];
    assert.equal(createPriceBook(packagedPrices()).version, packaged.version);
    assert.match(packaged.version, /^\d{4}-\d{2}-\d{2}-[0-9a-f]{12}$/);
    assert.equal(withOverrides(packaged, []).version, packaged.version);
    assert.equal(withOverrides(packaged, discount).version, withOverrides(packaged, discount).version);
    const versions = [
      packaged,
      withOverrides(packaged, discount),
      withOverrides(packaged, [own({ model: '*', discountPercent: '11' })]),
    ];
    assert.equal(new Set(versions.map(({ version }) => version)).size, 3);
  });
});
