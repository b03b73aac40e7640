import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { SIMULATOR_CREDENTIALS, startSimulator, type Simulator } from '../../simulator/index.ts';
import { SINKS } from '../../src/sinks/index.ts';
import { runOutcrop, startOutcrop, type Run } from '../commands/run-outcrop.ts';
import { needs } from '../support/needs.ts';
import { startPostgres } from '../support/postgres.ts';
import { makeSelfSigned, type SelfSigned } from '../support/self-signed.ts';
import type { IssuedKey } from '../support/virtual-keys.ts';
import {
  type CanaryCall,
  canaryCalls,
  type ClientSecrets,
  faultyCalls,
  KEY_HEADER,
  makeKey,
  managementCalls,
  PROMPT,
} from './canary-calls.ts';
import { findSecrets } from './canary-search.ts';
import { CANARY_SINKS, kafkaOptions, LOCAL_SINKS, mailOptions, SQS_SECRET_ACCESS_KEY } from './canary-sinks.ts';
import { ownName, World } from './canary-world.ts';

/** Other names of the same sinks. */
const ALIASES = ['langfuse_otel', 'smtp_email'];
/** Those whose receivers are no HTTP servers. */
const NOT_BY_HTTP = ['email', 'kafka'];
/** Sinks that show themselves in different ways, for `outcrop sinks test` with a receiver that repeats all of it. */
const WHAT_CAME_BACK = ['generic_api', 's3_v2', 'gcs_pubsub', 'langfuse', 'slack'];
const EVERYBODY_TOLD_MS_MAX = 30_000;

/** Long, and with the characters that forms of writing differ in. */
function secretOf(name: string): string {
  return `${createHash('sha256').update(name).digest('base64').slice(0, 36)}/+${name.length}`;
}

function urlSafe(secret: string): string {
  return secret.replaceAll(/[^A-Za-z0-9]/g, '');
}

const CLIENT: ClientSecrets = {
  strayKey: `sk-${urlSafe(secretOf('stray key'))}`,
  headerValue: secretOf('header of a client'),
  cookie: secretOf('cookie'),
  signature: createHash('sha256').update('signature').digest('hex'),
  sessionToken: secretOf('session token of a client'),
  query: urlSafe(secretOf('query')),
};
const GATEWAY = {
  masterKey: `sk-${urlSafe(secretOf('master key'))}`,
  secretKey: secretOf('secret key'),
  awsSecretAccessKey: secretOf('AWS secret access key'),
  awsSessionToken: secretOf('AWS session token'),
  awsBearerToken: `bedrock-api-key-${urlSafe(secretOf('bearer token'))}`,
  databasePassword: urlSafe(secretOf('database password')),
  sqsSecretAccessKey: SQS_SECRET_ACCESS_KEY,
};
const ownSecret = (sink: string): string => urlSafe(secretOf(ownName(sink)));

describe('the search for canaries', () => {
  test('finds a secret in every form it could be written in, wherever it begins', () => {
    for (const secret of [GATEWAY.awsSecretAccessKey, CLIENT.signature, 'pä/ss+ wörd']) {
      const found = (text: string | Buffer): readonly string[] =>
        findSecrets({ secret }, [{ place: 'here', bytes: Buffer.from(text) }]);
      for (const before of ['', 'a', 'ab', 'abc']) {
        const text = Buffer.from(`${before}${secret}after`);
        const forms = [text, text.toString('base64'), text.toString('base64url'), text.toString('hex')];
        for (const form of forms) assert.deepEqual(found(form), ['secret in here']);
      }
      assert.deepEqual(found(encodeURIComponent(secret)), ['secret in here']);
      assert.deepEqual(found(`${secret.slice(1)}x`), []);
    }
  });

  test('is through every sink there is', () => {
    const here = [...CANARY_SINKS.map(({ name }) => name), ...Object.keys(LOCAL_SINKS), ...NOT_BY_HTTP, ...ALIASES];
    assert.deepEqual(
      Object.keys(SINKS).filter((name) => !here.includes(name)),
      [],
    );
  });
});

interface Database {
  readonly env: Readonly<Record<string, string>>;
  /** Every column of every row of every table, as text. */
  texts(): Promise<string>;
  stop(): Promise<void>;
}

/** Its files are in the data folder, which is searched whole. */
const SQLITE: Database = { env: {}, texts: async () => '', stop: async () => undefined };

const tables = z.array(z.object({ name: z.string() }));
const rows = z.array(z.object({ row: z.string() }));

