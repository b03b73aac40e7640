import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MASTER_KEY, startTestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey } from '../support/virtual-keys.ts';
import { ask, converse } from './ask.ts';

const NOBODYS = 'nobody.knows-this-model-v1:0';
const WARNING = /^the cost of a call is not known/;

test('a call whose price is unknown is warned of once for each model, and counted each time', async () => {
  const running = await startTestGateway({ env: { OUTCROP_METRICS: 'outcrop' } });
  try {
    const { bearer } = await issueKey(running.origin, EVERY_OPERATION);
    for (const model of [NOBODYS, NOBODYS, 'nobody.has-that-model-v1:0', undefined]) {
      const { status, headers } = await ask(running.origin, bearer, converse(model === undefined ? {} : { model }));
      assert.equal(status, 200);
      assert.equal(headers.has('x-outcrop-cost-usd'), model === undefined);
    }
    const metrics = await fetch(`${running.origin}/metrics`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
    const counted = [
      ...(await metrics.text()).matchAll(/^outcrop_unpriced_requests_total\{.*model="(.*?)".* (\d+)$/gm),
    ];
    assert.deepEqual(counted.map(([, model, count]) => `${model} ${count}`).toSorted(), [
      'nobody.has-that-model-v1:0 1',
      `${NOBODYS} 2`,
    ]);
    const warned = running.logged.filter(({ level, message }) => level === 'warn' && WARNING.test(message));
    assert.deepEqual(
      warned.map(({ facts }) => facts['model']),
      [NOBODYS, 'nobody.has-that-model-v1:0'],
    );
  } finally {
    await running.close();
  }
});
