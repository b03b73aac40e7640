import { goal, type Section } from '../report.ts';
import { cpuRatio, kilobytes, medianRow, runRounds, type Contender, type RoundOptions } from './rounds.ts';
import type { Load } from '../load-client.ts';

const CPU_RATIO_MAX = 3.5;

/** The ways that a proxy is compared by. */
export type Way = 'direct' | 'nginx' | 'outcrop';

/** CPU per request of the gateway beside that of nginx. @param judged whether the ratio has a goal. */
export async function measureUnary(
  load: Load,
  contenders: readonly Contender<Way>[],
  options: RoundOptions,
  judged: boolean,
): Promise<Section> {
  const samplesOf = await runRounds(load, contenders, options);
  const size = kilobytes(options.bodyBytes);
  const ratio = cpuRatio(samplesOf('outcrop'), samplesOf('nginx'));
  return {
    title: `Unary, ${size} in, 1 KB out, ${options.connections} connections, median of ${options.rounds} rounds`,
    rows: contenders.map((contender) => medianRow(contender, samplesOf(contender.name))),
    goals: [goal(`CPU per request, ${size} in, 1 KB out`, ratio, '× nginx', judged ? CPU_RATIO_MAX : null)],
  };
}
