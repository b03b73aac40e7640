import { BlobJudge, type BlobFacts } from './blob-judge.ts';

const BACKSLASH = 0x5c;
const NOT_ASCII = /[\x80-\xff]/;
const NAME_CHARS_KEPT = 1024;
/** As long as an escape of JSON can be. */
const ESCAPE_CHARS_MAX = 6;

/** A string of JSON that goes by in pieces, of which not more is kept than is needed. Text is one character per byte. */
export class JsonString {
  readonly kind: 'name' | 'value' | 'leftOut';
  readonly #judge: BlobJudge | null;
  #raw = '';
  #isComplete = true;
  #isOver = false;
  #isEscaped = false;

  /** @param memberName of a value: what it is called, or the list it stands in */
  constructor(kind: 'name' | 'value' | 'leftOut', memberName: string | null) {
    this.kind = kind;
    this.#judge = kind === 'value' ? new BlobJudge(memberName) : null;
  }

  /** Whether its closing quote was seen. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether all of it was kept. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether it is a text of which more came than is kept: there is no use in going on. */
  get isTooLong(): boolean {
    return this.kind === 'value' && !this.#isComplete && this.#judge?.isPossible !== true;
  }

  /** @param charsMax that are kept of a value. @returns the index behind what belongs to the string */
  take(text: string, at: number, charsMax: number): number {
    const end = this.#closingQuote(text, at);
    const piece = text.slice(at, end === -1 ? text.length : end);
    this.#keep(piece, this.kind === 'value' ? charsMax : this.kind === 'name' ? NAME_CHARS_KEPT : 0);
    this.#judge?.push(piece);
    this.#isOver = end !== -1;
    return end === -1 ? text.length : end + 1;
  }

  /** What was kept, as it stands in the JSON. */
  raw(): string {
    return utf8(this.#raw);
  }

  /** What was kept, as it is meant. */
  text(): string {
    const raw = this.raw();
    if (!raw.includes('\\')) return raw;
    // A cut may have left a part of an escape at the end.
    for (let cut = 0; cut <= (this.#isComplete ? 0 : ESCAPE_CHARS_MAX); cut++) {
      const text = parsed(`"${raw.slice(0, raw.length - cut)}"`);
      if (text !== null) return text;
    }
    return raw;
  }

  /** What to say of it when it is bytes in base64; null when it is a text. */
  blob(): BlobFacts | null {
    return this.#isOver ? (this.#judge?.end() ?? null) : null;
  }

  #keep(piece: string, charsMax: number): void {
    const room = Math.max(0, charsMax - this.#raw.length);
    this.#raw += piece.slice(0, room);
    if (piece.length > room) this.#isComplete = false;
  }

  #closingQuote(text: string, from: number): number {
    let end = from + (this.#isEscaped ? 1 : 0);
    do {
      end = text.indexOf('"', end);
      if (end === -1) {
        this.#isEscaped = this.#hasOddBackslashes(text, text.length, from);
        return -1;
      }
      end += 1;
    } while (this.#hasOddBackslashes(text, end - 1, from));
    return end - 1;
  }

  /** Whether what stands at `at` is escaped: an odd number of backslashes is right before it. */
  #hasOddBackslashes(text: string, at: number, from: number): boolean {
    let before = at - 1;
    while (before >= from && text.charCodeAt(before) === BACKSLASH) before--;
    const count = at - 1 - before;
    // The first character may be escaped by the piece before.
    const isFirstEscaped = this.#isEscaped && before < from && count > 0;
    return (count - (isFirstEscaped ? 1 : 0)) % 2 === 1;
  }
}

/** Text of one character per byte as what its bytes say; a cut character at its end is left out. */
function utf8(text: string): string {
  return NOT_ASCII.test(text)
    ? Buffer.from(text, 'latin1')
        .toString('utf8')
        .replace(/\ufffd$/, '')
    : text;
}

function parsed(json: string): string | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
