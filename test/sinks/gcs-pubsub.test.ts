import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { SinkSettingsError } from '../../src/sinks/define-sink.ts';
import { createAccessTokens } from '../../src/sinks/google/access-token.ts';
import { prepareSinks } from '../../src/sinks/prepare-sinks.ts';
import { trySink } from '../../src/sinks/try-sink.ts';
import { until } from '../support/until.ts';
import {
  ACCESS_TOKEN,
  googleAnswer,
  isPublish,
  messagesOf,
  PRIVATE_KEY,
  publishAnswer,
  serviceAccountFile,
  verifyAssertion,
} from './google-receiver.ts';
import { testContext } from './otel-collector.ts';
import { type Answering, Receiver } from './receiver.ts';
import { openTestSinks, sampleEvent, sampleEvents, settingsOf } from './test-sinks.ts';

const TOPIC = { gcs_pubsub_topic_id: 'calls', gcs_pubsub_project_id: 'my-project' };

async function started(answering: Answering): Promise<Receiver> {
  const receiver = new Receiver(answering);
  await receiver.start();
  return receiver;
}

describe('messages in Google Cloud Pub/Sub', () => {
  test('carry a token of the machine’s own account where no key file is given, in LiteLLM’s format', async () => {
    const receiver = await started((request) => {
      if (isPublish(request)) return publishAnswer(request);
      assert.equal(request.method, 'GET');
      assert.equal(request.target, '/computeMetadata/v1/instance/service-accounts/default/token');
      assert.equal(request.headers['metadata-flavor'], 'Google');
      return { status: 200, body: JSON.stringify({ access_token: ACCESS_TOKEN, expires_in: 3000 }) };
    });
    const sinks = await openTestSinks([settingsOf('gcs_pubsub', { gcs_pubsub_endpoint_url: receiver.origin })], {
      env: {
        GCS_PUBSUB_TOPIC_ID: 'calls',
        GOOGLE_CLOUD_PROJECT: 'my-project',
        GCE_METADATA_HOST: `127.0.0.1:${receiver.port}`,
      },
    });
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().delivered === 1);
    const [asked, published] = receiver.received;
    assert.ok(asked !== undefined && published !== undefined);
    assert.equal(published.target, '/v1/projects/my-project/topics/calls:publish');
    assert.equal(published.headers.authorization, `Bearer ${ACCESS_TOKEN}`);
    assert.equal(published.headers['content-type'], 'application/json');
    assert.match(messagesOf(published)[0] ?? '', /"call_type":"allm_passthrough_route"/);
    await sinks.kill();
  });

  test('go to an emulator without credentials', async () => {
    const receiver = await started(publishAnswer);
    const env = { PUBSUB_EMULATOR_HOST: `127.0.0.1:${receiver.port}`, GCS_PATH_SERVICE_ACCOUNT: '/nowhere.json' };
    const sinks = await openTestSinks([settingsOf('gcs_pubsub', TOPIC)], { env });
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().delivered === 1);
    assert.equal(receiver.received[0]?.headers.authorization, undefined);
    await sinks.kill();
  });

  test('go under one token while it is good, and under a new one when it is not wanted any more', async () => {
    let good = 1;
    let given = 0;
    const receiver = await started((request) => {
      if (!isPublish(request)) {
        verifyAssertion(request);
        given += 1;
        return { status: 200, body: JSON.stringify({ access_token: `token-${given}`, expires_in: 3600 }) };
      }
      return request.headers.authorization === `Bearer token-${good}` ? publishAnswer(request) : { status: 401 };
    });
    const options = {
      ...TOPIC,
      gcs_path_service_account: serviceAccountFile(receiver.origin),
      gcs_pubsub_endpoint_url: receiver.origin,
    };
    const sinks = await openTestSinks([settingsOf('gcs_pubsub', options)]);
    for (let count = 1; count <= 3; count += 1) {
      sinks.accept(sampleEvent(count));
      await until(() => sinks.one().delivered === count);
    }
    assert.equal(given, 1);
    good = 2;
    sinks.accept(sampleEvent(4));
    await until(() => sinks.one().delivered === 4);
    assert.equal(given, 2);
    assert.equal(sinks.one().lastError?.message, 'it answered 401');
    await sinks.kill();
  });

  test('that are malformed to the receiver are found among the others, which arrive', async () => {
    const receiver = await started((request) =>
      messagesOf(request).some((message) => message.includes(sampleEvent(13).record.id))
        ? { status: 400, body: '{"error":{"status":"INVALID_ARGUMENT"}}' }
        : publishAnswer(request),
    );
    const options = { ...TOPIC, pubsub_emulator_host: `127.0.0.1:${receiver.port}` };
    const sinks = await openTestSinks([settingsOf('gcs_pubsub', options)]);
    for (const event of sampleEvents(20)) sinks.accept(event);
    await until(() => sinks.one().delivered + sinks.one().refused === 20);
    assert.equal(sinks.one().refused, 1);
    await sinks.kill();
  });

  test('a trial shows what the receiver said, and no token', async () => {
    const receiver = await started((request) =>
      isPublish(request) ? { status: 403, body: 'denied to this account' } : googleAnswer(request),
    );
    const options = {
      ...TOPIC,
      gcs_path_service_account: serviceAccountFile(receiver.origin),
      gcs_pubsub_endpoint_url: receiver.origin,
    };
    const [entry] = await prepareSinks([settingsOf('gcs_pubsub', options)], {});
    assert.ok(entry !== undefined);
    const context = { ...testContext('gcs_pubsub'), clock: { nowMs: () => Date.now(), elapsedMs: () => 0 } };
    const trial = await trySink(entry, context, 'sample');
    await context.end();
    assert.deepEqual(
      trial.exchanged.map(({ status, text }) => [status, text]),
      [
        [200, '(not shown)'],
        [403, 'denied to this account'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(trial), new RegExp(ACCESS_TOKEN));
  });

  test('settings that are missing, and files that hold no key, are told without what is in them', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    const origin = 'http://127.0.0.1:9';
    const table = [
      [{ gcs_pubsub_topic_id: 'calls' }, /gcs_pubsub_project_id .* is missing/],
      [{ ...TOPIC, gcs_pubsub_topic_id: 'projects/x/topics/secret' }, /gcs_pubsub_topic_id .*: must be the name/],
      [{ ...TOPIC, gcs_pubsub_project_id: '../secret' }, /gcs_pubsub_project_id .*: must be the id/],
      [{ ...TOPIC, pubsub_emulator_host: 'secret/..' }, /pubsub_emulator_host .*: must be a host/],
      [{ ...TOPIC, gcs_path_service_account: '/nowhere/secret' }, /the file can not be read \(ENOENT\)/],
      [{ ...TOPIC, gcs_path_service_account: serviceAccountFile(origin, { type: 'secret' }) }, /not the JSON key file/],
      [
        { ...TOPIC, gcs_path_service_account: serviceAccountFile(origin, { private_key: ec }) },
        /not the JSON key file/,
      ],
      [
        { ...TOPIC, gcs_path_service_account: serviceAccountFile(origin, { private_key: PRIVATE_KEY.slice(0, 400) }) },
        /not the JSON key file/,
      ],
    ] as const;
    for (const [options, expected] of table) {
      await assert.rejects(openTestSinks([settingsOf('gcs_pubsub', options)]), (error: unknown) => {
        assert.ok(error instanceof SinkSettingsError);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /secret|PRIVATE/);
        return true;
      });
    }
  });

  test('the file names the project where nothing else does', async () => {
    const receiver = await started(googleAnswer);
    const options = {
      gcs_pubsub_topic_id: 'calls',
      gcs_path_service_account: serviceAccountFile(receiver.origin, { project_id: 'of-the-file' }),
      gcs_pubsub_endpoint_url: receiver.origin,
    };
    const sinks = await openTestSinks([settingsOf('gcs_pubsub', options)]);
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().delivered === 1);
    assert.match(receiver.received.at(-1)?.target ?? '', /^\/v1\/projects\/of-the-file\/topics\/calls:publish$/);
    await sinks.kill();
  });
});

describe('access tokens of Google', () => {
  test('are asked for once by all, again before they end, and again after a failure', async () => {
    let [nowMs, asked, status] = [0, 0, 500];
    const tokens = createAccessTokens({
      account: null,
      metadataHost: 'metadata.google.internal',
      scope: 'any',
      clock: { nowMs: () => nowMs, elapsedMs: () => nowMs },
      http: {
        reach: async () => undefined,
        send: async () => {
          asked += 1;
          const text = JSON.stringify({ access_token: `token-${asked}`, expires_in: 3600 });
          return { status, retryAfter: '7', errorType: null, text };
        },
      },
    });
    const { signal } = new AbortController();
    await assert.rejects(tokens.get(signal), { message: 'it answered 500 when asked for a token', retryAfterMs: 7000 });
    status = 200;
    assert.deepEqual(await Promise.all([tokens.get(signal), tokens.get(signal)]), ['token-2', 'token-2']);
    nowMs = 56 * 60_000;
    assert.equal(await tokens.get(signal), 'token-2');
    nowMs = 57 * 60_000;
    assert.equal(await tokens.get(signal), 'token-3');
    tokens.forget();
    assert.equal(await tokens.get(signal), 'token-4');
  });
});
