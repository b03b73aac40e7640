import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { bookOfOffers, type ReadOffers } from '../../../../src/domain/pricing/offers/book-of-offers.ts';
import { readOfferFile } from '../../../../src/domain/pricing/offers/offer-file.ts';
import { readUsageType } from '../../../../src/domain/pricing/offers/usage-type.ts';
import { createPriceBook, overlayContent } from '../../../../src/domain/pricing/price-book.ts';
import { priceUsage } from '../../../../src/domain/pricing/price-usage.ts';
import { readBook } from '../../../../src/domain/pricing/read-book.ts';
import { writeBook } from '../../../../src/domain/pricing/write-book.ts';
import { packagedPrices } from '../../../../src/prices/load-prices.ts';
import { usageOf } from '../usages.ts';
import { marketplace, native, offerFile, type ListedPrice } from './offer-lists.ts';

const packaged = packagedPrices();

function read(...listed: readonly ListedPrice[]): ReadOffers {
  const file = readOfferFile(offerFile('AmazonBedrock', listed));
  assert.ok(file !== null);
  return bookOfOffers([file], packaged.models.keys());
}

/** Model, place, tier, figure and dollars of everything that was taken. */
function taken(...listed: readonly ListedPrice[]): string[] {
  return [...read(...listed).content.models].flatMap(([id, { entries }]) =>
    entries.flatMap(({ scope, place, tier, endpoint, usd, above200k }) =>
      [usd, above200k ?? {}].flatMap((figures, index) =>
        Object.entries(figures).map(([name, figure]) =>
          [
            id,
            scope,
            place,
            tier,
            ...(endpoint === 'runtime' ? [] : [endpoint]),
            name,
            ...(index === 0 ? [] : ['long']),
            figure,
          ].join(' '),
        ),
      ),
    ),
  );
}

const TOKENS = 'Input tokens';
const PRO = 'amazon.nova-pro-v1:0';
const SONNET_45 = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const SONNET_45_LISTED = 'claude-sonnet-4-5-20250929-v1:0';

