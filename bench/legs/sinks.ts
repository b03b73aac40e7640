import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { bearers } from '../callers.ts';
import { handOverUs } from '../hand-over.ts';
import type { Load } from '../load-client.ts';
import { startSinkReceiver } from '../nginx.ts';
import { MASTER_KEY, startGateway, type Gateway } from '../outcrop.ts';
import { cpuSeconds } from '../proc.ts';
import type { Processes } from '../processes.ts';
import { goal, type Section } from '../report.ts';
import { median } from '../statistics.ts';
import { measureOnce, medianRow, type Contender, type RoundOptions, type Sample } from './rounds.ts';

const HAND_OVER_US_MAX = 2;
const OTEL_US_MAX = 15;

/** What is handed over in a round is sent within it: flushed often, and after the load some time to get it out. */
const FLUSH_SECONDS = 0.2;
const SENT_AFTER_MS = 500;

const NONE = 'no sink';

export interface SinksOptions extends RoundOptions {
  /** Of this leg alone. */
  readonly folder: string;
  readonly upstream: string;
}

/**
 * What each sink costs: CPU of the whole gateway per request, threads that compress among it, beside the same gateway
 * without sinks; and how long the event loop is held to hand a call over. Receivers take everything, on the other core.
 */
export async function measureSinks(
  processes: Processes,
  load: Load,
  { folder, upstream, ...options }: SinksOptions,
): Promise<Section> {
  mkdirSync(folder);
  const receiver = await startSinkReceiver(processes, folder);
  const sinks = sinksAt(`http://127.0.0.1:${receiver.port}`, folder);
  const gateways: Gateway[] = [];
  const contenders: Contender<string>[] = [];
  for (const [name, settings] of [[NONE, null] as const, ...Object.entries(sinks)]) {
    const own = join(folder, name.replaceAll(' ', '-'));
    mkdirSync(own);
    const config = join(own, 'outcrop.yaml');
    // JSON is YAML.
    writeFileSync(config, JSON.stringify({ sinks: settings === null ? {} : { [name]: settings } }));
    const gateway = await startGateway(processes, { folder: own, upstream, args: ['--config', config] });
    gateways.push(gateway);
    const { port, process } = gateway;
    contenders.push({ name, port, mount: '/bedrock', callers: bearers([MASTER_KEY]), pids: [process.pid] });
  }
  const samples = await runRounds(load, contenders, options);
  for (const gateway of gateways) await requireDelivered(gateway);
  await Promise.all(gateways.map(({ process }) => process.stop()));
  const handOver = await handOverUs(processes, sinks, join(folder, 'hand-over'));
  await receiver.process.stop();

  const samplesOf = (name: string): readonly Sample[] => samples.get(name) ?? [];
  const base = samplesOf(NONE);
  const addedUs = (name: string): number =>
    median(samplesOf(name).map(({ cpuUs }, round) => cpuUs - (base[round]?.cpuUs ?? Number.NaN)));
  const names = Object.keys(sinks);
  return {
    title: `Sinks, each in a gateway of its own, ${options.connections} connections, median of ${options.rounds} rounds`,
    rows: contenders.map((contender) => ({
      ...medianRow(contender, samplesOf(contender.name)),
      addedCpuUs: contender.name === NONE ? null : addedUs(contender.name),
      handOverUs: handOver.get(contender.name) ?? null,
    })),
    goals: [
      ...names.map((name) =>
        goal(`handing a call over to ${name}`, handOver.get(name) ?? Number.NaN, 'µs', HAND_OVER_US_MAX),
      ),
      ...names.map((name) =>
        goal(`CPU per request that ${name} adds`, addedUs(name), 'µs', name === 'otel' ? OTEL_US_MAX : null),
      ),
    ],
  };
}

const states = z.object({
  sinks: z.array(z.object({ name: z.string(), delivered: z.number(), dropped: z.number(), refused: z.number() })),
});

/** What is lost costs next to nothing. @throws Error where anything was */
async function requireDelivered({ port }: Gateway): Promise<void> {
  const headers = { authorization: `Bearer ${MASTER_KEY}` };
  const answer = await fetch(`http://127.0.0.1:${port}/health/sinks`, { headers });
  for (const { name, delivered, dropped, refused } of states.parse(await answer.json()).sinks) {
    if (delivered > 0 && dropped + refused === 0) continue;
    throw new Error(`The sink ${name} delivered ${delivered} calls, dropped ${dropped}, and had ${refused} refused.`);
  }
}

/** As operators have them, but flushed often: a round is shorter than their intervals. */
function sinksAt(origin: string, folder: string): Readonly<Record<string, object>> {
  const aws = (prefix: string) => ({ [`${prefix}_region_name`]: 'us-east-1', [`${prefix}_endpoint_url`]: origin });
  const sinks = {
    file: { path: join(folder, 'calls.jsonl') },
    generic_api: { endpoint: `${origin}/calls` },
    s3_v2: { ...aws('s3'), s3_bucket_name: 'calls' },
    aws_sqs: { ...aws('sqs'), sqs_queue_url: `${origin}/000000000000/calls` },
    firehose: { ...aws('firehose'), firehose_stream_name: 'calls' },
    datadog: { base_url: origin, api_key: 'example' },
    otel: { endpoint: origin },
  };
  return Object.fromEntries(
    Object.entries(sinks).map(([name, settings]) => [name, { ...settings, flush_interval: FLUSH_SECONDS }]),
  );
}

/** As all legs do, but what a sink does after the load has ended is its cost too. */
async function runRounds(
  load: Load,
  contenders: readonly Contender<string>[],
  { bodyBytes, connections, rounds, roundMs, warmUpMs }: RoundOptions,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>();
  const job = { bodyBytes, connections, requestsMax: null, callersSkipped: 0 };
  for (const contender of contenders) await measureOnce(load, contender, { ...job, durationMs: warmUpMs });
  await pause(SENT_AFTER_MS);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const before = cpuSeconds(contender.pids);
      const sample = await measureOnce(load, contender, { ...job, durationMs: roundMs });
      await pause(SENT_AFTER_MS);
      const cpuUs = ((cpuSeconds(contender.pids) - before) * 1e6) / sample.requests;
      samples.set(contender.name, [...(samples.get(contender.name) ?? []), { ...sample, cpuUs }]);
    }
  }
  return samples;
}
