import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { bookOfRows } from '../../scripts/update-prices.ts';
import { readRows } from '../../scripts/update-prices-rows.ts';
import { priceUsage } from '../../src/domain/pricing/price-usage.ts';
import { readBook } from '../../src/domain/pricing/read-book.ts';
import { writeBook } from '../../src/domain/pricing/write-book.ts';
import { loadPrices, packagedPrices, type PriceOptions } from '../../src/prices/load-prices.ts';
import { readPricesFile, savePricesFile } from '../../src/prices/prices-file.ts';
import { usageOf } from '../domain/pricing/usages.ts';

const folder = mkdtempSync(join(tmpdir(), 'outcrop-prices-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const NEWER = readBook({
  format: 1,
  sources: { list: { what: 'Made up', url: 'https://example.com/', date: '2026-11-20' } },
  models: {
    'amazon.nova-lite-v1:0': { entries: [{ place: 'us-east-1', usd: { inputTokens: '0.00000009' }, source: 'list' }] },
  },
});

function options(name: string): PriceOptions & { readonly errors: string[] } {
  const errors: string[] = [];
  const log = { error: (_facts: object, message: string) => void errors.push(message) };
  return { dataDir: join(folder, name), overrides: [], log, errors };
}

const lite = async (given: PriceOptions): Promise<unknown> => {
  const book = await loadPrices(given);
  return priceUsage(usageOf({ inputTokens: 1 }), { modelId: 'amazon.nova-lite-v1:0', region: 'us-east-1' }, book);
};

describe('the prices of the package', () => {
  test('are what the script writes of the gathered rows', (t) => {
    t.mock.method(console, 'log', () => undefined);
    const book = readFileSync(new URL('../../src/prices/book.generated.json', import.meta.url), 'utf8');
    assert.equal(book, writeBook(bookOfRows(readRows())));
  });

  test('name a source and a date for every figure', () => {
    const { sources, models } = packagedPrices();
    for (const [id, { entries }] of models) {
      for (const entry of entries) {
        for (const name of [entry.source, ...Object.values(entry.sourceOf)]) assert.ok(sources[name]?.date, id);
      }
    }
  });

  test('count where none were fetched', async () => {
    const given = options('nothing-there');
    assert.deepEqual(await lite(given), { kind: 'known', nanos: 60n });
    assert.deepEqual(given.errors, []);
  });
});

describe('fetched prices', () => {
  test('are kept whole or not at all, and count before those of the package', async () => {
    const given = options('fetched');
    await savePricesFile(given.dataDir, NEWER);
    assert.deepEqual(readdirSync(given.dataDir), ['prices.json']);
    assert.deepEqual(await readPricesFile(given.dataDir), NEWER);
    assert.deepEqual(await lite(given), { kind: 'known', nanos: 90n });
    assert.deepEqual(given.errors, []);
  });

  test('come after the operator’s own', async () => {
    const own = {
      model: '*',
      region: '*',
      usd: {},
      above200k: null,
      discountPercent: '50',
      contextTokens: null,
      outputTokensMax: null,
    };
    const given = { ...options('own'), overrides: [own] };
    await savePricesFile(given.dataDir, NEWER);
    assert.deepEqual(await lite(given), { kind: 'known', nanos: 45n });
  });

  for (const [name, text] of [
    ['no JSON', '{'],
    ['no prices', '{}'],
    ['another format', '{"format":2,"sources":{},"models":{}}'],
  ] as const) {
    test(`that are ${name} are said loudly and left alone`, async () => {
      const given = options(`broken ${name}`);
      await savePricesFile(given.dataDir, NEWER);
      writeFileSync(join(given.dataDir, 'prices.json'), text);
      assert.deepEqual(await lite(given), { kind: 'known', nanos: 60n });
      assert.equal(given.errors.length, 1);
      assert.match(given.errors[0] ?? '', /run "outcrop prices update"$/);
    });
  }
});
