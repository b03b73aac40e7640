import type { Callers } from '../jobs.ts';
import type { Load } from '../load-client.ts';
import { cpuSeconds, waitedSeconds } from '../proc.ts';
import { median } from '../statistics.ts';

/** One of those that are compared: what is between the load and the upstream, and who sends. */
export interface Contender<Name extends string> {
  readonly name: Name;
  readonly port: number;
  readonly mount: string;
  readonly callers: Callers;
  /** The processes of the proxy; none for the direct way. */
  readonly pids: readonly number[];
}

export interface RoundOptions {
  readonly bodyBytes: number;
  readonly connections: number;
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
}

/** What one contender did in one round. */
export interface Sample {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** CPU of the proxy for each request. */
  readonly cpuUs: number;
  /** Share of its core that the proxy used. */
  readonly busy: number;
  /** Share of the time in which it could have gone on, but something else had its core. */
  readonly waited: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** What a contender did in all rounds, in their order. */
export type SamplesOf<Name extends string> = (name: Name) => readonly Sample[];

/**
 * Loads the contenders in turn, round after round. Whatever else the machine does in that time hits all of them alike,
 * so what is compared is compared within a round. The callers of a contender take turns too, over all its rounds.
 */
export async function runRounds<Name extends string>(
  load: Load,
  contenders: readonly Contender<Name>[],
  { bodyBytes, connections, rounds, roundMs, warmUpMs }: RoundOptions,
): Promise<SamplesOf<Name>> {
  const samples = new Map<Name, Sample[]>();
  const warmUp = { bodyBytes, connections, durationMs: warmUpMs, requestsMax: null, callersSkipped: 0 };
  for (const contender of contenders) await measureOnce(load, contender, warmUp);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const before = samples.get(contender.name) ?? [];
      const callersSkipped = before.reduce((sum, { requests }) => sum + requests, 0);
      const bounds = { durationMs: roundMs, requestsMax: null };
      const sample = await measureOnce(load, contender, { bodyBytes, connections, callersSkipped, ...bounds });
      samples.set(contender.name, [...before, sample]);
    }
  }
  return (name) => samples.get(name) ?? [];
}

/** What one contender costs, once. */
export async function measureOnce(
  load: Load,
  { port, mount, callers, pids }: Contender<string>,
  job: Omit<Parameters<Load['unary']>[0], 'port' | 'mount' | 'callers'>,
): Promise<Sample> {
  const cpuBefore = cpuSeconds(pids);
  const waitedBefore = waitedSeconds(pids);
  const { requests, durationMs, p50Us, p99Us } = await load.unary({ port, mount, callers, ...job });
  const cpu = cpuSeconds(pids) - cpuBefore;
  return {
    requests,
    requestsPerSecond: requests / (durationMs / 1000),
    cpuUs: (cpu * 1e6) / requests,
    busy: cpu / (durationMs / 1000),
    waited: (waitedSeconds(pids) - waitedBefore) / (durationMs / 1000),
    p50Us,
    p99Us,
  };
}

/** How many times the CPU of the base a contender takes for each request: the median of the ratios within each round. */
export function cpuRatio(measured: readonly Sample[], base: readonly Sample[]): number {
  return median(measured.map((sample, round) => sample.cpuUs / (base[round]?.cpuUs ?? Number.NaN)));
}

/** The medians of a contender's rounds, as a row of a table. */
export function medianRow({ name, pids }: Contender<string>, samples: readonly Sample[]) {
  const middle = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  const ofProxy = (pick: (sample: Sample) => number): number | null => (pids.length === 0 ? null : middle(pick));
  return {
    leg: name,
    cpuUsPerRequest: ofProxy(({ cpuUs }) => cpuUs),
    coreBusyPercent: ofProxy(({ busy }) => 100 * busy),
    waitedPercent: ofProxy(({ waited }) => 100 * waited),
    requestsPerSecond: middle(({ requestsPerSecond }) => requestsPerSecond),
    p50Us: middle(({ p50Us }) => p50Us),
    p99Us: middle(({ p99Us }) => p99Us),
  };
}

/** A size as the titles have it. */
export function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KB`;
}
