import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPriceBook } from '../../../src/domain/pricing/price-book.ts';
import { priceUsage } from '../../../src/domain/pricing/price-usage.ts';
import { readBook } from '../../../src/domain/pricing/read-book.ts';
import { usageOf } from './usages.ts';

/** A book in which every place has a price of its own: as many dollars for a million input tokens. */
const PLACES = [
  { usd: '1' },
  { place: 'eu-west-1', usd: '2' },
  { scope: 'geo', place: 'eu', usd: '3' },
  { scope: 'geo', place: 'eu-north-1', usd: '4' },
  { scope: 'global', usd: '5' },
  { scope: 'global', place: 'ap-south-1', usd: '6' },
  { scope: 'geo', place: 'apac', usd: '7' },
  { scope: 'geo', place: 'jp', usd: '8' },
  { place: 'us-gov-west-1', usd: '9' },
  { tier: 'flex', usd: '0.1' },
  { endpoint: 'mantle', usd: '10' },
];
const ENTRIES = PLACES.map(({ usd, ...entry }) => ({
  ...entry,
  usd: { inputTokens: `${usd}e-6` },
  source: 'test',
}));

const book = createPriceBook(
  readBook({
    format: 1,
    sources: { test: { what: 'Made up', url: 'https://example.com/', date: '2026-08' } },
    models: {
      'acme.wonder-v1:0': { entries: ENTRIES },
      '*.claudeopus9': { entries: [{ usd: { inputTokens: '11e-6' }, source: 'test' }] },
      'xai.grok-4.3': { entries: [{ usd: { inputTokens: '12e-6' }, source: 'test' }] },
    },
  }),
);

/** Dollars for a million tokens; null where nobody says. */
const LOOKED_UP: readonly (readonly [modelId: string, region: string, dollars: number | null, why: string])[] = [
  ['acme.wonder-v1:0', 'us-east-1', 1, 'a model in a region without a price of its own'],
  ['acme.wonder-v1:0', 'eu-west-1', 2, 'a model in a region'],
  ['acme.wonder-v1:0', 'eu-south-1', 3, 'a region is as dear as its geography'],
  ['eu.acme.wonder-v1:0', 'eu-south-1', 3, 'a geographic profile'],
  ['eu.acme.wonder-v1:0', 'eu-north-1', 4, 'a geographic profile is priced where it is called'],
  ['acme.wonder-v1:0', 'eu-north-1', 4, 'a model there too'],
  ['eu.acme.wonder-v1:0', 'eu-west-1', 2, 'the price of the region before that of the geography'],
  ['global.acme.wonder-v1:0', 'us-east-1', 5, 'global routing'],
  ['global.acme.wonder-v1:0', 'ap-south-1', 6, 'global routing is priced where it is called'],
  ['apac.acme.wonder-v1:0', 'ap-northeast-1', 7, 'the profile that was called'],
  ['jp.acme.wonder-v1:0', 'ap-northeast-1', 8, 'a narrower profile'],
  ['acme.wonder-v1:0', 'ap-northeast-3', 8, 'the narrower geography counts first'],
  ['acme.wonder-v1:0', 'us-gov-west-1', 9, 'a region of another partition with a price'],
  ['acme.wonder-v1:0', 'us-gov-east-1', null, 'a region of another partition without one'],
  ['acme.wonder-v1:0', 'cn-north-1', null, 'China'],
  ['acme.wonder-v1:0', 'nowhere', null, 'what is no region'],
  ['mx.acme.wonder-v1:0', 'mx-central-1', 1, 'a geography newer than this program'],
  ['acme.wonder-v1:0:28k', 'us-east-1', 1, 'with the context length of a provisioned model'],
  ['arn:aws:bedrock:us-east-1::foundation-model/acme.wonder-v1:0', 'us-east-1', 1, 'the ARN of a model'],
  ['arn:aws:bedrock:eu-west-1::foundation-model/acme.wonder-v1:0', 'us-east-1', 2, 'the ARN says the region'],
  ['arn:aws:bedrock:eu-north-1:123456789012:inference-profile/eu.acme.wonder-v1:0', 'eu-north-1', 4, 'a profile’s ARN'],
  ['anthropic.claude-opus-9-20301231-v1:0', 'us-east-1', 11, 'a new model that is listed by its name'],
  ['us.anthropic.claude-opus-9', 'us-east-1', 11, 'its profile'],
  ['claude-opus-9', 'us-east-1', null, 'a name is no id'],
  ['anthropic.claude-opus-9-1', 'us-east-1', null, 'another version is another model'],
  ['xai.grok-4.3', 'us-east-1', 12, 'an id with points that look like those of a profile'],
  ['us.xai.grok-4.3', 'us-east-1', 12, 'its profile'],
  ['acme.wonder', 'us-east-1', null, 'half an id'],
  ['', 'us-east-1', null, 'nothing'],
];

describe('the price of', () => {
  for (const [modelId, region, dollars, why] of LOOKED_UP) {
    test(`${why}: ${modelId} in ${region} costs ${dollars ?? 'nobody knows what'}`, () => {
      const cost = priceUsage(usageOf({ inputTokens: 1 }), { modelId, region }, book);
      assert.equal(cost.kind === 'known' ? Number(cost.nanos) / 1000 : null, dollars);
    });
  }

  test('a tier is its own where it has one, before half the standard price of the same place', () => {
    const flex = (region: string): unknown =>
      priceUsage(usageOf({ inputTokens: 1 }, { serviceTier: 'flex' }), { modelId: 'acme.wonder-v1:0', region }, book);
    assert.deepEqual(flex('us-east-1'), { kind: 'known', nanos: 100n });
    assert.deepEqual(flex('eu-west-1'), { kind: 'known', nanos: 1000n });
  });

  test('the other endpoint is that of its list, and of bedrock-runtime where it has none', () => {
    const mantle = (modelId: string): unknown =>
      priceUsage(usageOf({ inputTokens: 1 }), { modelId, region: 'us-east-1', endpoint: 'mantle' }, book);
    assert.deepEqual(mantle('acme.wonder-v1:0'), { kind: 'known', nanos: 10_000n });
    assert.deepEqual(mantle('xai.grok-4.3'), { kind: 'known', nanos: 12_000n });
  });

  test('what clients make up does not fill the memory', () => {
    for (let i = 0; i < 10_000; i += 1) {
      priceUsage(usageOf({ inputTokens: 1 }), { modelId: `acme.none-${i}`, region: 'us-east-1' }, book);
    }
    assert.ok(book.memo.size <= 2000, `${book.memo.size} remembered`);
  });
});
