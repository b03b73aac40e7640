/** A pattern that can't be used. The message goes on after the pattern's name: "… is longer than 512 characters". */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** The text of a pattern, taken character by character. */
export class PatternSource {
  readonly #chars: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#chars = text.split('');
  }

  get isOver(): boolean {
    return this.#at >= this.#chars.length;
  }

  /** The next character, without taking it; undefined at the end. */
  get next(): string | undefined {
    return this.#chars[this.#at];
  }

  get second(): string | undefined {
    return this.#chars[this.#at + 1];
  }

  /** @throws PatternError at the end */
  take(): string {
    const char = this.next;
    if (char === undefined) throw new PatternError('ends in the middle');
    this.#at += 1;
    return char;
  }

  takeIf(char: string): boolean {
    if (this.next !== char) return false;
    this.#at += 1;
    return true;
  }

  /** What stands before the next `end`, which is taken too. @throws PatternError where there is none */
  takeUntil(end: string): string {
    let text = '';
    for (let char = this.take(); char !== end; char = this.take()) text += char;
    return text;
  }

  error(what: string): PatternError {
    return new PatternError(`can not be used: at character ${this.#at}, ${what}`);
  }
}
