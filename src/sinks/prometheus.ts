import { snakeCase } from '../domain/otlp/snake-case.ts';
import { CallMetrics, type CallMetricsBounds, type CallerSeries } from './prometheus-calls.ts';
import {
  callNames,
  LITELLM_TOKENS,
  STATE_FAMILIES,
  type CallNames,
  type MetricNames,
  type StateName,
} from './prometheus-names.ts';
import type { SeenCall } from '../domain/sink-event.ts';
import { MetricsText, type FamilyFacts, type Labels, type MetricsFormat } from './prometheus-text.ts';

/** What a scraper sees. Kept in memory, within bounds; counters begin at zero with the process, as Prometheus expects. */
export interface Metrics {
  /** Counts a finished call: under two microseconds. */
  observe(call: SeenCall): void;
  /** Says how something is now. @param labels names and values, where there are several of a kind */
  set(name: StateName, value: number, labels?: Labels): void;
  /** Says all there is of a family now; what was said of it before is gone. As many as are given: their bound is elsewhere. */
  replace(name: StateName, states: readonly State[]): void;
  /** All metrics, for `METRICS_CONTENT_TYPES` of the same format. */
  render(format?: MetricsFormat): string;
}

export interface MetricsOptions extends Partial<CallMetricsBounds> {
  readonly names?: MetricNames;
}

const BOUNDS: CallMetricsBounds = { callersMax: 2000, latenciesMax: 300, modelsMax: 200 };
/** Of one family of states that are set one by one: sinks are few. */
const STATES_MAX = 1000;

export function createMetrics({ names = 'outcrop', ...bounds }: MetricsOptions = {}): Metrics {
  const calls = new CallMetrics({ ...BOUNDS, ...bounds });
  const states = new Map<StateName, Map<string, State>>();
  return {
    observe: (call) => calls.observe(call),
    set: (name, value, labels = []) => {
      const family = states.get(name) ?? new Map<string, State>();
      states.set(name, family);
      const id = JSON.stringify(labels);
      if (family.size < STATES_MAX || family.has(id)) family.set(id, { labels, value });
    },
    replace: (name, all) => {
      states.set(name, new Map(all.map((state) => [JSON.stringify(state.labels), state])));
    },
    render: (format = 'text') => {
      const text = new MetricsText(format);
      writeCalls(text, calls, names);
      for (const [name, family] of states) writeState(text, name, [...family.values()], names);
      return text.end();
    },
  };
}

export interface State {
  readonly labels: Labels;
  readonly value: number;
}

type Sample = readonly [labels: Labels, value: number];

function writeCalls(text: MetricsText, calls: CallMetrics, names: MetricNames): void {
  const { families, labels } = callNames(names);
  const callers = [...calls.callers].map((series) => ({ series, named: callerLabels(series, labels) }));
  const by = (pick: (series: CallerSeries) => ReadonlyMap<string, number>, label: string): Sample[] =>
    callers.flatMap(({ series, named }) =>
      [...pick(series)].map(([value, count]): Sample => [[...named, [label, snakeCase(value)]], count]),
    );
  const units = (isWanted: (unit: string) => boolean) => (series: CallerSeries) =>
    new Map([...series.units].filter(([unit]) => isWanted(unit)));

  writeSamples(
    text,
    families.requests,
    by(({ requests }) => requests, labels.status),
  );
  writeSamples(
    text,
    families.failures,
    callers.flatMap(({ series, named }) =>
      [...series.failures.values()].map(({ status, error, count }): Sample => {
        return [[...named, [labels.failedStatus, status], [labels.error, error]], count];
      }),
    ),
  );
  writeSamples(
    text,
    families.cost,
    callers.map(({ series, named }): Sample => [named, series.costNanos / 1e9]),
  );
  writeSamples(
    text,
    families.unpriced,
    callers.filter(({ series }) => series.unpriced > 0).map(({ series, named }): Sample => [named, series.unpriced]),
  );
  writeSamples(
    text,
    families.otherUnits,
    by(
      units((unit) => !isTokens(unit)),
      labels.unit,
    ),
  );
  if (names === 'litellm') {
    const sum = (isWanted: (unit: string) => boolean): Sample[] =>
      callers.map(({ series, named }): Sample => [named, sumOf(units(isWanted)(series))]);
    writeSamples(
      text,
      LITELLM_TOKENS.input,
      sum((unit) => isTokens(unit) && !isOutput(unit)),
    );
    writeSamples(
      text,
      LITELLM_TOKENS.output,
      sum((unit) => isTokens(unit) && isOutput(unit)),
    );
    writeSamples(text, LITELLM_TOKENS.total, sum(isTokens));
  } else writeSamples(text, families.tokens, by(units(isTokens), labels.unit));
  writeLatencies(text, calls, { families, labels });
}

function writeLatencies(text: MetricsText, calls: CallMetrics, { families, labels }: CallNames): void {
  const latencies = [...calls.latencies];
  for (const which of ['duration', 'firstByte'] as const) {
    const series = latencies.filter((one) => one[which].count > 0);
    if (series.length === 0) continue;
    text.family(families[which]);
    for (const { model, operation, status, [which]: histogram } of series) {
      const named: Labels = [
        [labels.model, model],
        [labels.operation, operation],
        [labels.status, status],
      ];
      text.histogram(families[which].name, named, histogram.bounds, histogram.counts, histogram.sum);
    }
  }
}

function writeState(text: MetricsText, name: StateName, states: readonly State[], names: MetricNames): void {
  const { type, help, ...other } = STATE_FAMILIES[name];
  const called = names === 'litellm' && 'litellm' in other ? other.litellm : name;
  writeSamples(
    text,
    { name: called, type, help },
    states.map(({ labels, value }): Sample => [labels, value]),
  );
}

function writeSamples(text: MetricsText, family: FamilyFacts, samples: readonly Sample[]): void {
  if (samples.length === 0) return;
  text.family(family);
  for (const [labels, value] of samples) text.sample(family.name, labels, value);
}

function callerLabels({ key, team, model, operation }: CallerSeries, labels: CallNames['labels']): Labels {
  return [
    [labels.key, key],
    [labels.team, team],
    [labels.model, model],
    [labels.operation, operation],
  ];
}

function isTokens(unit: string): boolean {
  return unit.endsWith('Tokens');
}

function isOutput(unit: string): boolean {
  return unit.startsWith('output');
}

function sumOf(units: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const quantity of units.values()) sum += quantity;
  return sum;
}
