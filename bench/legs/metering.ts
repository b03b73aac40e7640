import { bearers } from '../callers.ts';
import type { Load } from '../load-client.ts';
import { startNginxProxy } from '../nginx.ts';
import { MASTER_KEY, startGateway } from '../outcrop.ts';
import type { Processes } from '../processes.ts';
import { goal, type Section } from '../report.ts';
import { median } from '../statistics.ts';
import { makeKeys } from '../virtual-keys.ts';
import { residentAfterRequests } from './rest.ts';
import { cpuRatio, measureOnce, medianRow, runRounds, type Contender, type RoundOptions } from './rounds.ts';

const CPU_RATIO_MAX = 4.5;
const RESIDENT_MB_MAX = 140;
const BYTES_PER_MIB = 1024 * 1024;

/** By LiteLLM's names, far above what a round can use: what is measured is the counting, not a refusal. */
export const LIMITS = { rpm_limit: 100_000_000, tpm_limit: 1_000_000_000_000, max_budget: 9_000_000 };

export interface MeteringOptions extends RoundOptions {
  /** Of this leg alone: its database holds the keys and the calls. */
  readonly folder: string;
  readonly upstream: string;
  readonly originPort: number;
  /** In use at the same time. */
  readonly keys: number;
  readonly starts: number;
}

/**
 * What it costs with everything on: callers with virtual keys, three limits for each of them, usage, prices, the spool and
 * the ledger. Beside it the same gateway asked with the master key, which no limit holds, and a plain nginx.
 */
export async function measureMetering(
  processes: Processes,
  load: Load,
  { folder, upstream, originPort, keys: count, starts, ...options }: MeteringOptions,
): Promise<Section> {
  const keys = await makeKeys(folder, count, { limits: LIMITS });
  const limited = bearers(keys.map(({ bearer }) => bearer));
  const resident: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    const gateway = await startGateway(processes, { folder, upstream });
    resident.push((await residentAfterRequests(load, gateway, limited)) * BYTES_PER_MIB);
    await gateway.process.stop();
  }

  const nginx = await startNginxProxy(processes, folder, originPort);
  const gateway = await startGateway(processes, { folder, upstream });
  const way = { port: gateway.port, mount: '/bedrock', pids: [gateway.process.pid] };
  const everything = { ...way, name: 'everything', callers: limited } as const;
  const contenders: Contender<'nginx' | 'everything' | 'no limits'>[] = [
    { name: 'nginx', port: nginx.port, mount: '', callers: bearers([MASTER_KEY]), pids: nginx.pids },
    everything,
    { ...way, name: 'no limits', callers: bearers([MASTER_KEY]) },
  ];
  // What each key has used before is asked of the ledger with its first call.
  const { bodyBytes, connections } = options;
  const onePass = { bodyBytes, connections, callersSkipped: 0, durationMs: null, requestsMax: count };
  await measureOnce(load, everything, onePass);
  const samplesOf = await runRounds(load, contenders, options);
  await Promise.all([nginx.process.stop(), gateway.process.stop()]);

  const ratio = (name: 'everything' | 'no limits') => cpuRatio(samplesOf(name), samplesOf('nginx'));
  return {
    title: `Everything on: ${count} virtual keys with three limits each, ${options.connections} connections, median of ${options.rounds} rounds`,
    rows: contenders.map((contender) => medianRow(contender, samplesOf(contender.name))),
    goals: [
      goal('CPU per request, everything on', ratio('everything'), '× nginx', CPU_RATIO_MAX),
      goal('CPU per request with the master key, which has no limits', ratio('no limits'), '× nginx', null),
      goal('resident memory at rest, everything on, median', median(resident) / 1e6, 'MB', RESIDENT_MB_MAX),
    ],
  };
}
