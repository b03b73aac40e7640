import { JsonText } from './json-text.ts';
import { PlainText } from './plain-text.ts';
import type { Redaction } from './redaction.ts';

/** What of requests and answers is kept to be read. */
export interface ContentOptions {
  /** Of the request and of the answer each, as UTF-8. 64 KiB unless set. */
  readonly bytesMax: number;
  readonly redaction: Redaction;
}

/** Spaces, tabs and line ends, which may stand before JSON. */
const BEFORE_JSON = new Set([0x20, 0x09, 0x0a, 0x0d]);
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/**
 * Reads a body, in pieces cut anywhere, into a text for people: JSON as JSON (see `JsonText`), other texts as they are, of
 * bytes their size and hash. What it holds is bounded, and it never throws.
 */
export class BodyText {
  readonly #options: ContentOptions;
  #text: JsonText | PlainText | null = null;

  constructor(options: ContentOptions) {
    this.#options = options;
  }

  push(bytes: Buffer): void {
    const start = this.#text === null ? bytes.findIndex((byte) => !BEFORE_JSON.has(byte)) : 0;
    if (start === -1) return;
    this.#text ??= this.#textFor(bytes[start]);
    this.#text.push(start === 0 ? bytes : bytes.subarray(start));
  }

  /** @returns null where there was no body */
  end(): string | null {
    const text = this.#text?.end() ?? '';
    return text === '' ? null : text;
  }

  #textFor(first: number | undefined): JsonText | PlainText {
    const { bytesMax, redaction } = this.#options;
    const isJson = first === OPEN_BRACE || first === OPEN_BRACKET;
    return isJson ? new JsonText(bytesMax, redaction) : new PlainText(bytesMax, redaction);
  }
}