const READ: readonly (readonly [what: string, listed: ListedPrice, taken: readonly string[]])[] = [
  [
    'input of a model that is named by words',
    native('USE1-NovaPro-input-tokens', 'Nova Pro', '0.0008000000', { attributes: { inferenceType: TOKENS } }),
    [`${PRO} in-region us-east-1 standard inputTokens 0.0000008`],
  ],
  [
    'a tier at the end of the usage type',
    native('USE1-NovaPro-input-tokens-flex', 'Nova Pro', '0.0004', {
      attributes: { inferenceType: 'Input tokens flex' },
    }),
    [`${PRO} in-region us-east-1 flex inputTokens 0.0000004`],
  ],
  [
    'a tier that only the feature tells',
    native('USE1-NovaPro-output-tokens', 'Nova Pro', '0.0016', { attributes: { feature: 'BatchInference' } }),
    [`${PRO} in-region us-east-1 batch outputTokens 0.0000016`],
  ],
  [
    'a tier that only an attribute tells',
    native('USE1-NovaPro-output-tokens', 'Nova Pro', '0.0056', { attributes: { service_tier: 'Priority' } }),
    [`${PRO} in-region us-east-1 priority outputTokens 0.0000056`],
  ],
  [
    'latency-optimised inference, which is a name',
    native('USE1-NovaPro-LatencyOptimized-input-tokens', 'Nova Pro Latency Optimized', '0.001'),
    [`${PRO} in-region us-east-1 latency-optimized inputTokens 0.000001`],
  ],
  [
    'global routing',
    native('USE1-Nova2.0Lite-input-tokens-cross-region-global-batch', 'Nova 2.0 Lite', '0.00015'),
    ['amazon.nova-2-lite-v1:0 global us-east-1 batch inputTokens 0.00000015'],
  ],
  [
    'a cache',
    native('EUW1-NovaLite-cache-read-input-token-count', 'Nova Lite', '0.0000195', {
      attributes: { regionCode: 'eu-west-1', featuretype: 'Prompt cache read' },
    }),
    ['amazon.nova-lite-v1:0 in-region eu-west-1 standard cacheReadTokens 0.0000000195'],
  ],
  [
    'writing to a cache for nothing',
    native('USE1-NovaLite-cache-write-input-token-count', 'Nova Lite', '0.0000000000'),
    ['amazon.nova-lite-v1:0 in-region us-east-1 standard cacheWrite5mTokens 0'],
  ],
  [
    'a model that the usage type names by its id, at the other endpoint',
    native('USE1-zai.glm-5-mantle-cache-read-tokens-standard', 'GLM 5', '0.0001', {
      attributes: { service_tier: 'standard', feature: '' },
    }),
    ['zai.glm-5 in-region us-east-1 standard mantle cacheReadTokens 0.0000001'],
  ],
  [
    'an id without its version',
    native('USE1-qwen.qwen3-32b-mantle-input-tokens-priority', 'Qwen3 32B', '0.0002625', {
      attributes: { feature: '' },
    }),
    ['qwen.qwen3-32b-v1:0 in-region us-east-1 priority mantle inputTokens 0.0000002625'],
  ],
  [
    'a model nobody knew, by its id',
    native('USE1-moonshotai.kimi-k3-mantle-input-tokens-global-standard', 'Kimi K3', '0.001', {
      attributes: { feature: '' },
    }),
    ['moonshotai.kimi-k3 global us-east-1 standard mantle inputTokens 0.000001'],
  ],
  [
    'millions sold through AWS Marketplace',
    marketplace('USE1-MP:USE1_InputTokenCount-Units', 'Claude Sonnet 4.5', '3.3000000000'),
    [SONNET_45, SONNET_45_LISTED].map((id) => `${id} in-region us-east-1 standard inputTokens 0.0000033`),
  ],
  [
    'the same in the unit of today',
    marketplace('USE1-MP:USE1_OutputTokenCount_Geo-Units', 'Claude Sonnet 4.6', '16.5', {
      unit: '1M tokens',
      description: '',
    }),
    ['anthropic.claude-sonnet-4-6 geo us-east-1 standard outputTokens 0.0000165'],
  ],
  [
    'writing to a cache for an hour',
    marketplace('USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units', 'Claude Haiku 4.5', '2'),
    ['anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic.claude-haiku-4-5@20251001'].map(
      (id) => `${id} global us-east-1 standard cacheWrite1hTokens 0.000002`,
    ),
  ],
  [
    'the price of long requests',
    marketplace('USE1-MP:USE1_input_tokens_long_ctx_global_standard-Units', 'Claude Sonnet 4.5', '6'),
    [SONNET_45, SONNET_45_LISTED].map((id) => `${id} global us-east-1 standard inputTokens long 0.000006`),
  ],
  [
    'a model nobody knew, by its name',
    marketplace('USE1-MP:USE1_input_tokens_standard-Units', 'Claude Opus 5.5', '4.4'),
    ['*.claudeopus55 in-region us-east-1 standard inputTokens 0.0000044'],
  ],
  [
    'names in the order of other years',
    marketplace('USE1-MP:USE1_InputTokenCount-Units', 'Claude 3.5 Sonnet v2', '3'),
    ['anthropic.claude-3-5-sonnet-20241022-v2:0 in-region us-east-1 standard inputTokens 0.000003'],
  ],
  [
    'queries of a reranker',
    marketplace('USE1-MP:USE1_search_units-Units', 'Rerank v3.5', '0.002', { description: 'Search units' }),
    ['cohere.rerank-v3-5:0 in-region us-east-1 standard searchQueries 0.002'],
  ],
  [
    'pictures by size and quality',
    native('USE1-NovaCanvas-T2I-1024-Premium', 'Amazon Nova Canvas', '0.06', {
      unit: 'Images',
      attributes: { inferenceType: 'T2I 1024 Premium' },
    }),
    ['amazon.nova-canvas-v1:0 in-region us-east-1 standard outputImages/1024x1024/premium 0.06'],
  ],
  [
    'pictures of Titan, whose name is elsewhere',
    native('USE1-TitanImageGeneratorG1-T2I-512-Standard', '', '0.008', {
      unit: 'Images',
      attributes: { titanModel: 'Titan Image Generator G1' },
    }),
    ['amazon.titan-image-generator-v1 in-region us-east-1 standard outputImages/512x512/standard 0.008'],
  ],
  [
    'seconds of video by its lines',
    native('USW2-Ray-V2-Medfps-HDRes', 'Ray v2', '1.5', {
      unit: 'Second',
      attributes: { regionCode: 'us-west-2', inferenceType: 'Video' },
    }),
    ['luma.ray-v2:0 in-region us-west-2 standard outputVideoSeconds/720p 1.5'],
  ],
  [
    'texts to embed',
    marketplace('USE1-MP:USE1_inputTextRequestCount-Units', 'Marengo Embed 2.7', '0.00007', {
      description: 'Requests',
    }),
    ['twelvelabs.marengo-embed-2-7-v1:0 in-region us-east-1 standard requests 0.00007'],
  ],
  [
    'units of guardrails',
    native('USE1-Guardrail-SensitiveInformationPolicyPaidUnitsConsumed', '', '0.0001', {
      unit: 'TextUnits',
      attributes: { feature: 'Guardrail' },
    }),
    ['guardrails in-region us-east-1 standard sensitiveInformationPolicyUnits 0.0001'],
  ],
  [
    'units of guardrail checks',
    native('USE1-GuardrailChecks-PromptAttackCheckUnitsConsumed', '', '0.00008', { unit: 'TextUnits' }),
    ['guardrails in-region us-east-1 standard guardrailCheckTextUnits/promptAttack 0.00008'],
  ],
  [
    'the first band of a price that falls with volume',
    native('USE1-NovaPro-input-tokens', 'Nova Pro', '', { bands: { '1000': '0.0001', '0': '0.0008' } }),
    [`${PRO} in-region us-east-1 standard inputTokens 0.0000008`],
  ],
];

