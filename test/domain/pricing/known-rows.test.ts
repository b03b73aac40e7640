import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRows, routingOf, rowName, type Row } from '../../../scripts/update-prices-rows.ts';
import { LEFT_OUT, LOWERED } from '../../../scripts/update-prices-facts.ts';
import { inUnitsOf, parseDecimal } from '../../../src/domain/pricing/decimal.ts';
import { createPriceBook } from '../../../src/domain/pricing/price-book.ts';
import { findRates, RATE_DECIMALS } from '../../../src/domain/pricing/rates.ts';
import { modelBounds } from '../../../src/domain/pricing/upper-bound.ts';
import type { UsageUnit } from '../../../src/domain/usage/usage.ts';
import { packagedPrices } from '../../../src/prices/load-prices.ts';

const book = createPriceBook(packagedPrices());
const rows = readRows();

/** Where a row without a region is looked up: somewhere its profile may be called. */
const REGIONS: Readonly<Record<string, string>> = {
  eu: 'eu-west-1',
  apac: 'ap-southeast-1',
  jp: 'ap-northeast-1',
  au: 'ap-southeast-2',
  'us-gov': 'us-gov-west-1',
};

/** The names of the rows, written down once more: the converter must not be tested by itself. */
const UNITS: Readonly<Record<string, UsageUnit>> = {
  inputToken: 'inputTokens',
  outputToken: 'outputTokens',
  cacheReadToken: 'cacheReadTokens',
  cacheWrite5mToken: 'cacheWrite5mTokens',
  cacheWrite1hToken: 'cacheWrite1hTokens',
  outputImage: 'outputImages',
  inputImage: 'inputImages',
  inputVideoSecond: 'inputVideoSeconds',
  inputAudioSecond: 'inputAudioSeconds',
  query: 'searchQueries',
};

/** Rows under a plain id at the price of global routing, while the geographies pay a tenth more: so does a region. */
const PLAIN_IS_GLOBAL = [
  'amazon.nova-2-lite-v1:0',
  'anthropic.claude-fable-5',
  'anthropic.claude-haiku-4-5-20251001-v1:0',
  'anthropic.claude-opus-4-5-20251101-v1:0',
  'anthropic.claude-opus-4-6-v1',
  'anthropic.claude-opus-4-7',
  'anthropic.claude-opus-4-8',
  'anthropic.claude-opus-5',
  'anthropic.claude-sonnet-4-5-20250929-v1:0',
  'anthropic.claude-sonnet-4-6',
  'anthropic.claude-sonnet-5',
];

/** Rows for everywhere that say otherwise than those for the region. */
const REGION_SAYS_OTHERWISE = ['moonshotai.kimi-k2-thinking', 'moonshotai.kimi-k2.5'];

/** Cost by the text, which the rows have as the price of a token. */
const BY_TEXT = /^(?:us\.|eu\.)?twelvelabs\.marengo-embed-2-7-v1:0$/;

/** Rows with a second price for long requests to models that take none. */
const NEVER_LONG = /^anthropic\.claude-3-5-sonnet/;

/** What the book says of a figure of a row, in 10^-24 dollars; null where it says nothing. */
function rateOf(row: Row, name: string): bigint | null {
  const { scope, place } = routingOf(row);
  const region = row.region ?? (scope === 'geo' ? (REGIONS[place] ?? 'us-east-1') : 'us-east-1');
  const tier = name.startsWith('batch') ? 'batch' : 'standard';
  const plain = name.replace('Above200k', '').replace(/^batch(.)/, (_all, first: string) => first.toLowerCase());
  const unit = UNITS[plain];
  assert.ok(unit !== undefined, name);
  const above200k = name.endsWith('Above200k');
  const size = row.imageSize?.replaceAll('-', '') ?? '1024x1024';
  const variant = row.imageSteps && `${size}/${row.imageSteps === '50-steps' ? 'standard' : 'premium'}`;
  const rates = findRates({ modelId: row.model, region, endpoint: row.endpoint, tier, above200k }, book);
  return rates?.of(unit, unit === 'outputImages' ? (variant ?? null) : null) ?? null;
}

function isFound(row: Row): boolean {
  return Object.entries(row.usd)
    .filter(([name]) => name !== 'inputImageToken' && name !== 'inputAudioToken')
    .filter(([name]) => !(NEVER_LONG.test(row.model) && name.endsWith('Above200k')))
    .filter(([name]) => !(BY_TEXT.test(row.model) && /^(?:in|out)putToken$/.test(name)))
    .every(([name, figure]) => rateOf(row, name) === exact(figure));
}

