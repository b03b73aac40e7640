import { findMatches } from './find-matches.ts';
import { PatternError } from './pattern-source.ts';
import { parsePattern, type TextPattern } from './text-pattern.ts';

/** What stands in the place of what must not be written down. */
export const REDACTED = '[redacted]';

/** How much longer than what is written a text is looked at, so that a match that goes on behind the cut is still seen. */
export const MATCH_CHARS_BEHIND_CUT = 512;

const RULES_MAX = 64;

/** What of requests and answers is not written down. Made by `compileRedaction`. */
export class Redaction {
  readonly #names: ReadonlySet<string>;
  readonly #paths: readonly (readonly string[])[];
  readonly #patterns: readonly TextPattern[];

  constructor(names: ReadonlySet<string>, paths: readonly (readonly string[])[], patterns: readonly TextPattern[]) {
    this.#names = names;
    this.#paths = paths;
    this.#patterns = patterns;
  }

  get hasFields(): boolean {
    return this.#names.size + this.#paths.length > 0;
  }

  get hasPatterns(): boolean {
    return this.#patterns.length > 0;
  }

  /** What either leaves out. */
  plus(other: Redaction): Redaction {
    const names = new Set([...this.#names, ...other.#names]);
    return new Redaction(names, [...this.#paths, ...other.#paths], [...this.#patterns, ...other.#patterns]);
  }

  /**
   * Whether the value at a path is left out whole.
   * @param path the names of the members it stands in, from the outside in; null for an item of a list
   */
  covers(path: readonly (string | null)[]): boolean {
    const name = path.at(-1)?.toLowerCase();
    if (name !== undefined && this.#names.has(name)) return true;
    return this.#paths.some(
      (steps) =>
        steps.length === path.length &&
        steps.every((step, index) => step === '*' || step === path[index]?.toLowerCase()),
    );
  }

  /** A text without what the patterns match. */
  text(text: string): string {
    let redacted = text;
    for (const pattern of this.#patterns) redacted = withoutMatches(pattern, redacted);
    return redacted;
  }
}

export const NO_REDACTION = new Redaction(new Set(), [], []);

/**
 * @param fields names (`password`: wherever a member has that name) and paths from the outermost object
 *   (`messages.*.content`: `*` is any member or item); letters in either case
 * @param patterns see `parsePattern`
 * @throws PatternError that names the rule and what is wrong with it
 */
export function compileRedaction(fields: readonly string[], patterns: readonly string[]): Redaction {
  if (fields.length > RULES_MAX || patterns.length > RULES_MAX) {
    throw new PatternError(`There are more than ${RULES_MAX} rules of redaction.`);
  }
  const names = fields.filter((field) => !field.includes('.')).map((name) => name.toLowerCase());
  const paths = fields.filter((field) => field.includes('.')).map((path) => path.toLowerCase().split('.'));
  return new Redaction(new Set(names), paths, patterns.map(compiled));
}

function compiled(pattern: string): TextPattern {
  try {
    return parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new PatternError(`The pattern ${JSON.stringify(pattern)} ${error.message}.`);
  }
}

function withoutMatches(pattern: TextPattern, text: string): string {
  const matches = findMatches(pattern, text);
  if (matches.length === 0) return text;
  let redacted = '';
  let at = 0;
  for (const [start, end] of matches) {
    redacted += text.slice(at, start) + REDACTED;
    at = end;
  }
  return redacted + text.slice(at);
}
