import { createHash, type Hash } from 'node:crypto';
import { cutTo } from './cut-text.ts';
import { MATCH_CHARS_BEHIND_CUT, type Redaction } from './redaction.ts';

/** How much has to be seen to tell text from bytes. */
const JUDGED_BYTES = 512;
/** What no text has: control characters but tabs and line ends. */
const CONTROL = /(?![\t\n\v\f\r])\p{Cc}/u;

/** Takes a body that is no JSON: a text is kept up to a bound, of anything else its size and hash. */
export class PlainText {
  readonly #bytesMax: number;
  readonly #redaction: Redaction;
  readonly #pieces: Buffer[] = [];
  readonly #hash: Hash = createHash('sha256');
  #heldBytes = 0;
  #bytes = 0;

  constructor(bytesMax: number, redaction: Redaction) {
    this.#bytesMax = bytesMax;
    this.#redaction = redaction;
  }

  push(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#hash.update(bytes);
    const room = this.#bytesMax + MATCH_CHARS_BEHIND_CUT - this.#heldBytes;
    if (room <= 0) return;
    // A copy: chunks belong to who sends them.
    const piece = Buffer.from(bytes.subarray(0, room));
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
  }

  end(): string {
    const held = Buffer.concat(this.#pieces);
    const text = textOf(held, this.#bytes > held.length);
    if (text === null) return JSON.stringify({ bytes: this.#bytes, sha256: this.#hash.digest('hex') });
    const redacted = this.#redaction.text(text);
    const isWhole = this.#bytes === held.length && Buffer.byteLength(redacted) <= this.#bytesMax;
    return isWhole ? redacted : cutTo(redacted, this.#bytesMax, (part) => `${part}…`);
  }
}

/** Null for what is no text. @param isCut whether more followed, so that its last character may be half of one */
function textOf(bytes: Buffer, isCut: boolean): string | null {
  const text = bytes.toString('utf8');
  const whole = isCut ? text.replace(/\ufffd+$/, '') : text;
  const judged = whole.slice(0, JUDGED_BYTES);
  return CONTROL.test(judged) || judged.includes('\ufffd') ? null : whole;
}
