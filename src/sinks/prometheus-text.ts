/** Which of the two formats that Prometheus reads. */
export type MetricsFormat = 'text' | 'openmetrics';

/**
 * https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md and
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export const METRICS_CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export type Labels = readonly (readonly [name: string, value: string])[];

export interface FamilyFacts {
  /** Of a counter it ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
}

/** Writes metrics as text, one family after the other. */
export class MetricsText {
  readonly #format: MetricsFormat;
  readonly #lines: string[] = [];

  constructor(format: MetricsFormat) {
    this.#format = format;
  }

  family({ name, help, type }: FamilyFacts): void {
    // In OpenMetrics the family of a counter is called without what its samples end in.
    const isShort = this.#format === 'openmetrics' && type === 'counter';
    const family = isShort ? name.replace(/_total$/, '') : name;
    this.#lines.push(`# HELP ${family} ${escapedHelp(help)}`, `# TYPE ${family} ${type}`);
  }

  sample(name: string, labels: Labels, value: number): void {
    this.#lines.push(`${name}${labelText(labels)} ${numberText(value)}`);
  }

  /** @param counts of each interval, one more than there are bounds */
  histogram(name: string, labels: Labels, bounds: readonly number[], counts: readonly number[], sum: number): void {
    let count = 0;
    for (const [index, inInterval] of counts.entries()) {
      count += inInterval;
      const bound = bounds[index] ?? Infinity;
      this.sample(`${name}_bucket`, [...labels, ['le', this.#boundText(bound)]], count);
    }
    this.sample(`${name}_sum`, labels, sum);
    this.sample(`${name}_count`, labels, count);
  }

  end(): string {
    if (this.#format === 'openmetrics') this.#lines.push('# EOF');
    return `${this.#lines.join('\n')}\n`;
  }

  /** OpenMetrics has whole numbers with a decimal, so that all who write a bound write the same. */
  #boundText(bound: number): string {
    const text = numberText(bound);
    return this.#format === 'openmetrics' && /^\d+$/.test(text) ? `${text}.0` : text;
  }
}

function labelText(labels: Labels): string {
  const said = labels.filter(([, value]) => value !== '');
  return said.length === 0 ? '' : `{${said.map(([name, value]) => `${name}="${escapedLabel(value)}"`).join(',')}}`;
}

function numberText(value: number): string {
  return value === Infinity ? '+Inf' : String(value);
}

function escapedLabel(text: string): string {
  return /["\\\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"') : text;
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
