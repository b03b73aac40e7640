import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { startRedis, type TestRedis } from '../counters/redis-server.ts';
import { needs } from '../support/needs.ts';
import { type IssuedKey, issueKey } from '../support/virtual-keys.ts';
import { type Answered, ask, converse } from './ask.ts';
import { allStored, assertCountedExactly } from './exact-budget.ts';
import { type GatewayProcess, startGatewayProcess, stopGatewayProcess } from './gateway-process.ts';
import { byUserAgent } from './judging.ts';
import { percentileMs, SteadyLoad, type TimedCall } from './steady-load.ts';
import { addUp, bySession, readLedger } from './stored-calls.ts';
import { BOUNDED, HONEST_INPUT_TOKENS_MAX, planCall, type Random } from './workload.ts';

/** How long Redis is away, and how long the load runs before. The environment may ask for a long run. */
const OUTAGE_MS = Number(process.env['OUTCROP_METERING_REDIS_OUTAGE_S'] ?? '2') * 1000;
const SEED = Number(process.env['OUTCROP_METERING_SEED'] ?? '20261122');

/** Of each load. */
const CLIENTS = 4;
const BEDROCK_MS = 10;
const ADDED_MS_MAX = 60;
const FIRST_MOMENT_MS = 500;
/** The first calls of a process are slow, whatever fails later. */
const WARM_UP_MS = 1500;
const ASK_EVERY_MS = 20;

/**
 * What ends in the moment of a failure may be counted twice: at most one call of each client, of 500 input tokens three
 * times over and 4,000 output tokens of the dearest model of the workload.
 */
const TWICE_NANOS_MAX = BigInt(CLIENTS) * (1500n * 6600n + 4000n * 16_500n);

const LINES = {
  out: 'the counters in Redis are out of reach',
  back: 'the counters in Redis are back',
  lost: 'the counters in Redis were lost: they are restored from the ledger',
  restored: 'the counters in Redis are restored',
};

