import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { Caller, each } from './caller.ts';
import { type GatewayProcess, spoolsIn, startGatewayProcess, stopGatewayProcess } from './gateway-process.ts';
import { byUserAgent, type Judge, judgeAll, type Made } from './judging.ts';
import { addUp, bySession, readLedger } from './stored-calls.ts';
import { BOUNDED, HONEST_INPUT_TOKENS_MAX, type Pacing, planCall, type Random } from './workload.ts';

/** How often the gateway is killed; the environment may ask for a long run. */
const KILLS = Number(process.env['OUTCROP_METERING_KILLS'] ?? '5');
const SEED = Number(process.env['OUTCROP_METERING_SEED'] ?? '20261122');

const CLIENTS = 12;
/** After the first answer of a process. */
const LIFE_MS_MAX = 500;

/** Large enough for all of it, so that each call holds what it may come to at most. */
const BUDGET = { kind: 'spend', max: 1_000_000, window: 'forever' };

let simulator: Simulator;
let dataDir: string;
/** Those that a failed test leaves behind would keep this file from ending. */
const started: GatewayProcess[] = [];

before(async () => {
  simulator = await startSimulator({ recordsMax: 10_000_000, recordedBodyBytesMax: 2 ** 32, hashResponses: false });
  dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-kill-'));
});

after(async () => {
  for (const { run } of started) run.child.kill('SIGKILL');
  await simulator.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(limits: readonly object[]): Promise<GatewayProcess> {
  const running = await startGatewayProcess({ simulator, dataDir, limits });
  started.push(running);
  return running;
}

/** Some answers are there at once, some take as long as the process lives, some are too long to be held. */
function pacingOf(random: Random): Pacing {
  switch (random(4)) {
    case 0:
      return { delayMs: random(200), intervalMs: 1 + random(40), chunks: 1 + random(8) };
    case 1:
      return { chunks: 100, textBytes: 1000 };
    default:
      return { chunks: 1 + random(4) };
  }
}

/** Lets clients work with a gateway until it is killed under them. */
async function workAndDie(made: Map<string, Made>, round: number): Promise<void> {
  const { run, origin } = await start([BUDGET]);
  const caller = new Caller(MASTER_KEY);
  const random = seededRandom(SEED + round);
  const lifeMs = random(LIFE_MS_MAX);
  let isDoomed = false;
  await each(CLIENTS, CLIENTS, async (client) => {
    const own = seededRandom(SEED + round * CLIENTS + client);
    for (let number = 0; !run.child.killed; number += 1) {
      const name = `call-${round}-${client}-${number}`;
      const planned = planCall(own, BOUNDED, pacingOf(own), HONEST_INPUT_TOKENS_MAX);
      const seen = await caller.call(origin, name, planned);
      made.set(name, { planned, seen });
      if (!isDoomed) setTimeout(() => run.child.kill('SIGKILL'), lifeMs);
      isDoomed = true;
    }
  });
  await run.ended;
  caller.close();
}

/** Holds what is stored of one call against what its client saw and what Bedrock got. */
const judge: Judge = ({ planned, seen }, said, stored) => {
  if (seen.whole) {
    assert.ok(said !== undefined && stored !== undefined, 'nothing that was seen is lost');
    assert.deepEqual([seen.status, stored.status, stored.outcome], [200, 200, 'completed']);
    assert.equal(seen.requestId, stored.id);
  }
  if (said !== undefined) assert.ok(stored !== undefined, 'nothing that Bedrock got is lost');
  if (stored === undefined) return;
  if (stored.outcome === 'unknown') {
    assert.deepEqual([stored.estimated, stored.costNanos], [true, stored.reservedNanos]);
    assert.ok(stored.reservedNanos >= (planned.costNanos ?? 0n), 'what was held is enough');
  } else {
    assert.deepEqual([stored.estimated, stored.costNanos], [false, planned.costNanos]);
    assert.deepEqual(stored.used, planned.used);
  }
};

/** The budget is one nano-dollar too small for another call, or just large enough. */
async function statusWithBudget(nanos: bigint, name: string): Promise<number | null> {
  const running = await start([
    { ...BUDGET, max: `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}` },
  ]);
  const caller = new Caller(MASTER_KEY);
  const planned = planCall(seededRandom(SEED), BOUNDED, {}, HONEST_INPUT_TOKENS_MAX);
  const { status } = await caller.call(running.origin, name, planned);
  caller.close();
  await stopGatewayProcess(running);
  return status;
}

test(`a gateway that is killed ${KILLS} times under load loses nothing and counts nothing twice`, async (context) => {
  const made = new Map<string, Made>();
  for (let round = 0; round < KILLS; round += 1) await workAndDie(made, round);
  assert.equal(await statusWithBudget(1_000_000_000_000_000n, 'call-last'), 200);
  assert.deepEqual(await spoolsIn(dataDir), [], 'all is in the database');

  const said = byUserAgent(simulator.requests());
  const { calls, totals } = readLedger(dataDir);
  const stored = bySession(calls);
  judgeAll(made, said, stored, judge);
  assert.equal(stored.size, calls.length, 'there is no record of anything else');
  assert.deepEqual(totals, addUp(calls));

  const unknown = calls.filter(({ outcome }) => outcome === 'unknown').length;
  assert.ok(unknown >= KILLS, `${unknown} calls were running when their gateway was killed`);

  // What limits begin with is what the ledger has: neither a nano-dollar more nor one less.
  const last = stored.get('call-last');
  assert.ok(last !== undefined);
  const enough = totals.chargedNanos + last.reservedNanos;
  assert.equal(await statusWithBudget(enough - 1n, 'call-too-much'), 400);
  assert.equal(await statusWithBudget(enough, 'call-fits'), 200);

  context.diagnostic(`${made.size} calls, ${calls.length} records, ${unknown} of them of calls that were running`);
});
