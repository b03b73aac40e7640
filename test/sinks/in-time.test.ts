import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atMost } from '../../src/sinks/in-time.ts';

test('work that never ends is waited for so long and no longer, and work that fails is not hidden', async () => {
  const startedMs = performance.now();
  await atMost(60_000, Promise.resolve());
  await atMost(20, new Promise(() => undefined));
  await assert.rejects(atMost(60_000, Promise.reject(new Error('no'))), /no/);
  assert.ok(performance.now() - startedMs < 10_000);
});
