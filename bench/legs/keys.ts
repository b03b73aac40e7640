import { bearers, pairs } from '../callers.ts';
import type { Load } from '../load-client.ts';
import { MASTER_KEY, startGateway } from '../outcrop.ts';
import type { Processes } from '../processes.ts';
import { goal, type Section } from '../report.ts';
import { makeKeys } from '../virtual-keys.ts';
import { cpuRatio, measureOnce, medianRow, runRounds, type Contender, type RoundOptions } from './rounds.ts';

const BEARER_RATIO_MAX = 1.15;
const SIGNED_RATIO_MAX = 1.5;

export interface KeysOptions extends RoundOptions {
  /** Of this leg alone: its database holds the keys. */
  readonly folder: string;
  readonly upstream: string;
  readonly keys: number;
}

/**
 * What it costs to know many callers: the same gateway, asked with the master key, with each virtual key in turn, and with
 * signatures of each virtual pair in turn. Before the rounds, each key and each pair is shown once for the first time.
 */
export async function measureKeys(
  processes: Processes,
  load: Load,
  { folder, upstream, keys: count, ...options }: KeysOptions,
): Promise<Section> {
  const keys = await makeKeys(folder, count);
  const gateway = await startGateway(processes, { folder, upstream });
  const way = { port: gateway.port, mount: '/bedrock', pids: [gateway.process.pid] };
  const master = { ...way, name: 'master key', callers: bearers([MASTER_KEY]) } as const;
  const virtual = { ...way, name: 'virtual keys', callers: bearers(keys.map(({ bearer }) => bearer)) } as const;
  const signed = { ...way, name: 'signed', callers: pairs(keys) } as const;
  const contenders: Contender<'master key' | 'virtual keys' | 'signed'>[] = [master, virtual, signed];

  // The code that all share is compiled before the keys are shown, so that what comes on top is the look-up.
  const { bodyBytes, connections, warmUpMs } = options;
  const job = { bodyBytes, connections, callersSkipped: 0 };
  await measureOnce(load, master, { ...job, durationMs: warmUpMs, requestsMax: null });
  const onePass = { ...job, durationMs: null, requestsMax: count };
  const firstTimes = [
    { ...virtual, name: 'virtual keys, first time', sample: await measureOnce(load, virtual, onePass) },
    { ...signed, name: 'signed, first time', sample: await measureOnce(load, signed, onePass) },
  ];
  const samplesOf = await runRounds(load, contenders, options);
  await gateway.process.stop();

  const ratio = (name: 'virtual keys' | 'signed') => cpuRatio(samplesOf(name), samplesOf('master key'));
  return {
    title: `Unary with ${count} virtual keys in turn, ${options.connections} connections, median of ${options.rounds} rounds`,
    rows: [
      ...contenders.map((contender) => medianRow(contender, samplesOf(contender.name))),
      ...firstTimes.map((contender) => medianRow(contender, [contender.sample])),
    ],
    goals: [
      goal(`CPU per request with one of ${count} keys`, ratio('virtual keys'), '× master key', BEARER_RATIO_MAX),
      goal('CPU per request with a verified signature', ratio('signed'), '× master key', SIGNED_RATIO_MAX),
    ],
  };
}
