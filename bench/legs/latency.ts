import type { Load } from '../load-client.ts';
import { goal, type Section } from '../report.ts';
import { median } from '../statistics.ts';
import { runRounds, type Contender, type RoundOptions, type Sample } from './rounds.ts';
import type { Way } from './unary.ts';

const ADDED_P50_US_MAX = 150;

/** What the way through a proxy adds to one request at a time: against the direct way of the same round. */
export async function measureLatency(
  load: Load,
  contenders: readonly Contender<Way>[],
  options: Omit<RoundOptions, 'connections'>,
  cores: 'as they are' | 'kept awake',
): Promise<Section> {
  const samplesOf = await runRounds(load, contenders, { ...options, connections: 1 });
  const added = (name: Way, pick: (sample: Sample) => number): number =>
    median(
      samplesOf(name).map((sample, round) => {
        const direct = samplesOf('direct')[round];
        return direct === undefined ? Number.NaN : pick(sample) - pick(direct);
      }),
    );
  const rows = contenders.map(({ name }) => ({
    leg: name,
    p50Us: median(samplesOf(name).map(({ p50Us }) => p50Us)),
    p99Us: median(samplesOf(name).map(({ p99Us }) => p99Us)),
    addedP50Us: name === 'direct' ? null : added(name, ({ p50Us }) => p50Us),
    addedP99Us: name === 'direct' ? null : added(name, ({ p99Us }) => p99Us),
    waitedPercent: name === 'direct' ? null : 100 * median(samplesOf(name).map(({ waited }) => waited)),
  }));
  const p50Us = added('outcrop', (sample) => sample.p50Us);
  return {
    title: `Latency of one request at a time, 1 KB in, 1 KB out, cores ${cores}, median of ${options.rounds} rounds`,
    rows,
    goals: [goal(`added latency over direct, p50, cores ${cores}`, p50Us, 'µs', ADDED_P50_US_MAX)],
  };
}
