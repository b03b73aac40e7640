const ASCII = 128;

/** A set of UTF-16 code units. Those of ASCII are looked up in a table: that is what most texts are made of. */
export class CharSet {
  readonly #ascii: Uint8Array;
  /** Others than those of ASCII: the ranges that are in the set, or out of it when it is inverse. */
  readonly #ranges: readonly (readonly [from: number, to: number])[];
  readonly #isInverse: boolean;

  constructor(ascii: Uint8Array, ranges: readonly (readonly [from: number, to: number])[], isInverse: boolean) {
    this.#ascii = ascii;
    this.#ranges = ranges;
    this.#isInverse = isInverse;
  }

  has(code: number): boolean {
    if (code < ASCII) return this.#ascii[code] === 1;
    return this.#ranges.some(([from, to]) => code >= from && code <= to) !== this.#isInverse;
  }

  /** The one character of it; null where there are more or none. */
  get only(): string | null {
    const codes = this.#asciiCodes();
    const [range] = this.#ranges;
    if (this.#isInverse || codes.length + this.#ranges.length !== 1) return null;
    if (range === undefined) return String.fromCharCode(...codes);
    return range[0] === range[1] ? String.fromCharCode(range[0]) : null;
  }

  inverse(): CharSet {
    return new CharSet(
      this.#ascii.map((isIn) => 1 - isIn),
      this.#ranges,
      !this.#isInverse,
    );
  }

  /** What is in either. Of two sets that differ in being inverse, all that is not ASCII is in. */
  plus(other: CharSet): CharSet {
    const ascii = this.#ascii.map((isIn, code) => isIn | (other.#ascii[code] ?? 0));
    if (!this.#isInverse && !other.#isInverse) return new CharSet(ascii, [...this.#ranges, ...other.#ranges], false);
    return new CharSet(ascii, [], true);
  }

  #asciiCodes(): number[] {
    return [...this.#ascii.keys()].filter((code) => this.#ascii[code] === 1);
  }

  /** The letters of ASCII in both cases. */
  bothCases(): CharSet {
    const ascii = this.#ascii.slice();
    for (const code of this.#asciiCodes()) {
      const char = String.fromCharCode(code);
      for (const same of [char.toLowerCase(), char.toUpperCase()]) ascii[same.charCodeAt(0)] = 1;
    }
    return new CharSet(ascii, this.#ranges, this.#isInverse);
  }
}

/** The characters of a text. */
export function charSet(chars: string): CharSet {
  const codes = chars.split('').map((char) => char.charCodeAt(0));
  return setOf(codes.map((code) => [code, code] as const));
}

export function charRange(first: string, last: string): CharSet {
  return setOf([[first.charCodeAt(0), last.charCodeAt(0)]]);
}

/** All but line ends. */
export function anyChar(): CharSet {
  return charSet('\n\r').inverse();
}

export function withBothCases(set: CharSet): CharSet {
  return set.bothCases();
}

export const WORD_CHARS = setOf([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x61, 0x7a],
  [0x5f, 0x5f],
]);

function setOf(ranges: readonly (readonly [from: number, to: number])[]): CharSet {
  const ascii = new Uint8Array(ASCII);
  for (const [from, to] of ranges) ascii.fill(1, from, Math.min(to + 1, ASCII));
  return new CharSet(
    ascii,
    ranges.filter(([, to]) => to >= ASCII).map(([from, to]) => [Math.max(from, ASCII), to] as const),
    false,
  );
}
