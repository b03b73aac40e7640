import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { AlertFacts } from '../../src/domain/alert.ts';
import { until } from '../support/until.ts';
import { Receiver } from './receiver.ts';
import { openTestSinks, sampleEvent, settingsOf } from './test-sinks.ts';

const TARGET: AlertFacts = {
  kind: 'targetFailing',
  service: 'bedrock-runtime',
  region: 'us-east-1',
  reason: 'no <!channel> & no connection',
};

describe('alerts', () => {
  test('go to Slack as text that can call nobody, and to a webhook each by itself', async () => {
    const receiver = new Receiver();
    await receiver.start();
    const sinks = await openTestSinks([
      settingsOf('slack', { webhook_url: `${receiver.origin}/services/T/B/x` }),
      settingsOf('webhook', { url: `${receiver.origin}/hook`, headers: { Authorization: 'Bearer x' } }),
    ]);
    sinks.alert(TARGET);
    sinks.alert({ kind: 'spoolFilling', bytes: 1, bytesMax: 2 });
    await until(() => sinks.state().every(({ delivered }) => delivered === 2));
    const slack = receiver.received.filter(({ target }) => target === '/services/T/B/x').map(({ text }) => text);
    assert.deepEqual(slack, [
      JSON.stringify({
        text: 'bedrock-runtime in us-east-1 fails: no &lt;!channel&gt; &amp; no connection\nThe spool has 0 of 0 MiB: at its bound new requests are refused. Is the database in reach?',
      }),
    ]);
    const hooks = receiver.received.filter(({ target }) => target === '/hook');
    const events = hooks.map(({ text }) => z.object({ event: z.string() }).parse(JSON.parse(text)).event);
    assert.deepEqual(events.sort(), ['spool_filling', 'target_failing']);
    assert.ok(hooks.every(({ headers }) => headers.authorization === 'Bearer x'));
    await sinks.kill();
    await receiver.stop();
  });

  test('are raised when a sink of calls fails and when it works again, once each', async () => {
    const [calls, alerts] = [new Receiver(), new Receiver()];
    await calls.start();
    await alerts.start();
    calls.mood = 'error';
    const sinks = await openTestSinks([
      settingsOf('generic_api', { endpoint: calls.origin }),
      settingsOf('slack', { webhook_url: alerts.origin }),
    ]);
    sinks.accept(sampleEvent(1));
    await until(() => calls.tries > 3);
    calls.mood = 'well';
    await until(() =>
      alerts.received
        .map(({ text }) => text)
        .join()
        .includes('works again'),
    );
    const told = alerts.received.flatMap(({ text }) =>
      z.object({ text: z.string() }).parse(JSON.parse(text)).text.split('\n'),
    );
    assert.deepEqual(told, [
      'The sink generic_api takes nothing: it answered 500',
      'The sink generic_api works again.',
    ]);
    await sinks.kill();
    await calls.stop();
    await alerts.stop();
  });

  test('a sink for alerts that fails tells the others, and never itself', async () => {
    const [broken, well] = [new Receiver(), new Receiver()];
    await broken.start();
    await well.start();
    broken.mood = 'error';
    const sinks = await openTestSinks(
      [settingsOf('slack', { webhook_url: broken.origin }), settingsOf('webhook', { url: well.origin })],
      { bounds: { patienceMs: 5 } },
    );
    sinks.alert(TARGET);
    await until(() => well.received.length === 3);
    const events = well.received.map(({ text }) => z.object({ event: z.string() }).parse(JSON.parse(text)).event);
    assert.deepEqual(events.sort(), ['sink_dropping', 'sink_failing', 'target_failing']);
    assert.ok(broken.tries > 1);
    assert.match(well.received.map(({ text }) => text).join(), /Some alerts are lost to the sink slack: its receiver/);
    assert.doesNotMatch(JSON.stringify([well.received.map(({ text }) => text), sinks.lines]), /ledger|call records/);
    await sinks.kill();
    await broken.stop();
    await well.stop();
  });

  test('are bounded when nobody takes them', async () => {
    const receiver = new Receiver();
    await receiver.start();
    receiver.mood = 'silent';
    const sinks = await openTestSinks([settingsOf('slack', { webhook_url: receiver.origin })]);
    for (let count = 0; count < 1000; count += 1) sinks.alert(TARGET);
    assert.ok(sinks.one().queued <= 110);
    assert.equal(sinks.one().queued + sinks.one().dropped, 1000);
    await sinks.kill();
    await receiver.stop();
  });
});
