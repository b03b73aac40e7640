import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { sinkSettings } from '../../src/config/sink-settings.ts';
import { SinkSettingsError } from '../../src/sinks/define-sink.ts';
import { SINKS } from '../../src/sinks/index.ts';
import { definitionOf, prepareSinks } from '../../src/sinks/prepare-sinks.ts';
import { until } from '../support/until.ts';
import { Receiver } from './receiver.ts';
import { openTestSinks, sampleEvent, settingsOf, testFolder } from './test-sinks.ts';

const schema = z.strictObject(sinkSettings);

async function mistakesOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SinkSettingsError) return error.lines;
    throw error;
  }
  return [];
}

const mistakes = (
  name: string,
  options: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> => mistakesOf(() => openTestSinks([settingsOf(name, options)], { env }));

describe('the setting sinks', () => {
  test('is names, from the environment or the file, or a map with settings', () => {
    const names = (sinks: unknown) => schema.parse({ sinks }).sinks.map(({ name, type }) => `${name}:${type}`);
    assert.deepEqual(names(undefined), []);
    assert.deepEqual(names(''), []);
    assert.deepEqual(names('stdout, S3_v2,,stdout'), ['stdout:stdout', 's3_v2:s3_v2']);
    assert.deepEqual(names(['datadog']), ['datadog:datadog']);
    assert.deepEqual(names({ stdout: null, file: true, hook: { type: 'generic_api' } }), [
      'stdout:stdout',
      'file:file',
      'hook:generic_api',
    ]);
  });

  test('tells what belongs to every sink from what is the sink’s own', () => {
    const { sinks } = schema.parse({
      sinks: {
        s3_v2: {
          flush_interval: 10,
          batch_size: '200',
          delivery: 'best-effort',
          content: false,
          s3_bucket_name: 'logs',
        },
      },
    });
    assert.deepEqual(sinks, [
      {
        ...settingsOf('s3_v2', { s3_bucket_name: 'logs' }),
        delivery: 'best-effort',
        content: false,
        batchSize: 200,
        flushIntervalMs: 10_000,
      },
    ]);
  });

  test('says where a mistake is, without its value', () => {
    const issues = (sinks: unknown) =>
      schema.safeParse({ sinks }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    assert.match(issues('Bad Name!')?.[0] ?? '', /^sinks\.0: must be names of/);
    assert.match(issues({ 'Bad Name!': null })?.[0] ?? '', /^sinks\.Bad Name!: must be names of/);
    assert.match(issues({ s3_v2: { batch_size: 'secret' } })?.join() ?? '', /^sinks\.s3_v2\.batch_size: /);
    assert.match(issues({ s3_v2: 'secret' })?.join() ?? '', /^sinks\.s3_v2: /);
    assert.deepEqual(
      issues({ a: { batch_size: 0, delivery: 'twice' } })?.map((line) => /^[^:]*/.exec(line)?.[0]),
      ['sinks.a.delivery', 'sinks.a.batch_size'],
    );
    assert.doesNotMatch(issues({ s3_v2: { batch_size: 'secret' } })?.join() ?? '', /secret/);
    assert.equal(issues(5)?.length, 1);
  });
});

describe('settings of sinks', () => {
  test('a sink that does not exist is told with the one that may be meant', async () => {
    const [line = ''] = await mistakes('pigeon');
    assert.match(line, /^sink pigeon: there is no sink of the type pigeon: "outcrop sinks" lists those there are$/);
    const meant = ['s3', 'sqs', 'langfus', 'datadogs', 'gen_api', 'gcs_bucket', 'x'].map(
      async (name) => /did you mean (\w+)/.exec((await mistakes(name))[0] ?? '')?.[1],
    );
    assert.deepEqual(await Promise.all(meant), [
      's3_v2',
      'aws_sqs',
      'langfuse',
      'datadog',
      undefined,
      undefined,
      undefined,
    ]);
    assert.match((await mistakes('toString'))[0] ?? '', /there is no sink/);
  });

  test('whatever is missing is told by its name and its variable, for all sinks at once', async () => {
    const settings = Object.keys(SINKS).map((name) => settingsOf(name));
    const lines = await mistakesOf(() => prepareSinks(settings, {}));
    for (const line of [
      'sink generic_api: endpoint (or GENERIC_LOGGER_ENDPOINT in the environment) is missing',
      'sink s3_v2: s3_bucket_name (or S3_BUCKET_NAME in the environment) is missing',
      'sink aws_sqs: sqs_queue_url (or SQS_QUEUE_URL in the environment) is missing',
      'sink lago: api_key (or LAGO_API_KEY in the environment) is missing',
      'sink slack: webhook_url (or SLACK_WEBHOOK_URL in the environment) is missing',
      'sink sentry: dsn (or SENTRY_DSN in the environment) is missing',
    ]) {
      assert.ok(lines.includes(line), `${line} is not among\n${lines.join('\n')}`);
    }
    assert.deepEqual(await mistakes('datadog'), [
      'sink datadog: DD_API_KEY is missing in the environment',
      'sink datadog: DD_SITE is missing in the environment',
    ]);
  });

  test('a setting that does not exist, half a pair, and what is malformed are told without values', async () => {
    const table = [
      ['generic_api', { endpoint: 'https://example.com', colour: 'red' }, /it has no setting colour/],
      ['generic_api', { endpoint: 'ftp://secret' }, /endpoint .*: must be an http/],
      [
        'generic_api',
        { endpoint: 'https://user:secret@example.com' },
        /must be an http:\/\/ or https:\/\/ URL without user/,
      ],
      [
        'generic_api',
        { endpoint: 'https://example.com', headers: { 'bad name': 'secret' } },
        /headers .*: must be headers/,
      ],
      [
        's3_v2',
        { s3_bucket_name: 'UP', s3_region_name: 'us-east-1' },
        /s3_bucket_name .*: must be the name of a bucket/,
      ],
      ['s3_v2', { s3_bucket_name: 'logs', s3_region_name: 'mars' }, /s3_region_name .*: must be an AWS region/],
      [
        's3_v2',
        { s3_bucket_name: 'logs', s3_region_name: 'us-east-1', s3_aws_access_key_id: 'secret' },
        /s3_aws_access_key_id and s3_aws_secret_access_key go together/,
      ],
      ['aws_sqs', { sqs_queue_url: 'http://127.0.0.1:9/1/q' }, /sqs_region_name is missing/],
      [
        's3_v2',
        { s3_bucket_name: 'logs', s3_region_name: 'us-east-1', s3_strip_base64_files: false },
        /s3_strip_base64_files: can not be false: images and documents are always replaced by their size and hash/,
      ],
      [
        'aws_sqs',
        { sqs_queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q', sqs_strip_base64_files: 'false' },
        /sqs_strip_base64_files: can not be false/,
      ],
      ['sentry', { dsn: 'https://example.com/secret' }, /dsn .* must look like/],
    ] as const;
    for (const [name, options, expected] of table) {
      const lines = await mistakes(name, options);
      assert.match(lines.join('\n'), expected);
      assert.doesNotMatch(lines.join('\n'), /secret\b(?!_)/);
    }
  });

  test('the file comes before the environment, and may name a variable as LiteLLM does', async () => {
    const [file, env, named] = await Promise.all([new Receiver(), new Receiver(), new Receiver()].map(started));
    assert.ok(file !== undefined && env !== undefined && named !== undefined);
    const sinks = await openTestSinks(
      [
        { ...settingsOf('one', { endpoint: file.origin }), type: 'generic_api' },
        { ...settingsOf('two'), type: 'generic_api' },
        {
          ...settingsOf('three', { endpoint: 'os.environ/MY_HOOK', headers: { 'X-B': 'os.environ/MY_TOKEN' } }),
          type: 'generic_api',
        },
        { ...settingsOf('four', { endpoint: 'os.environ/GENERIC_LOGGER_ENDPOINT' }), type: 'generic_api' },
      ],
      {
        env: {
          GENERIC_LOGGER_ENDPOINT: env.origin,
          GENERIC_LOGGER_HEADERS: 'X-A=1',
          MY_HOOK: named.origin,
          MY_TOKEN: '2',
        },
      },
    );
    sinks.accept(sampleEvent(1));
    await until(() => sinks.state().every(({ delivered }) => delivered === 1));
    const seen = [file, env, named].map(({ received }) =>
      received.map(({ headers }) => [headers['x-a'], headers['x-b']]),
    );
    // The headers of the environment go where its endpoint is, and nowhere else.
    assert.deepEqual(seen, [
      [[undefined, undefined]],
      [
        ['1', undefined],
        ['1', undefined],
      ],
      [[undefined, '2']],
    ]);
    for (const receiver of [file, env, named]) await receiver.stop();
    await sinks.kill();
  });

  test('the headers of the environment go to the endpoint of the environment alone, for otel as well', async () => {
    const receiver = await started(new Receiver());
    const elsewhere = {
      ...settingsOf('elsewhere', { endpoint: receiver.origin, metrics_exporter: 'none' }),
      type: 'otel',
    };
    const same = { ...settingsOf('same', { metrics_exporter: 'none' }), type: 'otel' };
    const headersAt = async (settings: typeof same, endpoint: string): Promise<unknown> => {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=secret' };
      const sinks = await openTestSinks([settings], { env });
      sinks.accept(sampleEvent(1));
      await until(() => sinks.one().delivered === 1);
      await sinks.kill();
      return receiver.received.at(-1)?.headers['x-api-key'];
    };
    assert.equal(await headersAt(elsewhere, 'http://127.0.0.1:9'), undefined);
    assert.equal(await headersAt(elsewhere, receiver.origin), 'secret');
    assert.equal(await headersAt(same, receiver.origin), 'secret');
    await receiver.stop();
  });

  test('a variable that is named and not there ends the start, with the sink, the setting and the variable', async () => {
    const endpoint = 'https://example.com';
    const table = [
      ['generic_api', { endpoint: 'os.environ/NOPE' }, ['endpoint: the environment has no NOPE']],
      [
        'generic_api',
        { endpoint, headers: { A: 'x', B: 'os.environ/NOPE' } },
        ['headers.B: the environment has no NOPE'],
      ],
      ['generic_api', { endpoint, headers: 'os.environ/EMPTY' }, ['headers: the environment has no EMPTY']],
      ['generic_api', { endpoint, event_types: ['os.environ/NOPE'] }, ['event_types.0: the environment has no NOPE']],
      [
        's3_v2',
        { s3_bucket_name: 'logs', s3_region_name: 'os.environ/NOPE' },
        ['s3_region_name: the environment has no NOPE'],
      ],
      [
        's3_v2',
        { s3_bucket_name: 'os.environ/NOPE', s3_region_name: 'mars' },
        ['s3_bucket_name: the environment has no NOPE', 's3_region_name \\(or .*\\): must be an AWS region'],
      ],
    ] as const;
    for (const [name, options, expected] of table) {
      const lines = await mistakes(name, options, {
        EMPTY: '',
        GENERIC_LOGGER_ENDPOINT: endpoint,
        AWS_REGION: 'us-east-1',
      });
      assert.equal(lines.length, expected.length, lines.join('\n'));
      expected.forEach((line, index) => assert.match(lines[index] ?? '', new RegExp(`^sink ${name}: ${line}`)));
    }
  });

  test('delivery can be chosen where the sink allows it', async () => {
    const options = { webhook_url: 'http://127.0.0.1:9/' };
    const slack = { ...settingsOf('slack', options), delivery: 'at-least-once' as const };
    const stdout = { ...settingsOf('stdout'), delivery: 'at-least-once' as const };
    assert.deepEqual(await mistakesOf(() => openTestSinks([slack, stdout])), [
      'sink slack: delivery: what goes to slack is not kept on the disk: best-effort only',
      'sink stdout: delivery: what goes to stdout is not kept on the disk: best-effort only',
    ]);
    const hook = {
      ...settingsOf('generic_api', { endpoint: 'http://127.0.0.1:9/' }),
      delivery: 'best-effort' as const,
    };
    const sinks = await openTestSinks([hook]);
    assert.equal(sinks.one().delivery, 'best-effort');
    assert.deepEqual(readdirSync(sinks.dataDir), []);
    await sinks.kill();
  });

  test('an outbox that can not be kept is told at start', async () => {
    const dataDir = testFolder();
    writeFileSync(path.join(dataDir, 'outbox'), 'a file where a folder should be');
    const settings = settingsOf('generic_api', { endpoint: 'http://127.0.0.1:9/' });
    const [line = ''] = await mistakesOf(() => openTestSinks([settings], { dataDir }));
    assert.match(line, /^sink generic_api: its outbox can not be kept in .*outbox/);
  });

  test('a receiver that can not be reached is told by name at start, and holds up nothing', async () => {
    const receiver = await started(new Receiver());
    await receiver.stop();
    const sinks = await openTestSinks([
      settingsOf('generic_api', { endpoint: `${receiver.origin}/secret-path` }),
      settingsOf('datadog', { base_url: receiver.origin, api_key: 'k' }),
    ]);
    await until(() => sinks.lines.length === 2);
    for (const { level, facts, message } of sinks.lines) {
      assert.deepEqual([level, message], ['warn', 'the receiver of a sink does not answer yet']);
      assert.equal(facts['reason'], 'it can not be reached (ECONNREFUSED)');
    }
    assert.deepEqual(sinks.lines.map(({ facts }) => String(facts['sink'])).sort(), ['datadog', 'generic_api']);
    await sinks.kill();
  });

  test('a file that can not be written is told by name at start too, and a pipe that nobody reads holds up nothing', async () => {
    const dataDir = testFolder();
    writeFileSync(path.join(dataDir, 'file'), '');
    execFileSync('mkfifo', [path.join(dataDir, 'pipe')]);
    const settings = [
      ['below', path.join(dataDir, 'file', 'calls.jsonl')],
      ['pipe', path.join(dataDir, 'pipe')],
      ['fine', path.join(dataDir, 'deep', 'er', 'calls.jsonl')],
    ].map(([name = '', file]) => ({ ...settingsOf(name, { path: file }), type: 'file' }));
    const sinks = await openTestSinks(settings, { dataDir });
    await until(() => sinks.lines.length === 2 && existsSync(path.join(dataDir, 'deep', 'er', 'calls.jsonl')));
    assert.deepEqual(sinks.lines.map(({ facts }) => `${String(facts['sink'])}: ${String(facts['reason'])}`).sort(), [
      'below: the file can not be written (ENOTDIR)',
      'pipe: the file can not be written (ENXIO)',
    ]);
    await sinks.kill();
  });

  test('what LiteLLM has switched on by a setting and is always so here can be said', async () => {
    const entries = await prepareSinks(
      [
        settingsOf('s3_v2', { s3_bucket_name: 'logs', s3_region_name: 'us-east-1', s3_strip_base64_files: true }),
        settingsOf('aws_sqs', {
          sqs_queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q',
          sqs_strip_base64_files: true,
        }),
      ],
      {},
    );
    assert.equal(entries.length, 2);
  });

  test('every sink says what it is for and by which variables it is told', async () => {
    for (const name of Object.keys(SINKS)) {
      const { about, variables } = await definitionOf(name);
      assert.ok(about.length > 10 && about.length < 80, name);
      for (const names of Object.values(variables)) for (const each of names) assert.match(each, /^[A-Z][A-Z0-9_]+$/);
    }
  });
});

async function started(receiver: Receiver): Promise<Receiver> {
  await receiver.start();
  return receiver;
}
