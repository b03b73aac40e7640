import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { priceOverrides } from '../../src/config/price-overrides.ts';

const NOTHING = {
  region: '*',
  usd: {},
  above200k: null,
  discountPercent: '0',
  contextTokens: null,
  outputTokensMax: null,
};

const READ: readonly (readonly [yaml: string, entry: object])[] = [
  ['- { model: "anthropic.*", discountPercent: 12.5 }', { model: 'anthropic.*', discountPercent: '12.5' }],
  ['- { model: "*", region: "eu-*", discountPercent: "5" }', { model: '*', region: 'eu-*', discountPercent: '5' }],
  [
    '- { model: my, perMillion: { inputTokens: 3.3, outputTokens: "16.50" } }',
    { model: 'my', usd: { inputTokens: '0.0000033', outputTokens: '0.0000165' } },
  ],
  ['- { model: my, perMillion: { inputTokens: 0.0000001 } }', { model: 'my', usd: { inputTokens: '0.0000000000001' } }],
  ['- { model: my, perMillionAbove200k: { inputTokens: 6 } }', { model: 'my', above200k: { inputTokens: '0.000006' } }],
  ['- { model: my, each: { outputImages: 0.04 } }', { model: 'my', usd: { outputImages: '0.04' } }],
  [
    '- { model: my, each: { "outputImages/1024x1024/premium": 0.06 } }',
    { model: 'my', usd: { 'outputImages/1024x1024/premium': '0.06' } },
  ],
  [
    '- { model: my, contextTokens: 32768, outputTokensMax: 4096 }',
    { model: 'my', contextTokens: 32_768, outputTokensMax: 4096 },
  ],
];

const REFUSED: readonly (readonly [yaml: string, says: RegExp])[] = [
  ['- { model: my }', /says nothing/],
  ['- { discountPercent: 5 }', /model/],
  ['- { model: my, discountPercent: 101 }', /must not be more than 100/],
  ['- { model: my, discountPercent: -1 }', /must be a number from 0/],
  ['- { model: my, discountPercent: 0.12345 }', /at most 4 decimals/],
  ['- { model: my, perMillion: { inputTokens: .nan } }', /number/],
  ['- { model: my, perMillion: { inputTokens: "3,30" } }', /must be a number from 0/],
  ['- { model: my, perMillion: { smiles: 1 } }', /nothing that is charged for/],
  ['- { model: my, perMillion: { outputImages: 1 } }', /what is not tokens goes under/],
  ['- { model: my, contextTokens: 0 }', /contextTokens/],
  ['- { model: my, price: 1 }', /price/],
];

describe('prices of one’s own in the configuration', () => {
  for (const [yaml, entry] of READ) {
    test(`are read: ${yaml}`, () => assert.deepEqual(priceOverrides.parse(parse(yaml)), [{ ...NOTHING, ...entry }]));
  }

  for (const [yaml, says] of REFUSED) {
    test(`are refused: ${yaml}`, () => {
      const { error } = priceOverrides.safeParse(parse(yaml));
      assert.match(JSON.stringify(error?.issues), says);
    });
  }
});
