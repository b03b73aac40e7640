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
const BASE64 = /^[A-Za-z0-9+/]*$/;
const BASE64_END = /^([A-Za-z0-9+/]*)={0,2}$/;
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
    const cut = isLast ? '' : (ESCAPE_CUT.exec(this.#rest)?.[0] ?? '');
    const text = this.#rest.slice(0, this.#rest.length - cut.length).replace(ESCAPES, unescaped);
    const digits = BASE64.test(text) ? text : BASE64_END.exec(text)?.[1];
    if (digits === undefined || (this.#hasEnded && digits !== '')) {
      this.#isPossible = false;
      this.#rest = '';
      return;
    }
    this.#hasEnded ||= digits.length < text.length;
    const whole = isLast || this.#hasEnded ? digits.length : digits.length - (digits.length % 4);
    this.#decode(digits.slice(0, whole));
    this.#rest = digits.slice(whole) + cut;
  }

  #decode(digits: string): void {
    if (digits === '') return;
    const bytes = Buffer.from(digits, 'base64');
    this.#chars += digits.length;
    this.#bytes += bytes.length;
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes);
  }
}

/** Of bytes at hand. */
export function blobFacts(bytes: Uint8Array): BlobFacts {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function unescaped(escape: string): string {
  if (escape === '\\/') return '/';
  return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
}
