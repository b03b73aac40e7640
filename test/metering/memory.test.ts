import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { issueKey } from '../support/virtual-keys.ts';
import { allStored } from './exact-budget.ts';
import { type GatewayProcess, startGatewayProcess, stopGatewayProcess } from './gateway-process.ts';
import { SteadyLoad } from './steady-load.ts';
import { BOUNDED, HONEST_INPUT_TOKENS_MAX, planCall } from './workload.ts';

/** How long it works. The environment may ask for a long run: only that tells a slope from warming up. */
const SECONDS = Number(process.env['OUTCROP_METERING_MEMORY_S'] ?? '20');
const SEED = Number(process.env['OUTCROP_METERING_SEED'] ?? '20261122');

const LONG_SECONDS = 600;
const SLOPE_MIB_PER_MINUTE_MAX = 1;
const RESIDENT_MIB_MAX = 400;
/**
 * The first is for compiling code and for caches to fill. Of the others the lowest looks are told too, to judge a slope by:
 * V8 lets garbage come to a hundred MiB and more before it collects it, and where in that a run begins and ends is chance.
 */
const PARTS = 5;
const LOOK_EVERY_MS = SECONDS < LONG_SECONDS ? 500 : 2000;

const CLIENTS = 8;
const BEDROCK_MS = 5;
const CUSTOMERS = 1000;
const TAGS = 20;

let simulator: Simulator;
let dataDir: string;
let running: GatewayProcess | null = null;

before(async () => {
  simulator = await startSimulator({ recordsMax: 100, hashResponses: false });
  dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-memory-'));
});

after(async () => {
  running?.run.child.kill('SIGKILL');
  await simulator.close();
  await rm(dataDir, { recursive: true, force: true });
});

interface Sample {
  readonly minute: number;
  readonly mib: number;
}

function residentMib(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

/** By least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [minute, mib] = [mean((sample) => sample.minute), mean((sample) => sample.mib)];
  const covariance = mean((sample) => (sample.minute - minute) * (sample.mib - mib));
  return covariance / mean((sample) => (sample.minute - minute) ** 2);
}

test(`memory is flat after ${SECONDS} s of calls under three limits, all of them recorded`, async (context) => {
  running = await startGatewayProcess({ simulator, dataDir, env: { OUTCROP_METRICS: 'outcrop' } });
  const { origin, run } = running;
  const key = await issueKey(origin, { rpm_limit: 10_000_000, tpm_limit: 2_000_000_000, max_budget: 1_000_000 });
  const load = new SteadyLoad({
    origin,
    bearer: key.bearer,
    name: 'call',
    seed: SEED,
    atOnce: CLIENTS,
    plan: (random) => planCall(random, BOUNDED, { delayMs: BEDROCK_MS }, HONEST_INPUT_TOKENS_MAX),
    headers: (random) => ({
      'x-litellm-customer-id': `customer ${random(CUSTOMERS)}`,
      'x-litellm-tags': `tag-${random(TAGS)}`,
    }),
  });
  const samples: Sample[] = [];
  const startedMs = performance.now();
  for (let minute = 0; minute * 60 < SECONDS; minute = (performance.now() - startedMs) / 60_000) {
    samples.push({ minute, mib: residentMib(run.child.pid ?? 0) });
    await pause(LOOK_EVERY_MS);
  }
  await load.stop();
  await allStored(origin);
  await stopGatewayProcess(running);

  const partOf = ({ minute }: Sample): number => Math.floor((minute * 60 * PARTS) / SECONDS);
  const warm = samples.filter((sample) => partOf(sample) > 0);
  const floors = Array.from({ length: PARTS - 1 }, (_, index) =>
    warm.filter((sample) => partOf(sample) === index + 1).reduce((low, one) => (one.mib < low.mib ? one : low)),
  );
  const slope = slopeOf(warm);
  const most = Math.max(...samples.map(({ mib }) => mib));
  const tenths = Array.from({ length: 10 }, (_, tenth) => samples[Math.floor((samples.length * tenth) / 10)]?.mib ?? 0);
  context.diagnostic(
    `${load.calls.size} calls; ${slope.toFixed(2)} MiB a minute over ${warm.length} looks, ${slopeOf(floors).toFixed(2)} ` +
      `between the lowest of each part (${floors.map(({ mib }) => mib.toFixed(0)).join(' ')}); ` +
      `MiB from tenth to tenth: ${tenths.map((mib) => mib.toFixed(0)).join(' ')}; at most ${most.toFixed(0)}`,
  );
  assert.ok([...load.calls.values()].every(({ seen }) => seen.status === 200 && seen.whole));
  assert.ok(most < RESIDENT_MIB_MAX, `${most} MiB`);
  if (SECONDS >= LONG_SECONDS) assert.ok(slope < SLOPE_MIB_PER_MINUTE_MAX, `${slope} MiB a minute`);
});
