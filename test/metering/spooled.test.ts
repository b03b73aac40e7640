import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { statusWith } from '../support/virtual-keys.ts';
import { type GatewayProcess, spoolsIn, startGatewayProcess, stopGatewayProcess } from './gateway-process.ts';
import { addUp, readLedger } from './stored-calls.ts';

/** How many records a killed process has left behind; the environment may ask for more. */
const RECORDS = Number(process.env['OUTCROP_METERING_SPOOLED'] ?? '5000');
/** What the issue promises for a hundred thousand of them. */
const READY_MS_MAX = 5000;

const ASK_AGAIN_MS = 100;

const FILL = fileURLToPath(new URL('fill-spool.ts', import.meta.url));

let simulator: Simulator;
let dataDir: string;
let gateway: GatewayProcess | null = null;

before(async () => {
  simulator = await startSimulator();
  dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-spooled-'));
});

after(async () => {
  gateway?.run.child.kill('SIGKILL');
  await simulator.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function fillAndDie(): Promise<void> {
  const child = spawn(process.execPath, [FILL, dataDir, String(RECORDS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await exited;
}

test(`a gateway that finds ${RECORDS} records of a dead one serves within seconds and stores them all`, async (context) => {
  await fillAndDie();
  const startMs = performance.now();
  const budget = { kind: 'spend', max: 1_000_000, window: 'forever' };
  gateway = await startGatewayProcess({ simulator, dataDir, limits: [budget] });
  const { origin } = gateway;
  assert.equal((await fetch(`${origin}/health/readiness`)).status, 200);
  const readyMs = performance.now() - startMs;
  assert.ok(readyMs < READY_MS_MAX, `${readyMs} ms`);

  // The budget must know of all that was spent before it lets anything pass; on a busy machine that may take a while.
  while ((await statusWith(origin, MASTER_KEY)) === 503) await pause(ASK_AGAIN_MS);
  const budgetMs = performance.now() - startMs;
  await stopGatewayProcess(gateway);

  assert.deepEqual(await spoolsIn(dataDir), []);
  const { calls: all, totals } = readLedger(dataDir);
  const calls = all.filter(({ outcome }) => outcome !== 'refused');
  const unknown = calls.filter(({ outcome }) => outcome === 'unknown');
  assert.equal(calls.length, RECORDS + 1);
  assert.equal(unknown.length, RECORDS / 100);
  assert.ok(unknown.every(({ estimated, costNanos, reservedNanos }) => estimated && costNanos === reservedNanos));
  assert.deepEqual(totals, addUp(all));
  context.diagnostic(
    `ready after ${Math.round(readyMs)} ms, a call under a hard budget after ${Math.round(budgetMs)} ms`,
  );
});
