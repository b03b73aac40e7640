import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { z } from 'zod';
import { runOutcrop } from '../commands/run-outcrop.ts';
import { marketplace, native, offerFile } from '../domain/pricing/offers/offer-lists.ts';
import { servePrices } from './price-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'outcrop-prices-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const LISTS: Readonly<Record<string, object>> = {
  AmazonBedrock: offerFile('AmazonBedrock', [
    native('USE1-NovaLite-input-tokens', 'Nova Lite', '0.00009'),
    native('USE1-NovaLite-Model-Customization-input-tokens', 'Nova Lite', '1', {
      attributes: { feature: 'Model Customization' },
    }),
  ]),
  AmazonBedrockService: offerFile('AmazonBedrockService', []),
  AmazonBedrockFoundationModels: offerFile('AmazonBedrockFoundationModels', [
    marketplace('USE1-MP:USE1_input_tokens_standard-Units', 'Claude Opus 5.5', '4.4'),
  ]),
};

const shown = z.object({
  version: z.string(),
  prices: z.array(z.object({ model: z.string(), place: z.string(), usd: z.record(z.string(), z.string()) })),
});

describe('outcrop prices', () => {
  test('update fetches AWS’s lists, and show has them', async () => {
    const env = { OUTCROP_DATA_DIR: join(folder, 'updated') };
    const server = await servePrices((offer) => JSON.stringify(LISTS[offer]));
    try {
      const { code, output, errors } = await runOutcrop(['prices', 'update', '--from', server.url], { env });
      assert.equal(code, 0, errors);
      assert.match(output, /AmazonBedrock, published 2026-11-20/);
      assert.match(output, /2 prices of 2 models taken; left out: another product: 1\./);
    } finally {
      await server.close();
    }
    const { output } = await runOutcrop(['prices', 'show', 'amazon.nova-lite-v1:0', '--json'], { env });
    const { version, prices } = shown.parse(JSON.parse(output));
    assert.match(version, /^2026-11-20-/);
    assert.equal(prices.find(({ place }) => place === 'us-east-1')?.usd['inputTokens'], '0.00000009');
    const text = await runOutcrop(['prices', 'show', 'opus55'], { env });
    assert.match(text.output, /\*\.claudeopus55 +in-region us-east-1 +standard +2026-11-20 +inputTokens 4\.4$/m);
  });

  test('update leaves everything as it is when a list can’t be had', async () => {
    const env = { OUTCROP_DATA_DIR: join(folder, 'untouched') };
    const server = await servePrices(() => (_request, response) => void response.writeHead(503).end());
    try {
      const { code, errors } = await runOutcrop(['prices', 'update', '--from', server.url], { env });
      assert.equal(code, 1);
      assert.match(errors, /^outcrop: The prices stay as they are: http:.*answered 503\n$/);
    } finally {
      await server.close();
    }
    assert.equal(existsSync(env.OUTCROP_DATA_DIR), false);
  });

  test('show tells the prices of a profile in dollars for a million tokens, and what it has no price for', async () => {
    const env = { OUTCROP_DATA_DIR: join(folder, 'none') };
    const { output } = await runOutcrop(['prices', 'show', 'us.anthropic.claude-haiku-4-5-20251001-v1:0'], { env });
    assert.match(output, /geo us +standard +2026-08 +inputTokens 1\.1, outputTokens 5\.5, cacheReadTokens 0\.11/);
    const unknown = await runOutcrop(['prices', 'show', 'acme'], { env });
    assert.equal(unknown.code, 1);
    assert.equal(unknown.errors, 'outcrop: No model with a price has "acme" in its id.\n');
  });

  test('show says which prices of one’s own come first, and they make another version', async () => {
    const env = { OUTCROP_DATA_DIR: join(folder, 'none') };
    const config = join(folder, 'outcrop.yaml');
    writeFileSync(config, 'prices: [{ model: "anthropic.*", discountPercent: 10 }]');
    const own = await runOutcrop(['prices', 'show', 'claude-haiku-4-5', '--config', config], { env });
    assert.match(own.output, /^Prices of your own come before these: anthropic\.\*$/m);
    const packaged = await runOutcrop(['prices', 'show', 'claude-haiku-4-5'], { env });
    assert.notEqual(own.output.split('\n')[0], packaged.output.split('\n')[0]);
  });
});
