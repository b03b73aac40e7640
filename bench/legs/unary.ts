import { median } from '../statistics.ts';
import { goal, type Section } from '../report.ts';
import { runRounds, type Contender, type RoundOptions, type Sample } from './rounds.ts';
import type { Load } from '../load-client.ts';

const CPU_RATIO_MAX = 3.5;

/** CPU per request of the gateway beside that of nginx. @param judged whether the ratio has a goal. */
export async function measureUnary(
  load: Load,
  contenders: readonly Contender[],
  options: RoundOptions,
  judged: boolean,
): Promise<Section> {
  const samples = await runRounds(load, contenders, options);
  const ratios = samples.outcrop.map((sample, round) => sample.cpuUs / (samples.nginx[round]?.cpuUs ?? Number.NaN));
  const middle = (of: readonly Sample[], pick: (sample: Sample) => number): number => median(of.map(pick));
  const rows = contenders.map(({ name }) => ({
    leg: name,
    cpuUsPerRequest: name === 'direct' ? null : middle(samples[name], ({ cpuUs }) => cpuUs),
    coreBusyPercent: name === 'direct' ? null : 100 * middle(samples[name], ({ busy }) => busy),
    waitedPercent: name === 'direct' ? null : 100 * middle(samples[name], ({ waited }) => waited),
    requestsPerSecond: middle(samples[name], ({ requestsPerSecond }) => requestsPerSecond),
    p50Us: middle(samples[name], ({ p50Us }) => p50Us),
    p99Us: middle(samples[name], ({ p99Us }) => p99Us),
  }));
  const size =
    options.bodyBytes < 10_000 ? `${options.bodyBytes / 1024} KB` : `${Math.round(options.bodyBytes / 1024)} KB`;
  const ratio = goal(`CPU per request, ${size} in, 1 KB out`, median(ratios), '× nginx', judged ? CPU_RATIO_MAX : null);
  return {
    title: `Unary, ${size} in, 1 KB out, ${options.connections} connections, median of ${options.rounds} rounds`,
    rows,
    goals: [ratio],
  };
}