describe('calls with limits over HTTP while Redis fails', needs('redis-server'), () => {
  let simulator: Simulator;
  let redis: TestRedis;
  const started: GatewayProcess[] = [];
  before(async () => {
    const limits = { recordsMax: 10_000_000, recordedBodyBytesMax: 2 ** 32, hashResponses: false };
    [simulator, redis] = await Promise.all([startSimulator(limits), startRedis()]);
  });
  after(async () => {
    for (const { run } of started) run.child.kill('SIGKILL');
    await simulator.close();
    redis.thaw();
    await redis.stop();
  });

  const plan = (random: Random) => planCall(random, BOUNDED, { delayMs: BEDROCK_MS }, HONEST_INPUT_TOKENS_MAX);

  interface Failure {
    readonly how: string;
    readonly fail: () => Promise<void>;
    readonly mend: () => Promise<void>;
    /** Whether calls are decided without Redis meanwhile. */
    readonly isAway: boolean;
    readonly forgets: boolean;
  }
  const failures: readonly Failure[] = [
    {
      how: 'frozen',
      fail: () => Promise.resolve(redis.freeze()),
      mend: () => Promise.resolve(redis.thaw()),
      isAway: true,
      forgets: false,
    },
    { how: 'killed', fail: () => redis.kill(), mend: () => redis.restart(), isAway: true, forgets: true },
    {
      how: 'flushed',
      fail: async () => void (await redis.client.flushall()),
      mend: () => Promise.resolve(),
      isAway: false,
      forgets: true,
    },
  ];

  for (const { how, fail, mend, isAway, forgets } of failures) {
    test(`${how}: nobody waits, rates hold, hard budgets are closed, and all comes back by itself`, async (context) => {
      const { running, dataDir, said } = await start(context);
      const { origin } = running;
      const rates = { rpm_limit: 10_000_000, max_parallel_requests: 2 * CLIENTS };
      const free = await issueKey(origin, rates);
      const budgeted = await issueKey(origin, { ...rates, max_budget: 1_000_000 });
      const [used, fresh] = [await issueKey(origin, { rpm_limit: 20 }), await issueKey(origin, { rpm_limit: 3 })];
      const exhausted = await admittedOf(origin, used, 25);
      const load = (key: IssuedKey, name: string, seed: number): SteadyLoad =>
        new SteadyLoad({ origin, bearer: key.bearer, name, seed, atOnce: CLIENTS, plan });
      // Calls without limits meet the same machine at the same time, and never ask Redis.
      const unlimited = load(await issueKey(origin), 'free', SEED);
      const [onRates, onBudget] = [load(free, 'rate', SEED), load(budgeted, 'budget', SEED + CLIENTS)];
      const loads = [unlimited, onRates, onBudget];
      await pause(WARM_UP_MS);
      const startedMs = performance.now();
      await pause(OUTAGE_MS);

      const failedMs = performance.now();
      await fail();
      if (isAway) await said(LINES.out);
      else await said(LINES.lost);
      const [exhaustedAway, freshAway] = [await admittedOf(origin, used, 5), await admittedOf(origin, fresh, 8)];
      const closed = await ask(origin, budgeted.bearer, converse());
      await pause(Math.max(0, OUTAGE_MS - (performance.now() - failedMs)));
      const mendedMs = performance.now();
      await mend();
      await said(isAway ? LINES.back : LINES.restored);
      if (forgets) await said(LINES.restored);
      while ((await ask(origin, budgeted.bearer, converse())).status !== 200) await pause(ASK_EVERY_MS);
      const backMs = performance.now();
      const freshBack = await admittedOf(origin, fresh, 3);
      await pause(OUTAGE_MS / 2);
      await Promise.all(loads.map((one) => one.stop()));
      await allStored(origin);

      const lines = running.run.errors();
      const often = (line: string): number => lines.split(line).length - 1;
      const expected = isAway ? 1 : 0;
      // On a busy machine Redis may be late once more.
      const isSteady = often(LINES.out) === expected;
      assert.ok(often(LINES.out) >= expected);
      assert.equal(often(LINES.back), often(LINES.out), 'a line for each change');
      assert.deepEqual([often(LINES.lost), often(LINES.restored)], forgets ? [1, 1] : [0, 0]);

      const [before, during] = [
        statuses(onRates.endedBetween(0, failedMs)),
        statuses(onRates.endedBetween(failedMs, Infinity)),
      ];
      assert.deepEqual([before, during], [[200], [200]], 'rates go on');
      assert.equal(exhausted, 20);
      if (isAway || !forgets) assert.equal(exhaustedAway, 0, 'what this instance has admitted counts in its share');
      assert.ok(freshAway <= 3, `${freshAway}`);
      if (isAway) assert.equal(freshAway, 3, 'a share of a rate that was not used before');
      if (!forgets) assert.equal(freshBack, 0, 'Redis is told what was admitted without it');
      assert.equal(closed.status, 503, closed.text);
      assert.match(closed.message, /can't be told at the moment/);
      const open = [statuses(onBudget.endedBetween(0, failedMs)), statuses(onBudget.begunSince(backMs))];
      if (isSteady) assert.deepEqual(open, [[200], [200]]);
      assert.deepEqual(statuses(onBudget.endedBetween(failedMs, backMs)), [200, 503]);

      const facts: string[] = [];
      // Nobody waits for long, and those few who wait at all do so in the moment of the failure.
      for (const [percent, untilMs] of [
        [99, backMs],
        [100, failedMs + FIRST_MOMENT_MS],
      ] as const) {
        const took = (calls: SteadyLoad, from: number, to: number): number =>
          percentileMs(calls.endedBetween(from, to), percent);
        const onItsOwn = took(unlimited, failedMs, untilMs);
        for (const [what, calls] of [
          ['under rates', onRates],
          ['under a hard budget', onBudget],
        ] as const) {
          const [base, away] = [took(calls, startedMs, failedMs), took(calls, failedMs, untilMs)];
          const text =
            `${how}, p${percent} ${what}: ${base.toFixed(1)} ms before, ${away.toFixed(1)} ms in the ` +
            `${((untilMs - failedMs) / 1000).toFixed(1)} s after, then without limits ${onItsOwn.toFixed(1)} ms`;
          assert.ok(away - Math.max(base, onItsOwn) <= ADDED_MS_MAX, text);
          facts.push(text);
        }
      }

      const ledger = readLedger(dataDir);
      judge(
        loads.flatMap(({ calls }) => [...calls]),
        ledger,
      );
      await assertCountedExactly(origin, budgeted, () => readLedger(dataDir), TWICE_NANOS_MAX);
      await stopGatewayProcess(running);
      for (const fact of facts) context.diagnostic(fact);
      context.diagnostic(
        `${how}: hard budgets open again ${((backMs - mendedMs) / 1000).toFixed(1)} s after it was back`,
      );
    });
  }

  async function start(context: TestContext) {
    simulator.clearRequests();
    const dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-redis-outage-'));
    context.after(() => rm(dataDir, { recursive: true, force: true }));
    const running = await startGatewayProcess({
      simulator,
      dataDir,
      env: { REDIS_URL: redis.url, OUTCROP_REDIS_PREFIX: randomUUID() },
    });
    started.push(running);
    const said = async (line: string): Promise<void> => {
      while (!running.run.errors().includes(line)) await pause(ASK_EVERY_MS);
    };
    return { running, dataDir, said };
  }

  /** Every call that Bedrock answered is stored as what it said, and nothing else costs anything. */
  function judge(calls: Iterable<readonly [string, TimedCall]>, ledger: ReturnType<typeof readLedger>): void {
    const said = byUserAgent(simulator.requests().filter(({ rawHeaders }) => isOfLoad(rawHeaders)));
    const stored = bySession(ledger.calls);
    for (const [name, { planned, seen }] of calls) {
      assert.ok(seen.whole);
      assert.equal(said.has(name), seen.status === 200, name);
      assert.equal(stored.get(name)?.costNanos, seen.status === 200 ? planned.costNanos : 0n, name);
    }
    assert.deepEqual(ledger.totals, addUp(ledger.calls));
  }
});

function isOfLoad(rawHeaders: readonly (readonly [string, string])[]): boolean {
  return rawHeaders.some(([name, value]) => name.toLowerCase() === 'user-agent' && /^(free|rate|budget)-/.test(value));
}

/** How many of so many calls are let through; the others are told that their rate is used up. */
async function admittedOf(origin: string, { bearer }: IssuedKey, count: number): Promise<number> {
  const answers: Answered[] = [];
  for (let call = 0; call < count; call += 1) answers.push(await ask(origin, bearer, converse()));
  assert.ok(
    answers.every(({ status }) => status === 200 || status === 429),
    answers.at(-1)?.text,
  );
  return answers.filter(({ status }) => status === 200).length;
}

/** Each once, the smallest first. */
function statuses(calls: readonly TimedCall[]): readonly (number | null)[] {
  return [...new Set(calls.map(({ seen }) => seen.status))].toSorted((a, b) => (a ?? 0) - (b ?? 0));
}
