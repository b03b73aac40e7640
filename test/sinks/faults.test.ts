import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { SIMULATOR_CREDENTIALS, startSimulator, type Simulator } from '../../simulator/index.ts';
import { type Run, startOutcrop } from '../commands/run-outcrop.ts';
import { needs } from '../support/needs.ts';
import { makeSelfSigned, type SelfSigned } from '../support/self-signed.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { CONVERSE, send } from '../support/virtual-keys.ts';
import { FaultyReceiver, RECEIVER_FAULTS, type Tls } from './faulty-receiver.ts';
import { lint } from './prometheus-lint.ts';

/** How long the receivers are out of order; the environment may ask for a long run. */
const FAULT_SECONDS = Number(process.env['OUTCROP_SINK_FAULT_SECONDS'] ?? '2');
/** A pause between two tries is no longer than the time it has failed, and a minute. */
const CATCH_UP_MS_MAX = 20_000 + 1000 * Math.min(60, FAULT_SECONDS) * 2;

const CALLS_OF_ROUND = 60;
const CLIENTS = 2;
/** What memory may wait for a receiver that may lose calls. */
const QUEUE_CALLS_MAX = 100;
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * With sinks the slowest of a hundred may take so many times as long, and so much longer, as without: what two rounds of
 * the same gateway differ by on a busy machine, and far below any of the pauses and time-outs that a call would wait
 * for if it waited for a sink.
 */
const P99_RATIO_MAX = 2;
const P99_MS_MORE = 5;

interface RunningGateway {
  readonly run: Run;
  readonly origin: string;
  readonly p99s: number[];
  readonly ids: string[];
}

const sinkStates = z.object({
  sinks: z.array(
    z.object({
      name: z.string(),
      queued: z.number(),
      outboxBytes: z.number(),
      delivered: z.number(),
      dropped: z.number(),
      failing: z.boolean(),
    }),
  ),
});
type SinkState = z.output<typeof sinkStates>['sinks'][number];

