import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { priceOverrides } from '../../src/config/price-overrides.ts';
import { USAGE_UNITS } from '../../src/domain/usage/usage.ts';
import { packagedPrices } from '../../src/prices/load-prices.ts';

const page = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');

test('docs/cost.md: its example of own prices is one', () => {
  const [, yaml = ''] = /<!-- test: prices -->\s+```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { prices } = z.strictObject({ prices: priceOverrides }).parse(parse(yaml));
  assert.equal(prices.length, 5);
  assert.deepEqual(prices[0]?.usd, { inputTokens: '0.0000005', outputTokens: '0.0000015' });
});

test('docs/cost.md: every unit a price can be given for is named, those of guardrails by the command', () => {
  const guardrails = Object.keys(packagedPrices().models.get('guardrails')?.entries[0]?.usd ?? {}).map(
    (name) => name.split('/')[0],
  );
  const missing = USAGE_UNITS.filter((unit) => !page.includes(`\`${unit}\``) && !guardrails.includes(unit));
  assert.deepEqual(missing, []);
});
