import type { Load } from '../load-client.ts';
import { cpuSeconds, waitedSeconds } from '../proc.ts';

/** One of those that are compared: what is between the load and the upstream. */
export interface Contender {
  readonly name: 'direct' | 'nginx' | 'outcrop';
  readonly port: number;
  readonly mount: string;
  readonly bearer: string;
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

export type Samples = Readonly<Record<Contender['name'], readonly Sample[]>>;

/**
 * Loads the contenders in turn, round after round. Whatever else the machine does in that time hits all of them alike,
 * so what is compared is compared within a round.
 */
export async function runRounds(
  load: Load,
  contenders: readonly Contender[],
  { bodyBytes, connections, rounds, roundMs, warmUpMs }: RoundOptions,
): Promise<Samples> {
  const samples: Record<Contender['name'], Sample[]> = { direct: [], nginx: [], outcrop: [] };
  const run = ({ port, mount, bearer }: Contender, durationMs: number) =>
    load.unary({ port, mount, bearer, bodyBytes, connections, durationMs });

  for (const contender of contenders) await run(contender, warmUpMs);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const cpuBefore = cpuSeconds(contender.pids);
      const waitedBefore = waitedSeconds(contender.pids);
      const { requests, durationMs, p50Us, p99Us } = await run(contender, roundMs);
      const cpu = cpuSeconds(contender.pids) - cpuBefore;
      samples[contender.name].push({
        requestsPerSecond: requests / (durationMs / 1000),
        cpuUs: (cpu * 1e6) / requests,
        busy: cpu / (durationMs / 1000),
        waited: (waitedSeconds(contender.pids) - waitedBefore) / (durationMs / 1000),
        p50Us,
        p99Us,
      });
    }
  }
  return samples;
}
