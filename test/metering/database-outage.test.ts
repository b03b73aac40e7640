import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { EVERY_OPERATION, issueKey, type IssuedKey } from '../support/virtual-keys.ts';
import { ask, converse } from './ask.ts';
import { Caller, each } from './caller.ts';
import { allStored, assertCountedExactly, ledgerStatus } from './exact-budget.ts';
import { type GatewayProcess, startGatewayProcess, stopGatewayProcess } from './gateway-process.ts';
import { byUserAgent, judgeAll, type Judge } from './judging.ts';
import { percentileMs, SteadyLoad } from './steady-load.ts';
import { addUp, bySession, readPostgresLedger } from './stored-calls.ts';
import { BOUNDED, HONEST_INPUT_TOKENS_MAX, planCall, type PlannedCall } from './workload.ts';

/** How long the database is stopped; it is frozen for half of that. The environment may ask for a long run. */
const OUTAGE_MS = Number(process.env['OUTCROP_METERING_DATABASE_OUTAGE_S'] ?? '3') * 1000;
const SEED = Number(process.env['OUTCROP_METERING_SEED'] ?? '20261122');

const CLIENTS = 8;
/** So that there is as much load as clients make, not as this machine can. */
const BEDROCK_MS = 10;
const WARM_CALLS = 200;
const ASK_EVERY_MS = 20;

const DOWN = 'the database takes no records: they wait in the spool';
const BACK = 'the database takes records again';

let simulator: Simulator;
let postgres: TestPostgres;
const started: GatewayProcess[] = [];

before(async () => {
  const limits = { recordsMax: 10_000_000, recordedBodyBytesMax: 2 ** 32, hashResponses: false };
  [simulator, postgres] = await Promise.all([startSimulator(limits), startPostgres()]);
});

beforeEach(() => simulator.clearRequests());

after(async () => {
  for (const { run } of started) run.child.kill('SIGKILL');
  await simulator.close();
  await postgres.stop();
});

interface Outage {
  readonly what: string;
  readonly ms: number;
  readonly fail: () => Promise<void>;
  readonly mend: () => Promise<void> | void;
}

interface Running extends GatewayProcess {
  readonly url: string;
}

async function start(context: TestContext, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-outage-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const url = await postgres.createDatabase();
  const running = await startGatewayProcess({ simulator, dataDir, env: { DATABASE_URL: url, ...env } });
  started.push(running);
  return { ...running, url };
}

function saidHowOften({ run }: GatewayProcess, line: string): number {
  return run.errors().split(line).length - 1;
}

async function untilStored({ url }: Running, count: number): Promise<void> {
  for (;;) {
    const [row] = await postgres.query(url, 'select count(*) as count from outcrop.call');
    if (Number(row?.['count']) >= count) return;
    await pause(ASK_EVERY_MS);
  }
}

/** Every call was answered, got to Bedrock once, and is stored as what Bedrock said. */
const judge: Judge = ({ planned, seen }, said, stored) => {
  assert.deepEqual([seen.status, seen.whole], [200, true]);
  assert.ok(said !== undefined && stored !== undefined);
  assert.deepEqual([stored.id, stored.outcome, stored.estimated], [seen.requestId, 'completed', false]);
  assert.deepEqual(stored.used, planned.used);
  assert.equal(stored.costNanos, planned.costNanos);
};

