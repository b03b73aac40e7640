import { createHash, type Hash } from 'node:crypto';

/** What is written of bytes that nobody reads in a log. */
export interface BlobFacts {
  readonly bytes: number;
  /** Of the bytes themselves, not of their base64; in hex. */
  readonly sha256: string;
}

/** Base64 of this many characters is bytes, whatever its member is called: words, ids and keys are shorter. */
const ANYWHERE_CHARS_MIN = 256;

/**
 * Members that hold bytes in the bodies of Bedrock and its models, and from which length on: `bytes` of Converse and of
 * agents always, names that may also hold a word later.
 */
const BLOB_NAMES: ReadonlyMap<string, number> = new Map([
  ['bytes', 4],
  ['data', 64],
  ['base64', 64],
  ['b64_json', 64],
  ['image', 64],
  ['images', 64],
  ['maskImage', 64],
  ['inputImage', 64],
  ['condition_image', 64],
]);

/** As much as a `data:` URL may have in front of its base64. */
const HEAD_CHARS = 128;
const DATA_URL = /^data:[\w.+/-]*;base64,/;
const ESCAPE_CUT = /\\(?:u[0-9a-fA-F]{0,3})?$/;
/** As encoders for JavaScript and HTML write `+`, `/` and `=`. */
const ESCAPES = /\\(?:\/|u002[bBfF]|u003[dD])/g;

/**
 * Finds out of a string that goes by in pieces whether it is base64 of bytes, and hashes these. Takes linear time, holds
 * a few hundred characters, never throws.
 */
export class BlobJudge {
  readonly #charsMin: number;
  /** What was not decoded yet: the beginning, a part of four characters, a cut escape. */
  #rest = '';
  #isOpen = false;
  #hasEnded = false;
  #chars = 0;
  #bytes = 0;
  #hash: Hash | null = null;
  /** Whether it is still possible. */
  #isPossible = true;

  /** @param name of the member the string is the value of, or of the list it stands in */
  constructor(name: string | null) {
    this.#charsMin = (name === null ? undefined : BLOB_NAMES.get(name)) ?? ANYWHERE_CHARS_MIN;
  }

  get isPossible(): boolean {
    return this.#isPossible;
  }

  /** @param piece as it stands in the JSON, escapes and all */
  push(piece: string): void {
    if (!this.#isPossible) return;
    this.#rest += piece;
    if (!this.#isOpen && this.#rest.length < HEAD_CHARS) return;
    this.#open();
    this.#take(false);
  }

  /** @returns null when it was a text */
  end(): BlobFacts | null {
    // Most strings are words: nothing is worked out for them.
    if (!this.#isPossible || (!this.#isOpen && this.#rest.length < this.#charsMin)) return null;
    this.#open();
    this.#take(true);
    if (!this.#isPossible || this.#chars < this.#charsMin || this.#chars % 4 === 1 || this.#hash === null) return null;
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#rest = this.#rest.replace(DATA_URL, '');
  }

  #take(isLast: boolean): void {
    const isEscaped = this.#rest.includes('\\');
    const cut = isEscaped && !isLast ? (ESCAPE_CUT.exec(this.#rest)?.[0] ?? '') : '';
    const whole = cut === '' ? this.#rest : this.#rest.slice(0, -cut.length);
    const text = isEscaped ? whole.replace(ESCAPES, unescaped) : whole;
    const digits = withoutPadding(text);
    if (this.#hasEnded && digits !== '') return this.#fail();
    this.#hasEnded ||= digits.length < text.length;
    const now = isLast || this.#hasEnded ? digits.length : digits.length - (digits.length % 4);
    if (!this.#decode(digits.slice(0, now))) return this.#fail();
    this.#rest = digits.slice(now) + cut;
  }

  #fail(): void {
    this.#isPossible = false;
    this.#rest = '';
  }

  /** @returns false where something in it is no digit of base64: the decoder passes over it, so that too few bytes come */
  #decode(digits: string): boolean {
    if (digits === '') return true;
    const bytes = Buffer.from(digits, 'base64');
    if (bytes.length !== Math.floor((digits.length * 3) / 4)) return false;
    this.#chars += digits.length;
    this.#bytes += bytes.length;
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes);
    return true;
  }
}

function withoutPadding(text: string): string {
  if (!text.endsWith('=')) return text;
  return text.slice(0, text.endsWith('==') ? -2 : -1);
}

function unescaped(escape: string): string {
  if (escape === '\\/') return '/';
  return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
}
