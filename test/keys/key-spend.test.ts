import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KnownKeySpend } from '../../src/keys/key-spend.ts';
import { QUIET } from '../contracts/each-database.ts';

const MINUTE_MS = 60_000;

/** A key whose ledger is at hand; what it is asked is answered when the test says so. */
function openSpend() {
  const loads: PromiseWithResolvers<bigint>[] = [];
  const state = { nowMs: 0, isAllStored: false };
  const spend = new KnownKeySpend({
    load: () => {
      const asked = Promise.withResolvers<bigint>();
      loads.push(asked);
      return asked.promise;
    },
    isAllStored: () => state.isAllStored,
    clock: { nowMs: () => state.nowMs, elapsedMs: () => state.nowMs },
    log: QUIET,
  });
  /** The ledger answers its latest question. */
  const answer = async (nanos: bigint): Promise<void> => {
    loads.at(-1)?.resolve(nanos);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { spend, loads, state, answer };
}

/** The same after its first call, before which the ledger had 100. */
async function openKnownSpend() {
  const opened = openSpend();
  const first = opened.spend.begins('k');
  await opened.answer(100n);
  await first;
  return opened;
}

describe('what a key has spent', () => {
  test('is known before its first call, and right with each', async () => {
    const { spend, loads, answer } = openSpend();
    const first = spend.begins('k');
    assert.equal(spend.begins('k'), first);
    await answer(100n);
    await first;
    assert.equal(spend.begins('k'), null, 'only the first calls wait');
    assert.deepEqual([spend.add('k', 5n), spend.add('k', 7n)], [105n, 112n]);
    assert.equal(loads.length, 1);
  });

  test('is not told where the ledger answered too late to know whether a call is in its answer', async () => {
    const { spend, state, answer } = openSpend();
    await spend.begins('k');
    assert.equal(spend.add('k', 5n), null);
    await answer(105n);
    assert.equal(spend.add('k', 7n), null);
    // Now it has time to catch up.
    state.nowMs += 2000;
    assert.equal(spend.begins('k'), null);
    await answer(105n);
    assert.equal(spend.add('k', 1n), null, 'not all of it was stored');
    state.nowMs += 2000;
    state.isAllStored = true;
    assert.equal(spend.begins('k'), null);
    await answer(113n);
    assert.equal(spend.add('k', 1n), 114n);
  });

  test('does not fall back to what the ledger had before the last calls, and follows what others spend', async () => {
    const { spend, state, answer } = await openKnownSpend();
    spend.add('k', 5n);
    state.nowMs += MINUTE_MS + 1;
    assert.equal(spend.begins('k'), null);
    await answer(100n);
    assert.equal(spend.add('k', 1n), 106n);
    state.nowMs += MINUTE_MS + 1;
    assert.equal(spend.begins('k'), null);
    await answer(500n);
    assert.equal(spend.add('k', 1n), 501n);
  });

  test('follows what was set back once all is stored', async () => {
    const { spend, state, answer } = await openKnownSpend();
    spend.add('k', 5n);
    state.nowMs += MINUTE_MS + 1;
    state.isAllStored = true;
    assert.equal(spend.begins('k'), null);
    await answer(20n);
    assert.equal(spend.add('k', 1n), 21n);
  });

  test('a ledger that fails is asked again a second later, and no call waits for it twice', async () => {
    const { spend, loads, state, answer } = openSpend();
    const first = spend.begins('k');
    loads[0]?.reject(new Error('the store is down'));
    await first;
    assert.equal(spend.begins('k'), null);
    assert.equal(loads.length, 1);
    state.nowMs += 1001;
    assert.equal(spend.begins('k'), null);
    await answer(3n);
    assert.equal(spend.add('k', 1n), 4n);
  });
});
