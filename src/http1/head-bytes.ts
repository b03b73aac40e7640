import { HttpFault } from './http-fault.ts';

/** A head over the bound. */
export class HeadTooLarge extends HttpFault {}

export interface HeadBytesOptions {
  /** Of a head, without the empty line at its end. */
  readonly bytesMax: number;
  /** Some clients send an empty line after a body: RFC 9112, section 2.2, wants a server to overlook it. */
  readonly skipsEmptyLines: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);
const CR = 13;
const LF = 10;

/** Collects the bytes of a head, which ends with an empty line. Nothing else is held. */
export class HeadBytes {
  readonly #options: HeadBytesOptions;
  #begun: Buffer = EMPTY;

  constructor(options: HeadBytesOptions) {
    this.#options = options;
  }

  /** Whether a head has begun and not ended. Half of an empty line that is skipped is none of it. */
  get begun(): boolean {
    return this.#begun.length > 0 && !(this.#options.skipsEmptyLines && this.#begun[0] === CR);
  }

  /**
   * @returns the lines of the head, one character for each byte, and what follows it; null when more is to come
   * @throws HeadTooLarge, however it was cut
   */
  take(bytes: Buffer): { readonly text: string; readonly rest: Buffer } | null {
    const joined = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
    const all = this.#options.skipsEmptyLines ? withoutEmptyLines(joined) : joined;
    const end = all.indexOf(HEAD_END, Math.max(0, all.length - bytes.length - HEAD_END.length + 1));
    const headBytesMin = end === -1 ? all.length - HEAD_END.length + 1 : end;
    if (headBytesMin > this.#options.bytesMax)
      throw new HeadTooLarge(`A head may have ${this.#options.bytesMax} bytes.`);
    if (end === -1) {
      this.#begun = all;
      return null;
    }
    this.#begun = EMPTY;
    return { text: all.toString('latin1', 0, end), rest: all.subarray(end + HEAD_END.length) };
  }
}

function withoutEmptyLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at === 0 ? bytes : bytes.subarray(at);
}
