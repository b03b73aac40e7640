import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseModelReference } from '../../../src/domain/policy/model-reference.ts';
import { createPriceBook } from '../../../src/domain/pricing/price-book.ts';
import { priceCall, priceModelOf, type PricedAs } from '../../../src/domain/pricing/price-model.ts';
import { packagedPrices } from '../../../src/prices/load-prices.ts';
import { line, usageOf } from './usages.ts';

const book = createPriceBook(packagedPrices());
const OWN = 'arn:aws:bedrock:us-east-1:123456789012';
const HAIKU = 'anthropic.claude-haiku-4-5-20251001-v1:0';
const LITE = 'amazon.nova-lite-v1:0';
const arn = (region: string, id: string): string => `arn:aws:bedrock:${region}::foundation-model/${id}`;

interface Case {
  readonly name: string;
  readonly text: string;
  readonly models?: readonly string[];
  readonly region?: string;
  readonly pricedAs: PricedAs;
}

const CASES: readonly Case[] = [
  { name: 'a model is priced as itself', text: HAIKU, pricedAs: { kind: 'model', modelId: HAIKU } },
  { name: 'a profile is priced as itself', text: `eu.${HAIKU}`, pricedAs: { kind: 'model', modelId: `eu.${HAIKU}` } },
  {
    name: 'what is in no form of AWS is looked up as it is written',
    text: 'anthropic.claude-haiku-4-5@20251001',
    pricedAs: { kind: 'model', modelId: 'anthropic.claude-haiku-4-5@20251001' },
  },
  {
    name: 'an own profile of one region is its model there',
    text: `${OWN}:application-inference-profile/abc123def456`,
    models: [arn('us-east-1', HAIKU)],
    pricedAs: { kind: 'model', modelId: HAIKU },
  },
  {
    name: 'an own profile of several regions is the geographic one of them',
    text: `${OWN}:application-inference-profile/abc123def456`,
    models: [arn('us-east-1', HAIKU), arn('us-east-2', HAIKU), arn('us-west-2', HAIKU)],
    pricedAs: { kind: 'model', modelId: `us.${HAIKU}` },
  },
  {
    name: 'an own profile of Japan is that of Japan, not that of Asia',
    text: 'arn:aws:bedrock:ap-northeast-1:123456789012:application-inference-profile/abc123def456',
    models: [arn('ap-northeast-1', HAIKU), arn('ap-northeast-3', HAIKU)],
    region: 'ap-northeast-1',
    pricedAs: { kind: 'model', modelId: `jp.${HAIKU}` },
  },
  {
    name: 'an own profile that lists a model without region is a global one',
    text: `${OWN}:application-inference-profile/abc123def456`,
    models: [arn('us-east-1', HAIKU), arn('', HAIKU)],
    pricedAs: { kind: 'model', modelId: `global.${HAIKU}` },
  },
  {
    name: 'a prompt writes ids, without regions',
    text: `${OWN}:prompt/ABCDEFGHIJ:1`,
    models: [HAIKU],
    pricedAs: { kind: 'model', modelId: HAIKU },
  },
  {
    name: 'of the models of a router one answers, and says which',
    text: `${OWN}:prompt-router/abc123def456`,
    models: [`arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.${HAIKU}`, arn('us-east-1', LITE)],
    pricedAs: {
      kind: 'one-of',
      modelIds: [`arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.${HAIKU}`, LITE],
    },
  },
  {
    name: 'provisioned throughput is paid for by the hour, whatever it runs',
    text: `${OWN}:provisioned-model/abc123def456`,
    pricedAs: { kind: 'billed-by-time' },
  },
  {
    name: 'an imported model has no price anybody lists',
    text: `${OWN}:imported-model/abc123def456`,
    pricedAs: {
      kind: 'unlisted',
      modelId: `${OWN}:imported-model/abc123def456`,
      why: 'AWS bills imported models by the minute they are loaded',
    },
  },
  {
    name: 'a bare name may be a profile or provisioned throughput',
    text: 'abc123def456',
    models: [arn('us-east-1', HAIKU)],
    pricedAs: {
      kind: 'unlisted',
      modelId: 'abc123def456',
      why: 'it may be a profile or provisioned throughput: name it by its ARN',
    },
  },
];

describe('what a name is priced as:', () => {
  for (const { name, text, models, region = 'us-east-1', pricedAs } of CASES) {
    test(name, () => {
      const resolution = models === undefined ? null : ({ kind: 'models', models } as const);
      assert.deepEqual(priceModelOf(parseModelReference(text), resolution, region), pricedAs);
    });
  }

  test('an own profile has to be asked for first', () => {
    const reference = parseModelReference(`${OWN}:application-inference-profile/abc123def456`);
    assert.deepEqual(priceModelOf(reference, null, 'us-east-1'), { kind: 'ask', reference });
  });

  test('what AWS did not tell has no price, and says why', () => {
    const reference = parseModelReference(`${OWN}:application-inference-profile/abc123def456`);
    const resolution = { kind: 'unresolvable', why: 'AWS does not know it' } as const;
    assert.deepEqual(priceModelOf(reference, resolution, 'us-east-1'), {
      kind: 'unlisted',
      modelId: reference.text,
      why: 'AWS does not know it',
    });
  });
});

describe('the cost of a call', () => {
  const usage = usageOf({ inputTokens: 1000, contentPolicyUnits: 1 });

  test('to provisioned throughput is that of its guardrail: its tokens are paid for', () => {
    assert.deepEqual(priceCall(usage, { kind: 'billed-by-time' }, 'us-east-1', book), {
      kind: 'known',
      nanos: 150_000n,
    });
  });

  test('to a router is that of the model that answered', () => {
    const routed = usageOf({}, { lines: [line('inputTokens', 1000, null, LITE)] });
    const pricedAs = { kind: 'one-of', modelIds: [LITE, HAIKU] } as const;
    assert.deepEqual(priceCall(routed, pricedAs, 'us-east-1', book), { kind: 'known', nanos: 60_000n });
    assert.equal(priceCall(usage, pricedAs, 'us-east-1', book).kind, 'unknown');
  });

  test('to what was not asked about is unknown, but for what is free', () => {
    const reference = parseModelReference(`${OWN}:application-inference-profile/abc123def456`);
    const pricedAs = { kind: 'ask', reference } as const;
    assert.deepEqual(priceCall(usage, pricedAs, 'us-east-1', book), {
      kind: 'unknown',
      missing: `what ${reference.text} stands for`,
    });
    const free = usageOf({}, { source: 'free' });
    assert.deepEqual(priceCall(free, pricedAs, 'us-east-1', book), { kind: 'known', nanos: 0n });
  });
});