async function openPostgres(): Promise<Database> {
  const server = await startPostgres();
  const url = new URL(await server.createDatabase());
  await server.query(url.href, `create role canary login superuser password '${GATEWAY.databasePassword}'`);
  url.username = 'canary';
  url.password = GATEWAY.databasePassword;
  return {
    env: { DATABASE_URL: url.href },
    texts: async () => {
      const found = await server.query(
        url.href,
        `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
         where table_schema not in ('pg_catalog', 'information_schema')`,
      );
      const names = tables.parse(found).map(({ name }) => name);
      assert.ok(names.length > 5);
      const texts: string[] = [];
      for (const name of names) {
        const all = rows.parse(await server.query(url.href, `select t::text as row from ${name} t`));
        texts.push(...all.map(({ row }) => row));
      }
      assert.ok(texts.some((text) => text.includes('canary')));
      return texts.join('\n');
    },
    stop: () => server.stop(),
  };
}

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  describe(`with ${kind}, every sink and the log at their most talkative`, needs('openssl'), () => {
    test('no secret is in what anybody gets, sees or stores', async () => {
      const database = kind === 'SQLite' ? SQLITE : await openPostgres();
      after(() => database.stop());
      const folder = mkdtempSync(path.join(tmpdir(), 'outcrop-canary-'));
      after(() => rmSync(folder, { recursive: true, force: true }));
      const simulator = await startCanarySimulator();
      const certificate = makeSelfSigned();
      after(() => certificate.remove());
      const world = new World(
        { cert: certificate.certificate, key: readFileSync(certificate.keyFile, 'utf8') },
        ownSecret,
      );
      await world.start();
      const setting: Setting = {
        folder,
        simulator,
        world,
        env: environmentOf(simulator, folder, database, certificate),
      };
      writeFileSync(configOf(folder), JSON.stringify({ sinks: sinksOf(world) }));

      // No receiver takes anything, and each repeats what it was sent. The process is killed with all of it waiting.
      const first = await startGateway(setting);
      const key = await makeKey(first.origin, GATEWAY.masterKey);
      await sendAll(first.origin, key, setting);
      await untilSinks(first, (sinks) => sinks.every(({ name, failing }) => failing || name in LOCAL_SINKS));
      first.run.child.kill('SIGKILL');
      await first.run.ended;
      world.addFolder(path.join(folder, 'data'), 'the data folder after a kill');

      // What came back is shown alike whatever the database.
      const trials = kind === 'SQLite' ? WHAT_CAME_BACK : [];
      await runCommands(
        setting,
        trials.map((name) => ['sinks', 'test', name]),
      );

      // Now each takes what waits and what comes.
      world.heal();
      const second = await startGateway(setting);
      await sendAll(second.origin, key, setting);
      await untilSinks(second, (sinks) =>
        sinks.every(({ queued, outboxBytes, failing }) => queued === 0 && outboxBytes === 0 && !failing),
      );
      await runCommands(setting, [['config'], ['doctor'], ['sinks'], ['sinks', 'test', 'generic_api']]);
      second.run.child.kill('SIGTERM');
      assert.equal(await second.run.ended, 0, second.run.errors());

      for (const { run } of [first, second]) {
        world.add('standard output', run.output());
        world.add('the log', run.errors());
      }
      world.addReceived();
      world.addFolder(path.join(folder, 'data'), 'the data folder');
      world.addForwarded(simulator);
      world.add('the database', await database.texts());

      assertTalkative(world, first.run.errors() + second.run.errors());
      const own = Object.fromEntries(
        [...CANARY_SINKS.map(({ name }) => name), ...NOT_BY_HTTP].map((name) => [ownName(name), ownSecret(name)]),
      );
      const ofKey = { virtualKey: key.bearer, virtualSecret: key.secretAccessKey };
      assert.deepEqual([...new Set(findSecrets({ ...GATEWAY, ...CLIENT, ...ofKey, ...own }, world.haystacks))], []);
    });
  });
}

interface Setting {
  /** Of the configuration; the data folder is in it. */
  readonly folder: string;
  readonly simulator: Simulator;
  readonly world: World;
  readonly env: Readonly<Record<string, string>>;
}

interface RunningGateway {
  readonly run: Run;
  readonly origin: string;
}

async function startCanarySimulator(): Promise<Simulator> {
  const { accessKeyId } = SIMULATOR_CREDENTIALS;
  const { awsSecretAccessKey: secretAccessKey, awsSessionToken: sessionToken, awsBearerToken } = GATEWAY;
  const simulator = await startSimulator({
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    bearerTokens: [awsBearerToken],
  });
  after(() => simulator.close());
  return simulator;
}

function configOf(folder: string): string {
  return path.join(folder, 'outcrop.yaml');
}

function environmentOf(
  simulator: Simulator,
  folder: string,
  database: Database,
  { certFile }: SelfSigned,
): Readonly<Record<string, string>> {
  const dataDir = path.join(folder, 'data');
  mkdirSync(dataDir);
  return {
    ...simulator.environment,
    NODE_EXTRA_CA_CERTS: certFile,
    // The discard port: nothing listens there.
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: 'http://127.0.0.1:9',
    AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: GATEWAY.awsSecretAccessKey,
    AWS_SESSION_TOKEN: GATEWAY.awsSessionToken,
    AWS_BEARER_TOKEN_BEDROCK: GATEWAY.awsBearerToken,
    AWS_REGION: 'us-east-1',
    OUTCROP_HOST: '127.0.0.1',
    OUTCROP_PORT: '0',
    OUTCROP_MASTER_KEY: GATEWAY.masterKey,
    OUTCROP_SECRET_KEY: GATEWAY.secretKey,
    OUTCROP_KEY_HEADER: KEY_HEADER,
    OUTCROP_SHUTDOWN_NOTICE_MS: '0',
    OUTCROP_DATA_DIR: dataDir,
    OUTCROP_LOOP_DELAY_MS_MAX: '60000',
    OUTCROP_LOG_LEVEL: 'trace',
    OUTCROP_METRICS: 'outcrop',
    OUTCROP_RECORD_CONTENT: 'true',
    OUTCROP_SIGV4_REPLAY: 'warn',
    ...database.env,
  };
}