function exact(figure: string): bigint {
  const decimal = parseDecimal(figure);
  assert.ok(decimal !== null);
  return inUnitsOf(decimal, RATE_DECIMALS);
}

describe('the gathered rows', () => {
  const onDemand = rows.filter(({ commitment }) => commitment === undefined);

  test('are 424, of which 28 are for model units', () => {
    assert.equal(rows.length, 424);
    assert.equal(onDemand.length, 396);
  });

  test('are all found under their id, figure by figure, but for those that are known to be wrong', () => {
    const other = new Set(onDemand.filter((row) => !isFound(row)).map((row) => rowName(row)));
    const known = [
      ...LEFT_OUT.keys(),
      ...PLAIN_IS_GLOBAL,
      ...REGION_SAYS_OTHERWISE,
      ...[...LOWERED.keys()].flatMap((id) => [id, `us.${id}`]),
    ].filter((name) => onDemand.some((row) => rowName(row) === name));
    assert.deepEqual([...other].sort(), [...new Set(known)].sort());
  });

  test('of models that cost otherwise in a region than globally are those of global routing', () => {
    for (const id of PLAIN_IS_GLOBAL) {
      const row = onDemand.find((one) => rowName(one) === id);
      assert.ok(row !== undefined, id);
      assert.ok(isFound({ ...row, model: `global.${id}` }), id);
    }
  });

  test('with prices of model units are in the book, for people to see', () => {
    const provisioned = [...book.content.models.values()]
      .flatMap(({ entries }) => entries)
      .filter(({ tier }) => tier.startsWith('provisioned'));
    assert.equal(provisioned.length, 28);
    assert.ok(provisioned.every(({ usd }) => Object.keys(usd).join() === 'modelUnitSeconds'));
  });

  test('give the bounds of each model, the larger where two differ', () => {
    const withoutBounds = new Set<string>();
    for (const row of onDemand.filter(({ maxInputTokens }) => maxInputTokens !== undefined)) {
      const bounds = modelBounds(row.model, 'us-east-1', book);
      if (bounds === null) withoutBounds.add(row.model);
      if (bounds === null) continue;
      if (!NEVER_LONG.test(row.model)) assert.ok((bounds.contextTokens ?? 0) >= (row.maxInputTokens ?? 0), row.model);
      assert.ok((bounds.outputTokensMax ?? 0) >= (row.maxOutputTokens ?? 0), row.model);
    }
    assert.deepEqual([...withoutBounds], ['xai.grok-4.3'], 'the rows have those of another model');
    const bounds = { contextTokens: 200_000, outputTokensMax: 64_000 };
    assert.deepEqual(modelBounds('us.anthropic.claude-haiku-4-5-20251001-v1:0', 'us-east-1', book), bounds);
    // It has prices for more than 200,000 tokens, so it takes them.
    assert.equal(modelBounds('anthropic.claude-sonnet-4-5-20250929-v1:0', 'eu-west-1', book)?.contextTokens, 1_000_000);
    assert.equal(modelBounds('acme.wonder-v1:0', 'us-east-1', book), null);
  });

  const atLeast = [
    ['us.anthropic.claude-3-7-sonnet-20250219-v1:0', 200_000, 128_000],
    ['anthropic.claude-sonnet-4-6', 1_000_000, 128_000],
    ['anthropic.claude-v2:1', 200_000, 4096],
    ['us.amazon.nova-2-lite-v1:0', 1_000_000, 131_072],
    ['us.deepseek.r1-v1:0', 128_000, 32_768],
    ['us.meta.llama4-scout-17b-instruct-v1:0', 10_000_000, 8192],
    ['meta.llama3-1-70b-instruct-v1:0', 131_072, 131_072],
    ['minimax.minimax-m2', 204_800, 131_072],
    ['moonshot.kimi-k2-thinking', 262_144, 262_144],
    ['qwen.qwen3-next-80b-a3b', 262_144, 262_144],
    ['mistral.mistral-large-3-675b-instruct', 262_144, 262_144],
    ['openai.gpt-oss-120b-1:0', 131_072, 131_072],
  ] as const;
  test('bound models no lower than they are documented, where the rows do', () => {
    for (const [id, contextTokens, outputTokensMax] of atLeast) {
      const bounds = modelBounds(id, 'us-east-1', book);
      assert.ok((bounds?.contextTokens ?? 0) >= contextTokens, `${id}: ${bounds?.contextTokens}`);
      assert.ok((bounds?.outputTokensMax ?? 0) >= outputTokensMax, `${id}: ${bounds?.outputTokensMax}`);
    }
  });
});
