/** What the bench found, for people and for programs. */

export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Null: reported beside the goals, but none itself. */
  readonly max: number | null;
  readonly met: boolean;
}

type Cell = string | number | null;

export interface Section {
  readonly title: string;
  /** All rows have the same keys. Names end in their unit. */
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  readonly goals: readonly Goal[];
}

export function goal(name: string, value: number, unit: string, max: number | null): Goal {
  return { name, value, unit, max, met: max === null || value <= max };
}

/** A section as lines of text: a table, then what is held against the goals. */
export function formatSection({ title, rows, goals }: Section): string {
  const names = Object.keys(rows[0] ?? {});
  const table = [names, ...rows.map((row) => names.map((name) => formatCell(row[name] ?? null)))];
  const widths = names.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const lines = table.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  return `\n${title}\n\n${[...lines, ...goals.map(formatGoal)].map((line) => `  ${line}`).join('\n')}\n`;
}

export function formatGoal({ name, value, unit, max, met }: Goal): string {
  const measured = `${name}: ${formatCell(value)} ${unit}`;
  if (max === null) return `     ${measured} (no goal)`;
  return `${met ? 'met ' : 'MISS'} ${measured} (goal: at most ${max})`;
}

/** Three significant digits, or all before the point. */
function formatCell(cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell) || Math.abs(cell) >= 100) return cell.toFixed(0);
  return cell.toPrecision(3);
}
