import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { z } from 'zod';
import type { AlertFacts } from '../../src/domain/alert.ts';
import { watchHealth } from '../../src/watch-health.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import { CONVERSE, issueKey, send } from '../support/virtual-keys.ts';
import { Receiver } from './receiver.ts';
import { collectingLog } from './test-sinks.ts';

const event = z.object({ event: z.string(), event_message: z.string() });

describe('a gateway with a webhook for alerts', () => {
  test('tells once that a target fails, and once that it works again', async () => {
    const receiver = new Receiver();
    await receiver.start();
    const clock = { aheadMs: 0, nowMs: () => Date.now(), elapsedMs: () => performance.now() + clock.aheadMs };
    const env = { OUTCROP_SINKS: 'webhook', WEBHOOK_URL: receiver.origin };
    const gateway = await startTestGateway({ env, clock });
    try {
      const { bearer } = await issueKey(gateway.origin);
      const told = (): string[] => receiver.received.map(({ text }) => event.parse(JSON.parse(text)).event_message);

      gateway.simulator.inject({ kind: 'error', status: 503, exception: 'ServiceUnavailableException' });
      assert.deepEqual(
        await statuses(gateway, bearer, 8),
        Array.from({ length: 8 }, () => 503),
      );
      gateway.simulator.clearFaults();
      await until(() => told().length === 1);
      assert.match(
        told()[0] ?? '',
        /^bedrock-runtime in us-east-1 fails: 5 calls in a row failed, the last: it answered 503$/,
      );

      for (let windows = 0; windows < 2; windows += 1) {
        clock.aheadMs += 61_000;
        assert.deepEqual(await statuses(gateway, bearer, 2), [200, 200]);
      }
      await until(() => told().length === 2);
      assert.equal(told()[1], 'bedrock-runtime in us-east-1 works again.');
      const logged = gateway.logged.filter(({ message }) => message.startsWith('a target'));
      assert.deepEqual(
        logged.map(({ level, message }) => [level, message]),
        [
          ['warn', 'a target fails'],
          ['info', 'a target works again'],
        ],
      );
    } finally {
      await gateway.close();
    }
  });

  test('tells whose budget it is by the name that people know', async () => {
    const receiver = new Receiver();
    await receiver.start();
    const env = { OUTCROP_SINKS: 'webhook', WEBHOOK_URL: receiver.origin };
    const gateway = await startTestGateway({ env });
    try {
      const { id, bearer } = await issueKey(gateway.origin, { key_alias: 'my-app', rpm_limit: 1 });
      await statuses(gateway, bearer, 2);
      await until(() => receiver.received.length > 0);
      const named = event.extend({ token: z.string(), key_alias: z.string() });
      for (const { text } of receiver.received) {
        const told = named.parse(JSON.parse(text));
        assert.deepEqual([told.token, told.key_alias], [id, 'my-app']);
        assert.match(told.event_message, /\(my-app\)/);
      }
    } finally {
      await gateway.close();
      await receiver.stop();
    }
  });

  test('tells of a target that can not be reached, and nothing of what clients do wrong', async () => {
    const receiver = new Receiver();
    await receiver.start();
    const env = {
      OUTCROP_SINKS: 'webhook',
      WEBHOOK_URL: receiver.origin,
      // The discard port: nothing listens there.
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://127.0.0.1:9',
    };
    const gateway = await startTestGateway({ env });
    try {
      const { bearer } = await issueKey(gateway.origin);
      for (let call = 0; call < 10; call += 1) {
        const refused = await send(gateway.origin, CONVERSE, { authorization: 'Bearer sk-unknown' });
        assert.equal(refused.status, 401);
      }
      await statuses(gateway, bearer, 5);
      await until(() => receiver.received.length === 1);
      const { event: name, event_message: message } = event.parse(JSON.parse(receiver.received[0]?.text ?? ''));
      assert.equal(name, 'target_failing');
      assert.match(message, /it can not be reached \(ECONNREFUSED\)$/);
    } finally {
      await gateway.close();
    }
  });
});

async function statuses({ origin }: TestGateway, bearer: string, count: number): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let call = 0; call < count; call += 1) {
    const answer = await send(origin, CONVERSE, { authorization: `Bearer ${bearer}` });
    await answer.arrayBuffer();
    seen.push(answer.status);
  }
  return seen;
}

describe('the watch over the spool', () => {
  test('looks every five seconds, and tells of a full spool and of a store that is down', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const spool = { spoolBytes: 10, spoolBytesMax: 100, isFull: false, isStoreDown: false };
    let nowMs = 0;
    const told: AlertFacts['kind'][] = [];
    const watch = watchHealth({
      ledger: Promise.resolve({ state: () => spool }),
      alert: ({ kind }) => told.push(kind),
      clock: { nowMs: () => nowMs, elapsedMs: () => nowMs },
      log: collectingLog().log,
    });
    // The ledger opens a moment later than the watch begins.
    await Promise.resolve();
    const pass = (seconds: number): void => {
      for (let passed = 0; passed < seconds; passed += 5) {
        nowMs += 5000;
        mock.timers.tick(5000);
      }
    };
    try {
      pass(60);
      assert.deepEqual(told, []);
      spool.isStoreDown = true;
      spool.spoolBytes = 60;
      pass(60);
      assert.deepEqual(told, ['spoolFilling', 'storeDown']);
      spool.isStoreDown = false;
      spool.spoolBytes = 0;
      pass(10);
      assert.deepEqual(told, ['spoolFilling', 'storeDown', 'spoolCalm', 'storeWorking']);
    } finally {
      watch.stop();
      mock.timers.reset();
    }
  });
});