describe('from AWS’s price lists is taken', () => {
  for (const [what, listed, expected] of READ) {
    test(what, () => assert.deepEqual(taken(listed), expected));
  }
});

const LEFT_OUT: readonly (readonly [what: string, listed: ListedPrice, why: string])[] = [
  [
    'a fine-tuned copy',
    native('USE1-NovaMicro-Model-Customization-input-tokens', 'Nova Micro', '0.001', {
      attributes: { feature: 'Model Customization' },
    }),
    'another product',
  ],
  [
    'a fine-tuned copy without a feature',
    native('USE1-NovaMicro-custom-model-input-tokens', 'Nova Micro', '0.001', { attributes: { feature: '' } }),
    'unknown quantity',
  ],
  [
    'capacity bought ahead',
    native(
      'EU-Claude4.5Sonnet-reserved-1-month-input-tokens-per-minute-cross-region-global',
      'Claude Sonnet 4.5',
      '1.5',
      { attributes: { feature: 'Reserved - 1 Month' } },
    ),
    'another product',
  ],
  [
    'model units',
    marketplace('USE1-MP:USE1_ProvisionedThroughput_NoCommit_ModelUnits_Usage', 'Claude Instant', '44'),
    'unknown quantity',
  ],
  [
    'a cache of half an hour',
    native('USE1-moonshotai.kimi-k3-mantle-cache-write-tokens-30m-standard', 'Kimi K3', '9.99', {
      attributes: { feature: '' },
    }),
    'unknown quantity',
  ],
  ['a tier of tomorrow', native('USE1-NovaPro-input-tokens-express', 'Nova Pro', '0.01'), 'unknown quantity'],
  [
    'a modality of its own',
    native('USE1-Nova2.0Omni-input-audio-token-count', 'Nova 2.0 Omni', '0.001'),
    'unknown quantity',
  ],
  [
    'batches of AWS Marketplace under a name of their own',
    marketplace('USE1-MP:USE1_MillionBatchInputTokens-Units', 'Command R', '0.25'),
    'unknown quantity',
  ],
  [
    'tiers that contradict each other',
    native('USE1-NovaPro-input-tokens-flex', 'Nova Pro', '0.0004', { attributes: { service_tier: 'priority' } }),
    'another product',
  ],
  [
    'a listing with a longer context',
    marketplace('USE1-MP:USE1_InputTokenCount-Units', 'Claude Instant (100K)', '3.26'),
    'another product',
  ],
  [
    'a unit that says nothing',
    marketplace('USE1-MP:USE1_InputTokenCount-Units', 'Claude Sonnet 4.5', '3.3', { description: 'tokens' }),
    'unknown unit',
  ],
  [
    'a unit nobody knows',
    native('USE1-NovaPro-input-tokens', 'Nova Pro', '0.0008', { unit: 'bushels' }),
    'unknown unit',
  ],
  ['a price of nothing', native('USE1-NovaPro-input-tokens', 'Nova Pro', '0.0000000000'), 'no price'],
  ['a price that is none', native('USE1-NovaPro-input-tokens', 'Nova Pro', 'N/A'), 'no price'],
  [
    'a region that is none',
    native('USE1-NovaPro-input-tokens', 'Nova Pro', '0.0008', { attributes: { regionCode: 'Virginia' } }),
    'no region',
  ],
];