describe('receivers out of order', needs('openssl'), () => {
  let simulator: Simulator;
  let folder: string;
  let good: SelfSigned;
  let bad: SelfSigned;
  before(async () => {
    simulator = await startSimulator({ recordsMax: 10, hashResponses: false });
    folder = mkdtempSync(path.join(tmpdir(), 'outcrop-faults-'));
    [good, bad] = [makeSelfSigned(), makeSelfSigned()];
  });
  after(async () => {
    await simulator.close();
    good.remove();
    bad.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('cost requests nothing and memory little, and get every call once they are back', async () => {
    const receivers = RECEIVER_FAULTS.map((fault) => new FaultyReceiver(fault, tlsOf(good), tlsOf(bad)));
    for (const receiver of receivers) await receiver.start();
    const quick = { flush_interval: 0.05, format: 'litellm' };
    const sure = receivers.map(({ fault, origin }) => [fault, { type: 'generic_api', endpoint: origin, ...quick }]);
    const lossy = { ...quick, type: 'generic_api', delivery: 'best-effort', queue_size: QUEUE_CALLS_MAX };
    const sinks = { ...Object.fromEntries(sure), lossy: { ...lossy, endpoint: 'http://127.0.0.1:9' } };
    const without = await startGateway('without', {});
    const withSinks = await startGateway('with', sinks);
    const both = [without, withSinks];

    for (const gateway of both) await sendRound(gateway);
    const memoryBefore = await Promise.all(both.map(residentBytes));
    const endMs = performance.now() + FAULT_SECONDS * 1000;
    for (const gateway of both) gateway.p99s.length = 0;
    // In turn, so that whatever else the machine does hits both alike.
    for (let round = 0; performance.now() < endMs; round += 1) {
      for (const gateway of round % 2 === 0 ? both : both.toReversed()) await sendRound(gateway);
    }
    const [grown = 0, grownWithSinks = 0] = (await Promise.all(both.map(residentBytes))).map(
      (bytes, index) => bytes - (memoryBefore[index] ?? 0),
    );
    const [p99 = 0, p99WithSinks = 0] = both.map(({ p99s }) => medianOf(p99s));
    const told = `p99 ${p99.toFixed(1)} ms, with sinks ${p99WithSinks.toFixed(1)} ms in ${withSinks.p99s.length} rounds`;
    assert.ok(p99WithSinks <= p99 * P99_RATIO_MAX + P99_MS_MORE, told);
    assert.ok(
      grownWithSinks <= grown + MEMORY_BYTES_MAX,
      `memory grew by ${grownWithSinks} bytes, without by ${grown}`,
    );

    const calls = withSinks.ids.length;
    for (const { name, failing, delivered, queued, dropped } of await statesOf(withSinks)) {
      assert.equal(delivered, 0, name);
      // Who answers so slowly is given up after half a minute only.
      assert.ok(failing || name === 'slow', name);
      if (name !== 'lossy') assert.deepEqual([name, queued, dropped], [name, calls, 0]);
      else assert.ok(queued <= 2 * QUEUE_CALLS_MAX && dropped >= calls - 2 * QUEUE_CALLS_MAX, `${queued}, ${dropped}`);
    }

    for (const receiver of receivers) await receiver.heal();
    const isTaken = ({ name, queued, outboxBytes }: SinkState): boolean =>
      name === 'lossy' || queued + outboxBytes === 0;
    await untilStates(withSinks, (states) => states.every(isTaken));
    for (const { fault, taken } of receivers) {
      const missing = withSinks.ids.filter((id) => !taken.has(id));
      assert.deepEqual([fault, missing], [fault, []]);
    }
    for (const { run } of both) {
      run.child.kill('SIGTERM');
      assert.equal(await run.ended, 0, run.errors());
    }
  });

  async function startGateway(name: string, sinks: object): Promise<RunningGateway> {
    const dataDir = mkdtempSync(path.join(folder, `${name}-`));
    const config = path.join(dataDir, 'outcrop.yaml');
    writeFileSync(config, JSON.stringify({ sinks }));
    const run = startOutcrop(['start', '--config', config], {
      env: {
        ...simulator.environment,
        NODE_EXTRA_CA_CERTS: good.certFile,
        AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
        AWS_REGION: 'us-east-1',
        OUTCROP_HOST: '127.0.0.1',
        OUTCROP_PORT: '0',
        OUTCROP_MASTER_KEY: MASTER_KEY,
        OUTCROP_METRICS: 'outcrop',
        OUTCROP_SHUTDOWN_NOTICE_MS: '0',
        OUTCROP_DATA_DIR: dataDir,
        OUTCROP_LOOP_DELAY_MS_MAX: '60000',
      },
    });
    after(() => run.child.kill('SIGKILL'));
    await run.says('Point Bedrock clients at');
    return { run, origin: /http:\/\/127\.0\.0\.1:\d+/.exec(run.output())?.[0] ?? '', p99s: [], ids: [] };
  }
});

function tlsOf({ certificate: cert, keyFile }: SelfSigned): Tls {
  return { cert, key: readFileSync(keyFile, 'utf8') };
}

const authorization = `Bearer ${MASTER_KEY}`;

/** The same calls again, by a few clients at once. */
async function sendRound({ origin, p99s, ids }: RunningGateway): Promise<void> {
  const times: number[] = [];
  let left = CALLS_OF_ROUND;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const startedMs = performance.now();
      const answer = await send(origin, CONVERSE, { authorization });
      await answer.arrayBuffer();
      times.push(performance.now() - startedMs);
      assert.equal(answer.status, 200);
      ids.push(answer.headers.get('x-outcrop-request-id') ?? '');
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  p99s.push(quantileOf(times, 0.99));
}

async function residentBytes({ origin }: RunningGateway): Promise<number> {
  const answer = await fetch(`${origin}/metrics`, { headers: { authorization } });
  return lint(await answer.text()).get('process_resident_memory_bytes')?.samples[0]?.value ?? NaN;
}

async function statesOf({ origin }: RunningGateway): Promise<readonly SinkState[]> {
  const answer = await fetch(`${origin}/health/sinks`, { headers: { authorization } });
  return sinkStates.parse(await answer.json()).sinks;
}

const ASK_EVERY_MS = 50;

async function untilStates(gateway: RunningGateway, are: (states: readonly SinkState[]) => boolean): Promise<void> {
  const endMs = performance.now() + CATCH_UP_MS_MAX;
  for (;;) {
    const states = await statesOf(gateway);
    if (are(states)) return;
    assert.ok(performance.now() < endMs, JSON.stringify(states));
    await pause(ASK_EVERY_MS);
  }
}

function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function medianOf(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}
