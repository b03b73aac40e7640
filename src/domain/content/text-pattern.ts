import { anyChar, charRange, charSet, withBothCases, WORD_CHARS, type CharSet } from './char-set.ts';
import { PatternError, PatternSource } from './pattern-source.ts';

/** A set of characters, so many times in a row. */
export interface Repeat {
  readonly kind: 'repeat';
  readonly set: CharSet;
  readonly min: number;
  /** Infinity where nothing bounds it. */
  readonly max: number;
}

/** Characters one after the other: what most patterns begin with, and cheaper as one. */
export interface Word {
  readonly kind: 'word';
  readonly sets: readonly CharSet[];
}

/** Where a word of letters, digits and underscores begins or ends. */
export interface Boundary {
  readonly kind: 'boundary';
}

export type PatternItem = Repeat | Word | Boundary;

/** What is to be found in a text: items one after the other, without alternatives and groups. */
export interface TextPattern {
  readonly items: readonly PatternItem[];
  /** Stands in every text that the pattern matches; empty where nothing does. */
  readonly literal: string;
}

const PATTERN_CHARS_MAX = 512;
const REPEATS_MAX = 65_535;
const ITEMS_MAX = 64;

/**
 * Reads a pattern: characters, `\d \w \s \D \W \S`, `.`, classes (`[a-z_]`, `[^"]`), `\b`, and after each of them but the last
 * `?`, `*`, `+`, `{n}`, `{n,}`, `{n,m}`; `(?i)` in front of all takes both cases. It is what regular expressions have that
 * can be searched for in linear time by a few lines (see `findMatches`): groups, alternatives and `^ $` are not there.
 * Where one would write `a|b`, one gives two patterns.
 *
 * @throws PatternError with one line for whoever wrote it
 */
export function parsePattern(text: string): TextPattern {
  if (text.length > PATTERN_CHARS_MAX) throw new PatternError(`is longer than ${PATTERN_CHARS_MAX} characters`);
  const bothCases = text.startsWith('(?i)');
  const source = new PatternSource(bothCases ? text.slice(4) : text);
  const items: PatternItem[] = [];
  while (!source.isOver) items.push(readItem(source, bothCases));
  if (items.length > PATTERN_CHARS_MAX) throw new PatternError('is too long');
  if (items.every((item) => item.kind === 'boundary' || (item.kind === 'repeat' && item.min === 0))) {
    throw new PatternError('matches the empty text');
  }
  const merged = mergeWords(items);
  if (merged.length > ITEMS_MAX) throw new PatternError(`has more than ${ITEMS_MAX} parts`);
  return { items: merged, literal: longestLiteral(merged) };
}

function readItem(source: PatternSource, bothCases: boolean): PatternItem {
  const atom = readAtom(source);
  const [min, max] = readQuantifier(source);
  if (atom === 'boundary') {
    if (min !== 1 || max !== 1) throw source.error('a "\\b" can not be repeated');
    return { kind: 'boundary' };
  }
  return { kind: 'repeat', set: bothCases ? withBothCases(atom) : atom, min, max };
}

function readAtom(source: PatternSource): CharSet | 'boundary' {
  const char = source.take();
  switch (char) {
    case '\\':
      return source.next === 'b' ? (source.take(), 'boundary') : readEscape(source);
    case '[':
      return readClass(source);
    case '.':
      return anyChar();
    case '(':
    case ')':
    case '|':
    case '^':
    case '$':
      throw source.error(`"${char}" is not understood here; write "\\${char}" for the character itself`);
    case '?':
    case '*':
    case '+':
    case '{':
      throw source.error(`"${char}" has nothing in front of it that it could repeat`);
    default:
      return charSet(char);
  }
}

function readEscape(source: PatternSource): CharSet {
  const char = source.take();
  switch (char) {
    case 'd':
      return charRange('0', '9');
    case 'D':
      return charRange('0', '9').inverse();
    case 'w':
      return WORD_CHARS;
    case 'W':
      return WORD_CHARS.inverse();
    case 's':
      return charSet(' \t\r\n\f\v\u00a0');
    case 'S':
      return charSet(' \t\r\n\f\v\u00a0').inverse();
    case 'n':
      return charSet('\n');
    case 'r':
      return charSet('\r');
    case 't':
      return charSet('\t');
    default:
      if (/[A-Za-z0-9]/.test(char)) throw source.error(`"\\${char}" is not understood`);
      return charSet(char);
  }
}

function readClass(source: PatternSource): CharSet {
  const isInverse = source.takeIf('^');
  let set = charSet('');
  do {
    const first = source.take();
    if (first === '\\') {
      set = set.plus(readEscape(source));
      continue;
    }
    // A "-" at the end of a class is itself.
    if (source.next !== '-' || source.second === ']') {
      set = set.plus(charSet(first));
      continue;
    }
    source.take();
    const last = source.take();
    if (last === '\\' || last < first) throw source.error(`"${first}-${last}" is no range`);
    set = set.plus(charRange(first, last));
  } while (!source.takeIf(']'));
  return isInverse ? set.inverse() : set;
}

function readQuantifier(source: PatternSource): readonly [min: number, max: number] {
  if (source.takeIf('?')) return [0, 1];
  if (source.takeIf('*')) return [0, Infinity];
  if (source.takeIf('+')) return [1, Infinity];
  if (!source.takeIf('{')) return [1, 1];
  const [, min = '', comma, max = ''] = /^(\d{1,5})(,)?(\d{1,5})?$/.exec(source.takeUntil('}')) ?? [];
  const least = Number(min);
  const most = comma === undefined ? least : max === '' ? Infinity : Number(max);
  const isRange = min !== '' && least <= most && (most === Infinity || most <= REPEATS_MAX) && most > 0;
  if (!isRange || least > REPEATS_MAX) throw source.error('what stands between "{" and "}" is no number of times');
  return [least, most];
}

function mergeWords(items: readonly PatternItem[]): PatternItem[] {
  const merged: PatternItem[] = [];
  for (const item of items) {
    const last = merged.at(-1);
    const isSingle = item.kind === 'repeat' && item.min === 1 && item.max === 1;
    if (isSingle && last?.kind === 'word') merged[merged.length - 1] = { kind: 'word', sets: [...last.sets, item.set] };
    else merged.push(isSingle ? { kind: 'word', sets: [item.set] } : item);
  }
  return merged;
}

/** The longest run of characters that can only be these. */
function longestLiteral(items: readonly PatternItem[]): string {
  let longest = '';
  for (const item of items) {
    if (item.kind !== 'word') continue;
    let run = '';
    for (const set of item.sets) {
      run = set.only === null ? '' : run + set.only;
      if (run.length > longest.length) longest = run;
    }
  }
  return longest;
}
