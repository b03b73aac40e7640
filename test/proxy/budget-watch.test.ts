import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLimit } from '../../src/domain/limits/limit.ts';
import { BudgetWatch } from '../../src/proxy/budget-watch.ts';

const SCOPE = { kind: 'team', id: 'team_1' } as const;
const BUDGET = makeLimit({ kind: 'spend', max: 1000, window: { kind: 'forever' }, scope: SCOPE });
const RATE = makeLimit({ kind: 'requests', max: 1, window: { kind: 'rolling', seconds: 60 }, scope: SCOPE });

function watched(uses: readonly { used: number; reserved: number }[], { cutStreams = true, limit = BUDGET } = {}) {
  let elapsedMs = 0;
  let looks = 0;
  const watch = new BudgetWatch(
    { charges: [{ limit, max: limit.max, amount: 10 }], startedMs: 0 },
    {
      clock: { nowMs: () => 0, elapsedMs: () => elapsedMs },
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      options: { cutStreams },
      counters: { used: () => Promise.resolve([uses[looks++] ?? null]) },
    },
  );
  /** What a frame that goes by after so long is told, once the look that it begins has been answered. */
  const after = async (ms: number): Promise<boolean> => {
    elapsedMs += ms;
    void watch.isSpent;
    await Promise.resolve();
    await Promise.resolve();
    return watch.isSpent;
  };
  return { after, looks: () => looks };
}

test('a stream learns that its budget has been spent by others, at most a second later', async () => {
  const { after } = watched([
    { used: 1000, reserved: 10 },
    { used: 1010, reserved: 10 },
  ]);
  assert.equal(await after(999), false);
  assert.equal(await after(1), false, 'its own reservation is not spent');
  assert.equal(await after(1000), true);
});

test('budgets are asked for once a second, however many frames go by', async () => {
  const { after, looks } = watched([]);
  for (let frames = 0; frames < 100; frames += 1) await after(50);
  assert.equal(looks(), 5);
});

test('nobody is asked when streams are not to be cut, or nothing but a rate limits them', async () => {
  for (const options of [{ cutStreams: false }, { limit: RATE }]) {
    const { after, looks } = watched([{ used: 5000, reserved: 0 }], options);
    assert.equal(await after(5000), false);
    assert.equal(looks(), 0);
  }
});
