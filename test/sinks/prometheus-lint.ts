import assert from 'node:assert/strict';

/**
 * Reads the text formats of Prometheus (0.0.4 and OpenMetrics 1.0) and fails at whatever `promtool check metrics` would
 * complain of, or a scraper refuse. Written from their specifications alone.
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/s;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', ''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

export function lint(text: string, format: 'text' | 'openmetrics' = 'text'): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line has an end');
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics') assert.equal(lines.pop(), '# EOF');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let family: Family | null = null;
  let helped = '';
  for (const line of lines) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line) ?? [];
    if (kind === 'HELP') {
      assert.match(name, NAME, line);
      assert.ok(rest.length > 0, line);
      helped = name;
    } else if (kind === 'TYPE') {
      assert.equal(name, helped, `${name} has its help`);
      assert.ok(!families.has(name), `${name} stands twice`);
      assert.ok(rest in SUFFIXES, line);
      if (rest === 'counter') assert.equal(name.endsWith('_total'), format === 'text', line);
      family = { name, type: rest, samples: [] };
      families.set(name, family);
    } else {
      assert.ok(family !== null, line);
      const sample = sampleOf(line);
      const suffix = sample.name.slice(family.name.length);
      assert.ok(sample.name.startsWith(family.name), `${line} stands with ${family.name}`);
      assert.ok(SUFFIXES[family.type]?.includes(suffix), line);
      if (family.type === 'counter') assert.ok(sample.name.endsWith('_total') && sample.value >= 0, line);
      const id = `${sample.name}${labelsId(sample.labels)}`;
      assert.ok(!seen.has(id), `${line} stands twice`);
      seen.add(id);
      family.samples.push(sample);
    }
  }
  for (const one of families.values()) {
    assert.ok(one.samples.length > 0, `${one.name} has samples`);
    if (one.type === 'histogram') lintHistogram(one, format);
  }
  return families;
}

function sampleOf(line: string): Sample {
  const [, name = '', labelText, valueText = ''] = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
  assert.match(name, NAME, line);
  const labels: Record<string, string> = {};
  let rest = labelText ?? '';
  while (rest !== '') {
    const [whole, label = '', raw = ''] =
      /^([^=]+)="((?:[^"\\\n]|\\[\\n"])*)"(?:,(?=.)|$)/s.exec(rest) ?? assert.fail(line);
    assert.match(label, LABEL_NAME, line);
    assert.ok(!(label in labels), line);
    labels[label] = raw.replace(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char));
    rest = rest.slice(whole.length);
  }
  const value = numberOf(valueText);
  assert.ok(!Number.isNaN(value), line);
  return { name, labels, value };
}

function labelsId(labels: Sample['labels']): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}

function lintHistogram({ name, samples }: Family, format: string): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _bound, ...labels } = sample.labels;
    const id = labelsId(labels);
    series.set(id, [...(series.get(id) ?? []), sample]);
  }
  for (const [id, all] of series) {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => labels['le'] ?? assert.fail(id));
    assert.equal(bounds.at(-1), '+Inf', id);
    if (format === 'openmetrics')
      assert.ok(
        bounds.every((bound) => /\.|Inf/.test(bound)),
        bounds.join(),
      );
    const numbers = bounds.map(numberOf);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((one, other) => one - other),
      id,
    );
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      [...counts].sort((one, other) => one - other),
      `${id} is cumulative`,
    );
    const [sum, count, ...others] = all.filter((sample) => !buckets.includes(sample));
    assert.equal(sum?.name, `${name}_sum`);
    assert.equal(count?.name, `${name}_count`);
    assert.equal(count?.value, counts.at(-1), id);
    assert.deepEqual(others, []);
  }
}
