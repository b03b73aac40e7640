import { setTimeout } from 'node:timers/promises';
import type { Load } from '../load-client.ts';
import { bearers } from '../callers.ts';
import type { Callers } from '../jobs.ts';
import { MASTER_KEY, startGateway, type Gateway } from '../outcrop.ts';
import { residentMib } from '../proc.ts';
import type { Processes } from '../processes.ts';
import { goal, type Section } from '../report.ts';
import { median } from '../statistics.ts';

const RESIDENT_MIB_MAX = 120;
const READY_MS_MAX = 1000;
/** Some tens of requests: long enough that everything a request needs is loaded. */
const FEW_REQUESTS_MS = 20;
const SETTLE_MS = 1500;

export interface RestOptions {
  readonly folder: string;
  readonly upstream: string;
  readonly starts: number;
}

/** How soon a fresh gateway is ready, and what memory it holds after its first requests. */
export async function measureRest(
  processes: Processes,
  load: Load,
  { folder, upstream, starts }: RestOptions,
): Promise<Section> {
  const measured: { readyMs: number; residentMib: number }[] = [];
  for (let start = 0; start < starts; start += 1) {
    const gateway = await startGateway(processes, { folder, upstream });
    const resident = await residentAfterRequests(load, gateway, bearers([MASTER_KEY]));
    measured.push({ readyMs: gateway.readyMs, residentMib: resident });
    await gateway.process.stop();
  }
  return {
    title: 'A gateway at rest, after its first requests',
    rows: measured.map((row, index) => ({ leg: `start ${index + 1}`, ...row })),
    goals: [
      goal('start to ready, median', median(measured.map(({ readyMs }) => readyMs)), 'ms', READY_MS_MAX),
      goal('resident memory at rest, median', median(measured.map((row) => row.residentMib)), 'MiB', RESIDENT_MIB_MAX),
    ],
  };
}

/** The memory of a fresh gateway some time after its first requests, in MiB. */
export async function residentAfterRequests(load: Load, gateway: Gateway, callers: Callers): Promise<number> {
  await load.unary({
    port: gateway.port,
    mount: '/bedrock',
    callers,
    callersSkipped: 0,
    bodyBytes: 1024,
    connections: 1,
    durationMs: FEW_REQUESTS_MS,
    requestsMax: null,
  });
  await setTimeout(SETTLE_MS);
  return residentMib(gateway.process.pid).now;
}
