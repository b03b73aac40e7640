const EDITS_MAX = 2;
const PART_CHARACTERS_MIN = 2;

/** @returns the name that somebody may have meant: one that has the given one as a part of it, or differs little */
export function nearestName(given: string, names: readonly string[]): string | null {
  const parts = (name: string): ReadonlySet<string> => new Set(name.split(/[_-]/));
  const withPart = names.find((name) => given.length >= PART_CHARACTERS_MIN && parts(name).has(given));
  const [nearest] = names
    .map((name) => ({ name, edits: editsBetween(given, name) }))
    .filter(({ name, edits }) => edits <= EDITS_MAX && edits < name.length / 2)
    .toSorted((a, b) => a.edits - b.edits);
  return nearest?.name ?? withPart ?? null;
}

/** Characters to be added, left out or changed: https://en.wikipedia.org/wiki/Levenshtein_distance. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let line = 0; line < from.length; line += 1) {
    const next = [line + 1];
    for (let column = 0; column < to.length; column += 1) {
      const changed = (row[column] ?? 0) + (from[line] === to[column] ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