/** Each with what it can tell of, and quickly. */
function sinksOf(world: World): Readonly<Record<string, object>> {
  const quick = { content: true, flush_interval: 0.05 };
  const remote = CANARY_SINKS.map(({ name, options }) => {
    const receiver = world.receivers.get(name);
    assert.ok(receiver !== undefined);
    return [name, { ...quick, ...options(receiver, ownSecret(name)) }];
  });
  const local = Object.entries(LOCAL_SINKS).map(([name, options]) => [name, { ...quick, ...options }]);
  const kafka = { ...quick, ...kafkaOptions(world.kafka.port, ownSecret('kafka')) };
  const mail = { ...quick, ...mailOptions(world.mail.port, ownSecret('email')) };
  return Object.fromEntries([...remote, ...local, ['email', mail], ['kafka', kafka]]);
}

async function startGateway({ folder, env }: Setting): Promise<RunningGateway> {
  const run = startOutcrop(['start', '--config', configOf(folder)], { env });
  after(() => run.child.kill('SIGKILL'));
  await run.says('Point Bedrock clients at');
  return { run, origin: /http:\/\/127\.0\.0\.1:\d+/.exec(run.output())?.[0] ?? '' };
}

/** All answers are searched too: what is told to one caller must not be another's secret, nor its own. */
async function sendAll(origin: string, key: IssuedKey, { simulator, world }: Setting): Promise<void> {
  const calls = await canaryCalls(origin, GATEWAY.masterKey, key, CLIENT);
  for (const call of [...calls, ...managementCalls(GATEWAY.masterKey, key, CLIENT)]) await send(origin, call, world);
  for (const { fault, call } of faultyCalls(key)) {
    simulator.inject({ ...fault, count: 1 });
    await send(origin, call, world);
    simulator.clearFaults();
  }
}

async function send(origin: string, call: CanaryCall, world: World): Promise<void> {
  const { about, path: target, method = 'POST', body = null, headers } = call;
  const answer = await fetch(origin + target, { method, headers, body });
  // A stream that was cut has no end that can be read.
  const text = await answer.text().catch(() => '');
  if (call.status !== null) assert.equal(answer.status, call.status, `${about}: ${text}`);
  world.add(`the answer to ${about}`, JSON.stringify([...answer.headers]) + text);
}

const sinkStates = z.object({
  sinks: z.array(z.object({ name: z.string(), queued: z.number(), outboxBytes: z.number(), failing: z.boolean() })),
});
type SinkStates = z.output<typeof sinkStates>['sinks'];

const ASK_EVERY_MS = 50;

async function untilSinks({ origin }: RunningGateway, are: (sinks: SinkStates) => boolean): Promise<void> {
  const headers = { authorization: `Bearer ${GATEWAY.masterKey}` };
  const deadlineMs = performance.now() + EVERYBODY_TOLD_MS_MAX;
  for (;;) {
    const { sinks } = sinkStates.parse(await (await fetch(`${origin}/health/sinks`, { headers })).json());
    if (are(sinks)) return;
    assert.ok(performance.now() < deadlineMs, JSON.stringify(sinks));
    await pause(ASK_EVERY_MS);
  }
}

async function runCommands({ folder, env, world }: Setting, commands: readonly string[][]): Promise<void> {
  for (const command of commands) {
    const { output, errors } = await runOutcrop([...command, '--config', configOf(folder)], { env });
    assert.notEqual(output, '', errors);
    world.add(`outcrop ${command.join(' ')}`, output + errors);
  }
}

/** What is not said holds no secret either: the test is worth what it has to search. */
function assertTalkative({ received, haystacks, mail, kafka }: World, log: string): void {
  assert.ok(mail.mails.length > 0 && kafka.received.length > 0);
  for (const { name } of CANARY_SINKS) assert.ok((received.get(name) ?? []).length > 1, `${name} was told nothing`);
  const places = (text: string): readonly string[] =>
    haystacks.filter(({ bytes }) => bytes.includes(text)).map(({ place }) => place);
  const withPrompt = places(PROMPT).join();
  for (const place of [
    'generic_api, unzipped',
    'to otel, unzipped',
    'standard output',
    'calls.jsonl',
    'outbox',
    'in Kafka',
  ]) {
    assert.ok(withPrompt.includes(place), `nothing of a prompt in ${place}`);
  }
  for (const message of ['request refused', 'request finished', 'answer cut short']) assert.ok(log.includes(message));
}
