import type { StreamsResult } from '../jobs.ts';
import type { Load } from '../load-client.ts';
import { MASTER_KEY, readLedger, startGateway, startSimulator, type LedgerRecord } from '../outcrop.ts';
import { cpuSeconds, residentMib, waitedSeconds } from '../proc.ts';
import type { Processes } from '../processes.ts';
import { goal, type Section } from '../report.ts';

const RESIDENT_MIB_MAX = 400;
const FRAME_DELAY_MS_MAX = 50;
const FRAME_INTERVAL_MS = 100;
const RAMP_MS = 2000;
/** A gateway that has just started compiles its code while it works; what is measured is one that has been up for a while. */
const WARM_UP = { streams: 200, framesPerStream: 20, rampMs: 500 };

export interface StreamsOptions {
  readonly folder: string;
  readonly streams: number;
  readonly seconds: number;
  /** How long the same streams are read without a gateway, to tell what the bench itself delays. */
  readonly directSeconds: number;
}

/**
 * Many ConverseStream answers at once, through the gateway from the simulator. The delay of a frame is from the time the
 * simulator wrote into it to its arrival at the client, so it holds the delays of the simulator and the client as well:
 * the same without a gateway is reported beside it.
 */
export async function measureStreams(
  processes: Processes,
  load: Load,
  { folder, streams, seconds, directSeconds }: StreamsOptions,
): Promise<Section> {
  const simulator = await startSimulator(processes);
  const simulatorPort = Number(new URL(simulator.origins['bedrock-runtime']).port);
  const gateway = await startGateway(processes, {
    folder,
    upstream: simulator.origins['bedrock-runtime'],
    credentials: simulator.credentials,
  });
  const job = { streams, intervalMs: FRAME_INTERVAL_MS, rampMs: RAMP_MS };
  const framesIn = (forSeconds: number): number => Math.ceil((forSeconds * 1000) / FRAME_INTERVAL_MS);

  const direct = await load.streams({
    ...job,
    port: simulatorPort,
    mount: '',
    bearer: simulator.credentials.bearerToken,
    framesPerStream: framesIn(directSeconds),
  });
  const { pid } = gateway.process;
  const toGateway = { ...job, port: gateway.port, mount: '/bedrock', bearer: MASTER_KEY };
  await load.streams({ ...toGateway, ...WARM_UP });
  const cpuBefore = cpuSeconds([pid]);
  const waitedBefore = waitedSeconds([pid]);
  const startedMs = performance.now();
  const through = await load.streams({
    ...toGateway,
    // Every stream is open for the whole time, also the first and the last.
    framesPerStream: framesIn(seconds + RAMP_MS / 1000),
  });
  const cpu = cpuSeconds([pid]) - cpuBefore;
  const waited = waitedSeconds([pid]) - waitedBefore;
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const { peak } = residentMib(pid);
  const differing = countDiffering(through, await readLedger(simulator));

  return {
    title: `${streams} ConverseStream answers of ${1000 / FRAME_INTERVAL_MS} frames/s at once for ${seconds} s`,
    rows: [
      { leg: 'direct', ...rowOf(direct), cpuUsPerFrame: null, coreBusyPercent: null, waitedPercent: null },
      {
        leg: 'outcrop',
        ...rowOf(through),
        cpuUsPerFrame: (cpu * 1e6) / through.frames,
        coreBusyPercent: (100 * cpu) / tookSeconds,
        waitedPercent: (100 * waited) / tookSeconds,
      },
    ],
    goals: [
      goal('streams whose SHA-256 differs from what was sent', differing, `of ${streams}`, 0),
      goal('resident memory, peak', peak, 'MiB', RESIDENT_MIB_MAX),
      goal('delay of a frame from simulator to client, p99', through.delayMs.p99, 'ms', FRAME_DELAY_MS_MAX),
      goal(
        'added delay of a frame, p99 less that of direct',
        through.delayMs.p99 - direct.delayMs.p99,
        'ms',
        FRAME_DELAY_MS_MAX,
      ),
    ],
  };
}

function rowOf({ delayMs, frames, allOpenMs }: StreamsResult): Record<string, number> {
  return {
    frames,
    allOpenSeconds: allOpenMs / 1000,
    delayP50Ms: delayMs.p50,
    delayP99Ms: delayMs.p99,
    delayP999Ms: delayMs.p999,
    delayMaxMs: delayMs.max,
  };
}

function countDiffering({ streams }: StreamsResult, ledger: ReadonlyMap<string, LedgerRecord>): number {
  return streams.filter(({ requestId, sha256, bytes }) => {
    const sent = ledger.get(requestId);
    return sent?.ended !== 'completed' || sent.responseSha256 !== sha256 || sent.responseBytes !== bytes;
  }).length;
}
