import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { overlayContent } from '../../../src/domain/pricing/price-book.ts';
import { PriceBookError, readBook } from '../../../src/domain/pricing/read-book.ts';
import { writeBook } from '../../../src/domain/pricing/write-book.ts';
import { packagedPrices } from '../../../src/prices/load-prices.ts';

const SOURCE = { what: 'Made up', url: 'https://example.com/', date: '2026-08-31' };
const bookWith = (model: unknown): unknown => ({
  format: 1,
  sources: { test: SOURCE },
  models: { 'acme.x-v1:0': model },
});
const bookOf = (entry: unknown): unknown => bookWith({ entries: [entry] });

const REFUSED: readonly (readonly [why: string, value: unknown, says: RegExp])[] = [
  ['no map', 'prices', /the file: is no map/],
  ['another format', { format: 2, sources: {}, models: {} }, /format 1 only/],
  ['an unknown member', { format: 1, sources: {}, models: {}, extra: 1 }, /extra is unknown/],
  ['a source without a date', { format: 1, sources: { x: { what: 'x', url: 'x' } }, models: {} }, /source x: a text/],
  ['a date that is none', { format: 1, sources: { x: { ...SOURCE, date: 'now' } }, models: {} }, /now is no date/],
  ['a model without entries', bookWith({}), /acme.x-v1:0: has no entries/],
  ['bounds that are no number of tokens', bookWith({ contextTokens: -1, entries: [] }), /a number of tokens/],
  ['a figure for what nobody charges for', bookOf({ usd: { smiles: '1' }, source: 'test' }), /smiles is nothing/],
  ['a price that is no number', bookOf({ usd: { inputTokens: 'free' }, source: 'test' }), /free is no price/],
  ['a price below zero', bookOf({ usd: { inputTokens: '-1' }, source: 'test' }), /-1 is no price/],
  ['more decimals than there are', bookOf({ usd: { inputTokens: '1e-17' }, source: 'test' }), /1e-17 is no price/],
  ['a number instead of a text', bookOf({ usd: { inputTokens: 0.1 }, source: 'test' }), /a text is missing/],
  ['an unknown source', bookOf({ usd: {}, source: 'elsewhere' }), /no source elsewhere/],
  ['an unknown tier', bookOf({ usd: {}, source: 'test', tier: 'gold' }), /gold is none of standard/],
  ['a place that is none', bookOf({ usd: {}, source: 'test', place: 'On the Moon' }), /is no place/],
];

describe('a price file', () => {
  for (const [why, value, says] of REFUSED) {
    test(`with ${why} is refused`, () => {
      assert.throws(
        () => readBook(value),
        (error) => error instanceof PriceBookError && says.test(error.message),
      );
    });
  }

  test('that was written is read back as it was', () => {
    const content = packagedPrices();
    assert.deepEqual(readBook(JSON.parse(writeBook(content))), content);
  });
});

describe('newer prices on top of older ones', () => {
  const older = readBook({
    format: 1,
    sources: { old: { ...SOURCE, date: '2025-01' } },
    models: {
      a: {
        contextTokens: 1000,
        entries: [
          { usd: { inputTokens: '1', outputTokens: '2' }, above200k: { inputTokens: '3' }, source: 'old' },
          { place: 'eu-west-1', usd: { inputTokens: '4' }, source: 'old' },
        ],
      },
      b: { entries: [{ usd: { inputTokens: '5' }, source: 'old' }] },
    },
  });
  const newer = readBook({
    format: 1,
    sources: { new: { ...SOURCE, date: '2026-01' } },
    models: {
      a: {
        entries: [
          { usd: { inputTokens: '6' }, source: 'new' },
          { tier: 'flex', usd: { inputTokens: '7' }, source: 'new' },
        ],
      },
      c: { entries: [{ usd: { inputTokens: '8' }, source: 'new' }] },
    },
  });
  const both = overlayContent(older, newer);

  test('replace the figures they have and leave the others, each with its source', () => {
    const [first, second, third] = both.models.get('a')?.entries ?? [];
    assert.deepEqual(first?.usd, { inputTokens: '6', outputTokens: '2' });
    assert.deepEqual(first?.above200k, { inputTokens: '3' });
    assert.deepEqual([first?.source, first?.sourceOf], ['new', { outputTokens: 'old' }]);
    assert.deepEqual([second?.place, second?.usd, second?.source], ['eu-west-1', { inputTokens: '4' }, 'old']);
    assert.deepEqual([third?.tier, third?.usd], ['flex', { inputTokens: '7' }]);
  });

  test('keep models and bounds they do not speak of', () => {
    assert.deepEqual([...both.models.keys()], ['a', 'b', 'c']);
    assert.equal(both.models.get('a')?.contextTokens, 1000);
    assert.deepEqual(Object.keys(both.sources), ['old', 'new']);
  });
});
