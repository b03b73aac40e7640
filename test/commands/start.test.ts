import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { runOutcrop, startOutcrop, type Run } from './run-outcrop.ts';

const FAKE_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE000000000', AWS_SECRET_ACCESS_KEY: 'example' };
const NO_NOTICE = { OUTCROP_SHUTDOWN_NOTICE_MS: '0' };

async function startedOn(run: Run): Promise<string> {
  await run.says('Point Bedrock clients at');
  const [, origin] = /listens on (\S+)\./.exec(run.output()) ?? [];
  assert.ok(origin !== undefined);
  return origin.replace('0.0.0.0', '127.0.0.1');
}

async function endedBy(run: Run, signal: NodeJS.Signals): Promise<number | null> {
  run.child.kill(signal);
  return run.ended;
}

describe('a gateway without AWS credentials', () => {
  test('starts, says on one line what is missing and that the demo needs none, and refuses as AWS would', async () => {
    const run = startOutcrop(['--port', '0'], { env: { AWS_REGION: 'us-east-1', ...NO_NOTICE } });
    const origin = await startedOn(run);
    await run.says('No AWS credentials');
    assert.match(run.output(), /^No AWS credentials.*outcrop doctor.*demo needs none\.$/m);

    assert.equal((await fetch(`${origin}/health/readiness`)).status, 200);
    const answer = await fetch(`${origin}/bedrock/model/amazon.nova-lite-v1:0/converse`, {
      method: 'POST',
      body: '{}',
    });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'ServiceUnavailableException');
    assert.match(await answer.text(), /no AWS credentials/);
    assert.equal(await endedBy(run, 'SIGTERM'), 0);
  });
});

describe('sinks at start', () => {
  test('a mistake ends it before it has said that it listens, and names sink, setting and variable', async () => {
    const env = { ...FAKE_CREDENTIALS, ...NO_NOTICE, OUTCROP_SINKS: 's3_v2,slack', AWS_REGION: 'us-east-1' };
    const { code, output } = await runOutcrop(['start', '--port', '0'], { env });
    assert.equal(code, 1);
    assert.deepEqual(output.trim().split('\n'), [
      'outcrop: sink s3_v2: s3_bucket_name (or S3_BUCKET_NAME in the environment) is missing',
      'outcrop: sink slack: webhook_url (or SLACK_WEBHOOK_URL in the environment) is missing',
    ]);
  });

  test(
    'a file that can not be written is told, and the process ends when it is told to',
    { skip: process.platform !== 'linux', timeout: 30_000 },
    async () => {
      const env = {
        ...FAKE_CREDENTIALS,
        ...NO_NOTICE,
        OUTCROP_SINKS: 'file',
        OUTCROP_CALLS_FILE: '/proc/none/deep/calls.jsonl',
      };
      const run = startOutcrop(['start', '--port', '0'], { env });
      await startedOn(run);
      await until(() => run.errors().includes('does not answer yet'));
      assert.match(run.errors(), /"sink":"file","reason":"the file can not be written \(ENOENT\)"/);
      assert.equal(await endedBy(run, 'SIGTERM'), 0);
    },
  );
});

describe('where the gateway listens', () => {
  test('without a master key: on loopback, and it says so', async () => {
    const run = startOutcrop(['--port', '0'], { env: { ...FAKE_CREDENTIALS, ...NO_NOTICE } });
    assert.match(await startedOn(run), /^http:\/\/127\.0\.0\.1:/);
    await run.says('No master key: open to programs on this machine, and to nobody else.');
    await run.says('No AWS region');
    assert.equal(await endedBy(run, 'SIGINT'), 0);
  });

  test('with a master key, by the name LiteLLM gives it too: everywhere, and the key is not shown', async () => {
    const env = { ...FAKE_CREDENTIALS, ...NO_NOTICE, LITELLM_MASTER_KEY: 'sk-never-shown-0a8f3c51d97e' };
    const run = startOutcrop(['start', '--port', '0'], { env });
    await startedOn(run);
    await run.says('Callers need the master key, or a virtual key made with it.');
    assert.match(run.output(), /listens on http:\/\/0\.0\.0\.0:/);
    assert.equal(await endedBy(run, 'SIGTERM'), 0);
    assert.ok(!`${run.output()}${run.errors()}`.includes('sk-never-shown'));
  });
});

describe('the gateway does not start', () => {
  const rows = [
    ['open to the network without a key', { OUTCROP_HOST: '0.0.0.0' }, /there is no master key/],
    [
      'as its own upstream',
      { OUTCROP_PORT: '4999', AWS_ENDPOINT_URL: 'http://localhost:4999' },
      /is this gateway itself/,
    ],
    ['with credentials of a gateway', { AWS_ACCESS_KEY_ID: 'sk-1234' }, /a key of a gateway, not of AWS/],
    ['with TLS files that are not there', { OUTCROP_TLS_CERT: 'no.pem', OUTCROP_TLS_KEY: 'no.pem' }, /ENOENT.*no\.pem/],
    ['with a setting that is wrong', { OUTCROP_LOG_LEVEL: 'loud' }, /logLevel \(from OUTCROP_LOG_LEVEL\)/],
  ] as const;
  for (const [name, env, expected] of rows) {
    test(`${name}, and says why without a stack`, async () => {
      const all = { ...FAKE_CREDENTIALS, OUTCROP_PORT: '0', ...env };
      const { code, output, errors } = await runOutcrop(['start'], { env: all });
      assert.equal(code, 1);
      assert.equal(output, '');
      assert.match(errors, expected);
      assert.doesNotMatch(errors, /\n {4}at /);
    });
  }

  test('on a port that is taken, and says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    const { code, errors } = await runOutcrop(['--port', String(address.port)], { env: FAKE_CREDENTIALS });
    other.close();
    assert.equal(code, 1);
    assert.match(errors, /^outcrop: .*EADDRINUSE.*choose one with --port\.\n$/);
  });

  test('with a command that is none', async () => {
    const { code, errors } = await runOutcrop(['strat']);
    assert.equal(code, 1);
    assert.notEqual(errors, '');
  });
});