test(`calls go on while PostgreSQL is stopped for ${OUTAGE_MS / 1000} s and frozen for ${OUTAGE_MS / 2000} s; nothing is lost`, async (context) => {
  const running = await start(context);
  const { origin } = running;
  const key = await issueKey(origin, { max_budget: 1_000_000, rpm_limit: 10_000_000, max_parallel_requests: CLIENTS });
  const load = new SteadyLoad({
    origin,
    bearer: key.bearer,
    name: 'call',
    seed: SEED,
    atOnce: CLIENTS,
    plan: (random) => planCall(random, BOUNDED, { delayMs: BEDROCK_MS }, HONEST_INPUT_TOKENS_MAX),
  });
  const startedMs = performance.now();
  while (load.calls.size < WARM_CALLS) await pause(ASK_EVERY_MS);

  const facts: string[] = [];
  const outages: readonly Outage[] = [
    { what: 'stopped', ms: OUTAGE_MS, fail: () => postgres.down(), mend: () => postgres.up() },
    { what: 'frozen', ms: OUTAGE_MS / 2, fail: () => postgres.freeze(), mend: () => postgres.thaw() },
  ];
  for (const { what, ms, fail, mend } of outages) {
    const failedMs = performance.now();
    await fail();
    await pause(ms);
    const mendedMs = performance.now();
    const during = load.endedBetween(failedMs, mendedMs);
    const waiting = load.calls.size;
    await mend();
    await untilStored(running, waiting);
    const [calls, p99, slowest] = [during.length, percentileMs(during, 99), percentileMs(during, 100)];
    facts.push(
      `${what}: ${calls} calls, p99 ${p99.toFixed(1)} ms, slowest ${slowest.toFixed(0)} ms, ` +
        `all stored ${((performance.now() - mendedMs) / 1000).toFixed(1)} s after it was back`,
    );
    // Of what comes in such a time, at the pace of before.
    assert.ok(calls > CLIENTS, `${calls} calls while it was ${what}`);
  }
  const before = load.endedBetween(startedMs, startedMs + 1000);
  await load.stop();
  await allStored(origin);

  const ledger = await readPostgresLedger(postgres, running.url);
  const said = byUserAgent(simulator.requests());
  judgeAll(load.calls, said, bySession(ledger.calls), judge);
  assert.deepEqual([ledger.calls.length, said.size], [load.calls.size, load.calls.size]);
  assert.deepEqual(ledger.totals, addUp(ledger.calls));
  await assertCountedExactly(origin, key, () => readPostgresLedger(postgres, running.url));
  // A frozen database may thaw before anybody has given it up.
  const downs = saidHowOften(running, DOWN);
  assert.ok(downs === 1 || downs === 2, running.run.errors());
  assert.equal(saidHowOften(running, BACK), downs);
  await stopGatewayProcess(running);
  context.diagnostic(`${load.calls.size} calls, p99 at first ${percentileMs(before, 99).toFixed(1)} ms`);
  for (const fact of facts) context.diagnostic(fact);
});

/** 20 tags of 128 characters: a few thousand such calls fill the smallest spool. */
const MANY_TAGS = Array.from({ length: 20 }, (_, index) => `${index}-`.padEnd(128, 'x')).join(',');
const LIST: PlannedCall = {
  operation: 'ListFoundationModels',
  method: 'GET',
  path: '/bedrock/foundation-models',
  body: '',
  used: {},
  costNanos: 0n,
  paced: false,
};
const FILLING_CALLS_MAX = 20_000;

test('while the spool is full calls are refused and take nothing of their limits; it goes on by itself', async (context) => {
  const running = await start(context, { OUTCROP_SPOOL_BYTES_MAX: String(16 * 1024 * 1024) });
  const { origin } = running;
  const filler = await issueKey(origin, EVERY_OPERATION);
  // Room for one call more than is made before.
  const keys: readonly IssuedKey[] = [
    await issueKey(origin, { limits: [{ kind: 'requests', max: 2, window: '1d' }] }),
    await issueKey(origin, { rpm_limit: 2 }),
    await issueKey(origin, { rpm_limit: 10, max_parallel_requests: 1 }),
    await issueKey(origin, { max_budget: 0.001 }),
  ];
  const statusOf = async ({ bearer }: IssuedKey): Promise<number> =>
    (await ask(origin, bearer, converse({ usage: { inputTokens: 1, outputTokens: 1 } }))).status;
  // Who has called before is known in memory, and so is what they have left.
  for (const key of [filler, ...keys]) assert.equal(await statusOf(key), 200);

  await postgres.down();
  const caller = new Caller(filler.bearer);
  let isFull = false;
  let filled = 0;
  await each(FILLING_CALLS_MAX, CLIENTS, async (number) => {
    if (isFull) return;
    const seen = await caller.call(origin, `filler-${number}`, LIST, null, { 'x-litellm-tags': MANY_TAGS });
    if (seen.status === 503) isFull = true;
    else filled += 1;
  });
  assert.ok(isFull, 'the spool has a bound');
  assert.equal((await ledgerStatus(origin)).is_full, true);
  const sent = simulator.requests().length;
  for (const key of [...keys, ...keys, ...keys]) assert.equal(await statusOf(key), 503);
  assert.equal(simulator.requests().length, sent, 'nothing goes to Bedrock that can not be written down');

  await postgres.up();
  while ((await ledgerStatus(origin)).is_full) await pause(ASK_EVERY_MS);
  for (const key of keys) assert.equal(await statusOf(key), 200);
  await allStored(origin);
  caller.close();
  const { calls } = await readPostgresLedger(postgres, running.url);
  const completed = calls.filter(({ outcome }) => outcome === 'completed').length;
  assert.equal(completed, simulator.requests().length, 'nothing is lost');
  assert.equal(completed, filled + 1 + 2 * keys.length);
  await stopGatewayProcess(running);
});
