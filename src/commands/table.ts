/** Columns of text, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same rows with all columns from one on, which hold numbers, ending below each other. */
export function numbersRight(rows: readonly (readonly string[])[], fromColumn: number): readonly (readonly string[])[] {
  const widths = new Map<number, number>();
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths.set(column, Math.max(widths.get(column) ?? 0, cell.length));
  return rows.map((row) =>
    row.map((cell, column) => (column < fromColumn ? cell : cell.padStart(widths.get(column) ?? 0))),
  );
}
