import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { openSocket } from '../support/raw-http1.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { anyAbort, Caller } from './caller.ts';
import { type GatewayProcess, spoolsIn, startGatewayProcess, stopGatewayProcess } from './gateway-process.ts';
import { byUserAgent, type Judge, judgeAll, type Made } from './judging.ts';
import { addUp, bySession, readLedger } from './stored-calls.ts';
import { BOUNDED, type Pacing, planCall, type PlannedCall, type Random, STREAMS } from './workload.ts';

/** How often a gateway is told to end; the environment may ask for a long run. */
const TERMS = Number(process.env['OUTCROP_METERING_TERMS'] ?? '5');
const SEED = Number(process.env['OUTCROP_METERING_SEED'] ?? '20261122');

const CLIENTS = 24;
const DEAF_EACH = 5;
/** Half of the streams are over by then. */
const SHUTDOWN_DEADLINE_MS = 400;
const STREAM_MS_MAX = 2 * SHUTDOWN_DEADLINE_MS;
const CHUNKS = 20;

let simulator: Simulator;
let dataDir: string;
/** Those that a failed test leaves behind would keep this file from ending. */
const started: GatewayProcess[] = [];

before(async () => {
  simulator = await startSimulator({ recordsMax: 1_000_000, hashResponses: false });
  dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-sigterm-'));
});

after(async () => {
  for (const { run } of started) run.child.kill('SIGKILL');
  await simulator.close();
  await rm(dataDir, { recursive: true, force: true });
});

function planFor(random: Random): PlannedCall {
  // Some have not even been answered when the end comes.
  if (random(4) === 0) return planCall(random, BOUNDED, { delayMs: random(STREAM_MS_MAX) });
  const pacing: Pacing = { intervalMs: 1 + random(STREAM_MS_MAX / CHUNKS), chunks: CHUNKS };
  return planCall(random, STREAMS, pacing);
}

/** A client that takes nothing of an answer larger than all buffers on its way. */
async function openDeafClient(origin: string, name: string): Promise<Socket> {
  const socket = await openSocket(origin);
  socket.pause();
  const { path: target, body } = planCall(seededRandom(SEED), STREAMS, { chunks: 2000, textBytes: 20_000 });
  socket.write(
    `POST ${target} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${MASTER_KEY}\r\nUser-Agent: ${name}\r\n` +
      `X-LiteLLM-Session-Id: ${name}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

async function workAndTerm(made: Map<string, Made>, round: number): Promise<void> {
  const running = await startGatewayProcess({
    simulator,
    dataDir,
    env: { OUTCROP_SHUTDOWN_DEADLINE_MS: String(SHUTDOWN_DEADLINE_MS) },
  });
  started.push(running);
  const seenBefore = simulator.requests().length;
  const caller = new Caller(MASTER_KEY);
  // It holds up the end for a second, so not every time.
  const deaf = round % DEAF_EACH === 0 ? await openDeafClient(running.origin, `deaf-${round}`) : null;
  const clients = Array.from({ length: CLIENTS }, (_, client) => {
    const random = seededRandom(SEED + round * CLIENTS + client);
    return { planned: planFor(random), abort: random(5) === 0 ? anyAbort(random) : null };
  });
  const calls = clients.map(async ({ planned, abort }, client) => {
    const name = `call-${round}-${client}`;
    made.set(name, { planned, seen: await caller.call(running.origin, name, planned, abort) });
  });
  // Those that leave may do so before anything of theirs has come.
  const staying = clients.filter(({ abort }) => abort === null).length;
  await simulator.until(() => simulator.requests().length >= seenBefore + staying);
  await stopGatewayProcess(running);
  await Promise.all(calls);
  deaf?.destroy();
  caller.close();
}

const judge: Judge = ({ planned, seen }, said, stored) => {
  if (said !== undefined || seen.status !== null) assert.ok(stored !== undefined, 'nothing is lost');
  if (stored === undefined) return;
  assert.notEqual(stored.outcome, 'unknown', 'whoever is told to end says how everything ended');
  if (seen.whole && seen.status === 200) {
    assert.deepEqual([stored.outcome, stored.status], ['completed', 200]);
  }
  if (said === undefined) {
    assert.deepEqual([stored.costNanos, stored.used], [0n, {}], 'what Bedrock never got costs nothing');
  } else if (stored.costNanos === null) {
    assert.ok(!stored.complete && ['broken', 'refused', 'abandoned'].includes(stored.outcome), stored.outcome);
  } else {
    assert.deepEqual([stored.costNanos, stored.used], [planned.costNanos, planned.used]);
  }
};

test(`a gateway that is told to end ${TERMS} times with open streams leaves a record of each`, async (context) => {
  const made = new Map<string, Made>();
  for (let round = 0; round < TERMS; round += 1) await workAndTerm(made, round);
  assert.deepEqual(await spoolsIn(dataDir), [], 'all is in the database');

  const said = byUserAgent(simulator.requests());
  const { calls, totals } = readLedger(dataDir);
  const stored = bySession(calls);
  judgeAll(made, said, stored, judge);
  for (let round = 0; round < TERMS; round += DEAF_EACH) assert.equal(stored.get(`deaf-${round}`)?.outcome, 'broken');
  assert.deepEqual(totals, addUp(calls));

  const outcomes = Map.groupBy(calls, ({ outcome }) => outcome);
  for (const outcome of ['completed', 'broken', 'abandoned']) assert.ok(outcomes.has(outcome), outcome);
  context.diagnostic([...outcomes].map(([outcome, { length }]) => `${length} ${outcome}`).join(', '));
});
