/** A value that is not what was written: nothing of it may be used. */
export class DecodingError extends Error {
  override readonly name = 'DecodingError';
}

/**
 * Takes a list of values apart, one after the other, each with the type it must have.
 * All methods throw DecodingError for anything else.
 */
export class Decoder {
  readonly #values: readonly unknown[];
  #next = 0;

  constructor(values: unknown) {
    if (!isList(values)) throw new DecodingError('not a list');
    this.#values = values;
  }

  text(): string {
    return textOf(this.#take());
  }

  textOrNull(): string | null {
    const value = this.#take();
    return value === null ? null : textOf(value);
  }

  /** One of a closed set of words. */
  word<Word extends string>(isWord: (text: string) => text is Word): Word {
    return wordOf(this.#take(), isWord);
  }

  wordOrNull<Word extends string>(isWord: (text: string) => text is Word): Word | null {
    const value = this.#take();
    return value === null ? null : wordOf(value, isWord);
  }

  /** Finite: JSON has no other numbers. */
  number(): number {
    return numberOf(this.#take());
  }

  numberOrNull(): number | null {
    const value = this.#take();
    return value === null ? null : numberOf(value);
  }

  flag(): boolean {
    const value = this.#take();
    if (typeof value !== 'boolean') throw new DecodingError('not a flag');
    return value;
  }

  /** A whole number of any size, written in decimal. */
  integer(): bigint {
    const text = this.text();
    if (!/^-?\d+$/.test(text)) throw new DecodingError('not a whole number');
    return BigInt(text);
  }

  texts(): readonly string[] {
    return this.list().map(textOf);
  }

  list(): readonly unknown[] {
    const value = this.#take();
    if (!isList(value)) throw new DecodingError('not a list');
    return value;
  }

  /** Of any type: for who looks closer. */
  value(): unknown {
    return this.#take();
  }

  /** How many values have not been taken. */
  get left(): number {
    return this.#values.length - this.#next;
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#next !== this.#values.length) throw new DecodingError('too many values');
  }

  #take(): unknown {
    if (this.#next >= this.#values.length) throw new DecodingError('too few values');
    const value = this.#values[this.#next];
    this.#next += 1;
    return value;
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new DecodingError('not a text');
  return value;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new DecodingError('not a number');
  return value;
}

function wordOf<Word extends string>(value: unknown, isWord: (text: string) => text is Word): Word {
  const text = textOf(value);
  if (!isWord(text)) throw new DecodingError(`an unknown word, "${text.slice(0, 40)}"`);
  return text;
}
