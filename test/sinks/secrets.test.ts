import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { needs } from '../support/needs.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { until } from '../support/until.ts';
import { Receiver } from './receiver.ts';
import { openTestSinks, sampleEvent, settingsOf } from './test-sinks.ts';

const CANARY = 'canary-5f1d';

describe('what sinks know of secret', () => {
  const echo = new Receiver(({ text, headers, target }) => ({
    status: 403,
    body: JSON.stringify({ __type: `Denied#${CANARY}`, text, headers, target }),
  }));
  const alerts = new Receiver();
  test('is in no log line, no state, no alert and no outbox, though the receiver repeats all of it', async () => {
    await echo.start();
    await alerts.start();
    const { origin, port } = echo;
    const aws = (prefix: string) => ({
      [`${prefix}_region_name`]: 'us-east-1',
      [`${prefix}_aws_access_key_id`]: 'AKIA',
      [`${prefix}_aws_secret_access_key`]: `${CANARY}-aws`,
      [`${prefix}_aws_session_token`]: `${CANARY}-token`,
    });
    const secret = { headers: { Authorization: `Bearer ${CANARY}` } };
    const sinks = await openTestSinks(
      [
        settingsOf('generic_api', { endpoint: `${origin}/${CANARY}?token=${CANARY}`, ...secret }),
        settingsOf('s3_v2', { s3_bucket_name: 'logs', s3_endpoint_url: origin, ...aws('s3') }),
        settingsOf('aws_sqs', { sqs_queue_url: `${origin}/${CANARY}`, ...aws('sqs') }),
        settingsOf('firehose', { firehose_stream_name: 'x', firehose_endpoint_url: origin, ...aws('firehose') }),
        settingsOf('cloudwatch', { cloudwatch_log_group: 'x', cloudwatch_endpoint_url: origin, ...aws('cloudwatch') }),
        settingsOf('datadog', { api_key: CANARY, base_url: origin }),
        settingsOf('lago', { api_key: CANARY, api_base: origin, event_code: 'x', charge_by: 'user_id' }),
        settingsOf('openmeter', { api_key: CANARY, api_endpoint: origin }),
        settingsOf('sentry', { dsn: `http://${CANARY}@127.0.0.1:${port}/1` }),
        settingsOf('webhook', { url: `${origin}/${CANARY}`, ...secret }),
        settingsOf('slack', { webhook_url: alerts.origin }),
      ],
      { bounds: { patienceMs: 5 } },
    );
    const event = sampleEvent(1);
    sinks.accept({ ...event, record: { ...event.record, outcome: 'broken' } });
    const failing = () => sinks.state().filter(({ lastError }) => lastError !== null);
    const areAllTold = () => sinks.state().some(({ name, delivered }) => name === 'slack' && delivered >= 10);
    await until(() => failing().length === 10 && areAllTold());
    const told = JSON.stringify([sinks.state(), sinks.lines, alerts.received.map(({ text }) => text)]);
    await sinks.kill();
    const files = readdirSync(sinks.dataDir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.seg'))
      .map((name) => readFileSync(path.join(sinks.dataDir, name), 'utf8'));
    assert.equal(files.length, 6);
    assert.doesNotMatch(told + files.join(''), new RegExp(CANARY));
    assert.match(told, /it answered 403/);
  });
});

describe('a receiver with a certificate that nobody vouches for', needs('openssl'), () => {
  test('gets nothing, and the reason is told', async () => {
    const certificate = makeSelfSigned();
    const tls = { cert: certificate.certificate, key: readFileSync(certificate.keyFile, 'utf8') };
    const receiver = new Receiver(() => ({ status: 200 }), tls);
    await receiver.start();
    const sinks = await openTestSinks([settingsOf('generic_api', { endpoint: receiver.origin })]);
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().failing && sinks.lines.length >= 2);
    assert.equal(sinks.one().lastError?.message, 'it can not be reached (DEPTH_ZERO_SELF_SIGNED_CERT)');
    assert.equal(receiver.tries, 0);
    await sinks.kill();
    await receiver.stop();
    certificate.remove();
  });
});
