import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey } from '../support/virtual-keys.ts';
import { ask, converse } from './ask.ts';

/** `x-outcrop-cost-usd` and `x-litellm-key-spend` of a call, in nano-dollars; null where it is not told. */
async function calledWith(bearer: string, { origin }: TestGateway): Promise<readonly [number | null, number | null]> {
  const { status, headers } = await ask(origin, bearer, converse());
  assert.equal(status, 200);
  const [cost = null, spend = null] = ['x-outcrop-cost-usd', 'x-litellm-key-spend'].map((name) => {
    const text = headers.get(name);
    return text === null ? null : Math.round(Number(text) * 1e9);
  });
  return [cost, spend];
}

describe('x-litellm-key-spend', () => {
  let running: TestGateway;
  before(async () => {
    running = await startTestGateway();
  });
  after(() => running.close());

  test('is what the key has spent with the call, from the first one on', async () => {
    const { bearer } = await issueKey(running.origin, EVERY_OPERATION);
    let spent = 0;
    for (let call = 0; call < 5; call += 1) {
      const [cost, spend] = await calledWith(bearer, running);
      assert.ok(cost !== null && cost > 0);
      spent += cost;
      assert.equal(spend, spent, `call ${call + 1}`);
    }
  });

  test('adds up when the first calls of a key come together', async () => {
    const { bearer } = await issueKey(running.origin, EVERY_OPERATION);
    const calls = await Promise.all(Array.from({ length: 20 }, () => calledWith(bearer, running)));
    const [cost] = calls[0] ?? [];
    assert.ok(cost !== undefined && cost !== null && cost > 0);
    const told = calls.flatMap(([, spend]) => (spend === null ? [] : [spend]));
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => (index + 1) * cost),
    );
  });
});
