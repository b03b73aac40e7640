import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { CommandError } from '../../src/commands/command-error.ts';
import { listSinks, type SinksCommand, testSink } from '../../src/commands/sinks.ts';
import { loadConfig } from '../../src/config/load.ts';
import { SINKS } from '../../src/sinks/index.ts';
import { Receiver } from '../sinks/receiver.ts';
import { AWS_KEYS, testFolder } from '../sinks/test-sinks.ts';

interface Said {
  readonly lines: readonly string[];
  readonly error: string | null;
}

async function run(
  work: (command: SinksCommand) => Promise<void>,
  env: Readonly<Record<string, string>>,
  file: string | null = null,
  json = false,
): Promise<Said> {
  const lines: string[] = [];
  const { settings } = loadConfig({
    flags: {},
    env: { OUTCROP_DATA_DIR: testFolder(), ...env },
    file: file === null ? null : { name: 'outcrop.yaml', text: file },
  });
  try {
    await work({ settings, env, json, say: (text) => void lines.push(text) });
    return { lines, error: null };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { lines, error: error.message };
  }
}

const tryOut = (name: string) => (command: SinksCommand) =>
  testSink(name, { ...command, loadAwsCredentials: async () => AWS_KEYS });

describe('outcrop sinks', () => {
  test('lists every sink and which are configured', async () => {
    const file = 'sinks:\n  hook: { type: generic_api, endpoint: "https://example.com" }\n  stdout:\n';
    const { lines } = await run(listSinks, {}, file);
    const text = lines.join('\n');
    for (const name of Object.keys(SINKS)) assert.match(text, new RegExp(`^${name} `, 'm'));
    assert.match(text, /^generic_api +at-least-once +hook +JSON by POST/m);
    assert.match(text, /^stdout +best-effort +stdout /m);
    assert.match(text, /^datadog +best-effort +- /m);
    const rows = z
      .array(z.object({ type: z.string(), variables: z.record(z.string(), z.array(z.string())) }))
      .parse(JSON.parse((await run(listSinks, {}, file, true)).lines.join('')));
    assert.deepEqual(rows.find(({ type }) => type === 'slack')?.variables, { webhook_url: ['SLACK_WEBHOOK_URL'] });
  });
});

describe('outcrop sinks test', () => {
  test('sends a sample to each sink with a receiver, and shows what came back without what is secret', async () => {
    const receiver = new Receiver(() => ({ status: 201, body: '{"hello":"very-secret"}' }));
    await receiver.start();
    const { origin, port } = receiver;
    const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      generic_api: { GENERIC_LOGGER_ENDPOINT: `${origin}/secret`, GENERIC_LOGGER_HEADERS: 'X=very-secret' },
      s3_v2: { S3_BUCKET_NAME: 'logs', S3_ENDPOINT_URL: origin, AWS_REGION: 'us-east-1' },
      aws_sqs: { SQS_QUEUE_URL: `${origin}/0/q`, SQS_REGION_NAME: 'us-east-1' },
      firehose: { FIREHOSE_STREAM_NAME: 'x', FIREHOSE_ENDPOINT_URL: origin, AWS_REGION: 'us-east-1' },
      cloudwatch: { CLOUDWATCH_LOG_GROUP: 'x', CLOUDWATCH_ENDPOINT_URL: origin, AWS_REGION: 'us-east-1' },
      datadog: { DD_API_KEY: 'very-secret', DD_BASE_URL: origin },
      lago: { LAGO_API_BASE: origin, LAGO_API_KEY: 'very-secret', LAGO_API_EVENT_CODE: 'x' },
      openmeter: { OPENMETER_API_ENDPOINT: origin, OPENMETER_API_KEY: 'very-secret' },
      sentry: { SENTRY_DSN: `http://very-secret@127.0.0.1:${port}/1` },
      slack: { SLACK_WEBHOOK_URL: `${origin}/secret` },
      webhook: { WEBHOOK_URL: `${origin}/secret` },
    };
    for (const [name, env] of Object.entries(cases)) {
      const tries = receiver.tries;
      const { lines, error } = await run(tryOut(name), env);
      assert.equal(error, null, name);
      assert.equal(receiver.tries, tries + 1, name);
      assert.match(
        lines.join('\n'),
        new RegExp(`^(POST|PUT) ${origin}: 201 \\{"hello":".*\\nThe sink ${name} has taken`),
      );
      if (Object.values(env).includes('very-secret')) assert.doesNotMatch(lines.join(), /secret/);
    }
    await receiver.stop();
  });

  test('fails with the reason when the sample is not taken', async () => {
    const receiver = new Receiver(() => ({ status: 403, body: 'who are you?' }));
    await receiver.start();
    const env = { GENERIC_LOGGER_ENDPOINT: receiver.origin };
    const refused = await run(tryOut('generic_api'), env);
    assert.deepEqual(refused, {
      lines: [`POST ${receiver.origin}: 403 who are you?`],
      error: 'The sink generic_api did not take the sample: it answered 403.',
    });
    await receiver.stop();
    const away = await run(tryOut('generic_api'), env);
    assert.deepEqual(away.lines, [`POST ${receiver.origin}: no answer`]);
    assert.match(away.error ?? '', /it can not be reached \(ECONNREFUSED\)/);
  });

  test('tells what is missing, and a sink that does not exist', async () => {
    assert.match((await run(tryOut('lago'), {})).error ?? '', /^sink lago: api_base \(or LAGO_API_BASE/);
    assert.match((await run(tryOut('nothing'), {})).error ?? '', /There is no sink nothing; none is configured/);
    const file = 'sinks:\n  gen_array: { type: generic_api, endpoint: "https://example.com" }\n  stdout:\n';
    assert.equal(
      (await run(tryOut('gen_aray'), {}, file)).error,
      'There is no sink gen_aray; configured are gen_array, stdout: did you mean gen_array? "outcrop sinks" lists those there are.',
    );
    assert.match((await run(tryOut('prometheus'), {})).error ?? '', /it fetches \/metrics/);
  });

  test('uses the settings of the file, by the name they have there', async () => {
    const dataDir = testFolder();
    const file = path.join(dataDir, 'deep', 'calls.jsonl');
    const { error } = await run(tryOut('mine'), {}, `sinks:\n  mine: { type: file, path: ${file} }\n`);
    assert.equal(error, null);
    assert.ok(existsSync(file));
  });
});
