import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { watchOverload } from '../../src/server/overload.ts';

const SAMPLE_MS = 200;
const MEMORY_PLENTY = 1;

describe('load shedding', () => {
  const monitor = watchOverload({ loopDelayMsMax: 50, memoryShareMax: MEMORY_PLENTY }, SAMPLE_MS);
  after(() => monitor.stop());

  it('takes requests again and again through one hiccup', async () => {
    await passed(2 * SAMPLE_MS);
    blockLoop(120);
    const seen = new Set<string | null>();
    for (let samples = 0; samples < 20; samples += 1) {
      await passed(SAMPLE_MS / 5);
      seen.add(monitor.reason());
    }
    assert.deepEqual([...seen], [null]);
  });

  it('refuses while the event loop stays late, and no longer', async () => {
    const deadlineMs = performance.now() + 5000;
    while (monitor.reason() === null && performance.now() < deadlineMs) {
      blockLoop(120);
      await passed(1);
    }
    assert.match(monitor.reason() ?? '', /overloaded/);
    while (monitor.reason() !== null && performance.now() < deadlineMs + 5000) await passed(SAMPLE_MS / 5);
    assert.equal(monitor.reason(), null);
  });

  it('refuses when memory is short', async () => {
    const tight = watchOverload({ loopDelayMsMax: 60_000, memoryShareMax: 0 }, 10);
    const deadlineMs = performance.now() + 5000;
    while (tight.reason() === null && performance.now() < deadlineMs) await passed(10);
    tight.stop();
    assert.match(tight.reason() ?? '', /memory/);
  });
});

function blockLoop(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}