describe('from AWS’s price lists is left out', () => {
  for (const [what, listed, why] of LEFT_OUT) {
    test(`${what} (${why})`, () => {
      const { content, leftOut } = read(listed);
      assert.equal(content.models.size, 0);
      assert.deepEqual([...leftOut], [[why, 1]]);
    });
  }
});

describe('AWS’s price lists', () => {
  test('that give two prices for the same thing count with the higher one, and say so', () => {
    const { content, contradictions } = read(
      native('USE1-NovaCanvas-T2I-1024-Standard', 'Nova Canvas', '0.04', { unit: 'Images' }),
      native('USE1-NovaCanvas-I2I-1024-Standard', 'Nova Canvas', '0.05', { unit: 'Images' }),
      native('USE1-NovaPro-input-tokens', 'Nova Pro', '0.0008'),
      native('USE1-NovaPro-input-tokens', 'Nova Pro', '0.00080'),
    );
    const [canvas] = content.models.get('amazon.nova-canvas-v1:0')?.entries ?? [];
    assert.equal(canvas?.usd['outputImages/1024x1024/standard'], '0.05');
    assert.deepEqual(contradictions, [
      'amazon.nova-canvas-v1:0 outputImages/1024x1024/standard in us-east-1: 0.04 and 0.05',
    ]);
  });

  test('make a book that is written and read as any other, on top of which calls are priced', () => {
    const { content } = read(
      native('EUW1-NovaLite-input-tokens', 'Nova Lite', '0.00009', { attributes: { regionCode: 'eu-west-1' } }),
      marketplace('EU-MP:EU_input_tokens_standard-Units', 'Claude Opus 5.5', '4.4', {
        attributes: { regionCode: 'eu-west-1' },
      }),
    );
    const again = readBook(JSON.parse(writeBook(content)));
    assert.deepEqual(again, content);
    assert.equal(again.sources['AmazonBedrock']?.date, '2026-11-20');
    const book = createPriceBook(overlayContent(packaged, again));
    const costOf = (modelId: string): unknown =>
      priceUsage(usageOf({ inputTokens: 1000 }), { modelId, region: 'eu-west-1' }, book);
    // The list's price of the region comes before the package's price of the geography.
    assert.deepEqual(costOf('eu.amazon.nova-lite-v1:0'), { kind: 'known', nanos: 90_000n });
    assert.deepEqual(costOf('eu.anthropic.claude-opus-5-5'), { kind: 'known', nanos: 4_400_000n });
    assert.notEqual(book.version, createPriceBook(packaged).version);
  });

  test('are read whatever is in them: no file, no list, no members', () => {
    for (const value of [null, 1, 'x', [], {}, { offerCode: 'x' }, { publicationDate: '2026-11-20T00:00:00Z' }]) {
      assert.equal(readOfferFile(value), null);
    }
    const odd = {
      ...offerFile('AmazonBedrock', []),
      products: { a: null, b: { attributes: 7 } },
      terms: { OnDemand: { b: [] } },
    };
    assert.deepEqual(readOfferFile(odd)?.prices, []);
  });

  test('never break the reader of usage types', () => {
    fc.assert(fc.property(fc.string(), (text) => void readUsageType(text)));
    const words = [
      'USE1-',
      'MP:USE1_',
      'Input',
      'Token',
      'tokens',
      'Count',
      '-cache',
      '-read',
      '_Global',
      '-1h',
      'T2I',
      '-1024',
      '.',
      '-',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...words), { maxLength: 12 }),
        (parts) => void readUsageType(parts.join('')),
      ),
    );
  });
});
