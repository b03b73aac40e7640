import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SeenSignatures } from '../../src/domain/seen-signatures.ts';

const MINUTE_MS = 60_000;
const signature = (n: number) => createHash('sha256').update(String(n)).digest('hex');

test('a signature is known for as long as it can be valid, whenever it came', () => {
  for (const firstMs of [0, MINUTE_MS, 9 * MINUTE_MS, 123 * MINUTE_MS]) {
    const seen = new SeenSignatures(1000);
    for (let ms = 0; ms < firstMs; ms += MINUTE_MS) seen.note(signature(ms), ms);
    assert.equal(seen.note(signature(-1), firstMs), false);
    assert.equal(seen.note(signature(-1), firstMs), true);
    assert.equal(seen.note(signature(-1), firstMs + 10 * MINUTE_MS - 1), true);
  }
});

test('the newest half of the bound is always known', () => {
  const seen = new SeenSignatures(1000);
  for (let n = 0; n < 5000; n += 1) {
    assert.equal(seen.note(signature(n), n), false);
    if (n >= 499) assert.equal(seen.note(signature(n - 499), n), true, `${n}`);
  }
  assert.equal(seen.note(signature(0), 5000), false, 'and the oldest is forgotten');
});
