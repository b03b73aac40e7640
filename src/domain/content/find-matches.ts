import { WORD_CHARS, type CharSet } from './char-set.ts';
import type { PatternItem, TextPattern } from './text-pattern.ts';

/** Where a match begins and ends, in UTF-16 code units. */
export type Match = readonly [start: number, end: number];

/** No match goes on here. */
const NONE = -1;

/**
 * All matches from left to right, each as long as its items taken greedily one after the other get; they don't overlap.
 *
 * Takes time and memory linear in the text, whatever the pattern and the text are. From the last item to the first it is
 * worked out for each place of the text whether the rest of the pattern matches from there, and how far the item can reach
 * at most so that the rest still does: what follows an item anywhere in a window is one look-up. So nothing is ever tried
 * twice, which is where regular expressions take time without end.
 */
export function findMatches(pattern: TextPattern, text: string): Match[] {
  if (!text.includes(pattern.literal)) return [];
  const ends: Int32Array[] = [];
  // The nearest place at or before each at which what follows matches: the end of the pattern does so everywhere.
  let reachable = lastAtOrBefore(new Int32Array(text.length + 1));
  for (const item of pattern.items.toReversed()) {
    const itemEnds = endsOf(item, text, reachable);
    const next = lastAtOrBefore(itemEnds);
    if (next[text.length] === NONE) return [];
    ends.unshift(itemEnds);
    reachable = next;
  }
  return matchesOf(ends, text.length);
}

/** For each place where the item may begin: the furthest end from which what follows matches. */
function endsOf(item: PatternItem, text: string, reachable: Int32Array): Int32Array {
  const ends = new Int32Array(text.length + 1).fill(NONE);
  switch (item.kind) {
    case 'word':
      for (let at = text.length - item.sets.length; at >= 0; at--) {
        const end = at + item.sets.length;
        if (reachable[end] === end && hasWord(text, at, item.sets)) ends[at] = end;
      }
      return ends;
    case 'boundary':
      for (let at = 0; at <= text.length; at++) if (reachable[at] === at && isBoundary(text, at)) ends[at] = at;
      return ends;
    case 'repeat': {
      let run = 0;
      for (let at = text.length; at >= 0; at--) {
        run = at < text.length && item.set.has(text.charCodeAt(at)) ? run + 1 : 0;
        if (run < item.min) continue;
        const end = reachable[at + Math.min(item.max, run)] ?? NONE;
        if (end >= at + item.min) ends[at] = end;
      }
      return ends;
    }
    default:
      return ends;
  }
}

function hasWord(text: string, at: number, sets: readonly CharSet[]): boolean {
  let index = at;
  for (const set of sets) if (!set.has(text.charCodeAt(index++))) return false;
  return true;
}

function lastAtOrBefore(ends: Int32Array): Int32Array {
  const nearest = new Int32Array(ends.length);
  let last = NONE;
  for (let at = 0; at < ends.length; at++) {
    if (ends[at] !== NONE) last = at;
    nearest[at] = last;
  }
  return nearest;
}

function matchesOf(ends: readonly Int32Array[], length: number): Match[] {
  const matches: Match[] = [];
  for (let start = 0; start < length; start++) {
    if (ends[0]?.[start] === NONE) continue;
    let end = start;
    for (const itemEnds of ends) end = itemEnds[end] ?? end;
    matches.push([start, end]);
    start = Math.max(start, end - 1);
  }
  return matches;
}

function isBoundary(text: string, at: number): boolean {
  const isWord = (index: number): boolean =>
    index >= 0 && index < text.length && WORD_CHARS.has(text.charCodeAt(index));
  return isWord(at - 1) !== isWord(at);
}
