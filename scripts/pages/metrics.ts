import { OTHER } from '../../src/domain/otlp/known-models.ts';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { callNames, LITELLM_TOKENS, STATE_FAMILIES } from '../../src/sinks/prometheus-names.ts';
import { createMetrics } from '../../src/sinks/prometheus.ts';
import { sampleSinkEvent } from '../../src/sinks/sample-event.ts';
import { code, markdownTable } from './markdown-table.ts';

/** `docs/metrics.md`: every metric with its labels. Those of calls are read off metrics of calls. */
export function metricsPage(): string {
  const { families, labels } = callNames('outcrop');
  const theirs = callNames('litellm');
  const labelsOf = labelsInUse();
  const ofCalls = entriesOf(families).map(([kind, { name, type, help }]) => {
    const names =
      kind === 'tokens' ? Object.values(LITELLM_TOKENS).map((each) => each.name) : [theirs.families[kind].name];
    const used = labelsOf.get(name);
    if (used === undefined) throw new Error(`No sample call has the metric ${name}.`);
    return [
      code(name),
      names
        .filter((each) => each !== name)
        .map(code)
        .join(' '),
      type,
      used.map(code).join(' '),
      help,
    ];
  });
  const ofState = Object.entries(STATE_FAMILIES).map(([name, { type, help, ...more }]) => {
    const renamed = 'litellm' in more ? code(more.litellm) : '';
    return [code(name), renamed, type, stateLabels(name).map(code).join(' '), help];
  });
  const renamedLabels = entriesOf(labels)
    .filter(([label, name]) => theirs.labels[label] !== name)
    .map(([label, name]) => [code(name), code(theirs.labels[label]), ABOUT_LABELS[label]]);
  return `# Metrics

<!-- Written by \`npm run write-docs\` from src/sinks/prometheus-*.ts: change that. -->

What \`GET /metrics\` tells, see [logging.md](logging.md#metrics-prometheus). With \`OUTCROP_METRICS=litellm\` a metric has the name in the
second column, where there is one, and labels those in the last table. A label that would be empty is left out. Counters begin at
zero with the process.

## Of calls

${markdownTable(HEAD, ofCalls)}

\`operation\` is such as \`bedrock-runtime:Converse\`; \`status\` is that of the answer, \`none\` where the client got none. Keys are named by
their alias, or else by their id. What comes beyond the bounds (2000 series of callers, 300 of latencies, 200 models) is counted
together under ${code(OTHER)}.

## Of the gateway

${markdownTable(HEAD, ofState)}

## Labels by LiteLLM's names

${markdownTable(['Label', "LiteLLM's", 'Where'], renamedLabels)}
`;
}

const HEAD = ['Metric', 'With `litellm`', 'Type', 'Labels', 'What it is'];

const ABOUT_LABELS = {
  key: 'everywhere',
  team: 'everywhere',
  model: 'everywhere',
  operation: 'everywhere',
  status: 'everywhere but for failures',
  failedStatus: 'failures',
  error: 'failures',
  unit: 'everywhere',
} as const;

/** The names of the labels of each family that calls have. */
function labelsInUse(): ReadonlyMap<string, readonly string[]> {
  const metrics = createMetrics({ names: 'outcrop' });
  for (const event of samples()) metrics.observe(event);
  const labels = new Map<string, readonly string[]>();
  for (const [, name = '', text = ''] of metrics.render().matchAll(/^([a-z_]+?)(?:_bucket|_sum|_count)?\{(.*)\} /gm)) {
    const names = [...text.matchAll(/(\w+)="/g)].flatMap(([, label = '']) => (label === 'le' ? [] : [label]));
    labels.set(name, names);
  }
  return labels;
}

/** Calls that have every metric of calls between them. */
function samples(): readonly SinkEvent[] {
  const event = sampleSinkEvent('sample', 0);
  const { record } = event;
  const image = { unit: 'inputImages', quantity: 1, modelId: null, variant: null } as const;
  const usage = { ...record.usage, lines: [...record.usage.lines, image] };
  return [
    { ...event, record: { ...record, operation: 'ConverseStream', usage } },
    { ...event, record: { ...record, outcome: 'broken', cost: { kind: 'unknown', missing: 'a price' } } },
  ];
}

function stateLabels(name: string): readonly string[] {
  if (name.startsWith('outcrop_sink_')) return ['sink'];
  const { labels } = callNames('outcrop');
  if (name.endsWith('_key_budget_usd')) return [labels.key];
  return name.endsWith('_team_budget_usd') ? [labels.team] : [];
}

function entriesOf<Name extends string, Value>(record: Readonly<Record<Name, Value>>): [Name, Value][] {
  const names: Name[] = [];
  for (const name in record) names.push(name);
  return names.map((name) => [name, record[name]]);
}
