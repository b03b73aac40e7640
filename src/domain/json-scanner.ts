const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Deeper than any Bedrock request, and far from the depth at which the stack would end. */
export const JSON_DEPTH_MAX = 256;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a value begins as; `token`: a number, `true`, `false` or `null`. */
export type JsonStart = 'object' | 'array' | 'string' | 'token';

/**
 * Steps through the bytes of a JSON text value by value, without building a tree, in linear time. What is passed over
 * is held to JSON's structure, not to the inner form of its strings and numbers.
 *
 * Every method throws an Error (a SyntaxError of ours, or what JSON.parse and the decoder throw) on what is not JSON.
 */
export class JsonScanner {
  readonly #bytes: Uint8Array;
  #index = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  peek(): JsonStart {
    const next = this.#next();
    if (next === OPEN_BRACE) return 'object';
    if (next === OPEN_BRACKET) return 'array';
    return next === QUOTE ? 'string' : 'token';
  }

  /** Steps into the object here. @param member has to take or skip the value of the member it is told of. */
  members(member: (name: string) => void): void {
    this.#take(OPEN_BRACE);
    for (let first = true; this.#hasItem(CLOSE_BRACE, first); first = false) member(this.#memberName());
  }

  /** Steps into the array here. @param item has to take or skip one value. */
  items(item: () => void): void {
    this.#take(OPEN_BRACKET);
    for (let first = true; this.#hasItem(CLOSE_BRACKET, first); first = false) item();
  }

  /** The string here with its escapes resolved, so that every spelling of a name is the same name. */
  string(): string {
    const start = this.#stringStart();
    this.#skipString();
    return this.#decoded(start);
  }

  /** The string here, or null when it takes more bytes than `bytesMax`; it is stepped over either way. */
  shortString(bytesMax: number): string | null {
    const start = this.#stringStart();
    this.#skipString();
    return this.#index - start - 2 > bytesMax ? null : this.#decoded(start);
  }

  /** Steps over `null`, and over nothing else. */
  null(): void {
    this.#next();
    const start = this.#index;
    this.#skipToken();
    if (UTF8.decode(this.#bytes.subarray(start, this.#index)) !== 'null') throw notJson();
  }

  /** Steps over the value here. @param depth how many values it stands in. */
  skip(depth: number): void {
    if (depth > JSON_DEPTH_MAX) throw notJson();
    const next = this.#next();
    if (next === QUOTE) return this.#skipString();
    if (next === OPEN_BRACE) return this.#skipItems(CLOSE_BRACE, depth);
    if (next === OPEN_BRACKET) return this.#skipItems(CLOSE_BRACKET, depth);
    this.#skipToken();
  }

  /** Makes sure that nothing follows. */
  end(): void {
    if (this.#next() !== undefined) throw notJson();
  }

  #skipItems(close: number, depth: number): void {
    this.#index++;
    for (let first = true; this.#hasItem(close, first); first = false) {
      if (close === CLOSE_BRACE) this.#skipMemberName();
      this.skip(depth + 1);
    }
  }

  /** Steps over the comma before the next item, or over the `close` after the last one. */
  #hasItem(close: number, first: boolean): boolean {
    const next = this.#next();
    if (next === close) {
      this.#index++;
      return false;
    }
    if (first) return true;
    this.#take(COMMA);
    return true;
  }

  #memberName(): string {
    const name = this.string();
    this.#take(COLON);
    return name;
  }

  #skipMemberName(): void {
    this.#stringStart();
    this.#skipString();
    this.#take(COLON);
  }

  #stringStart(): number {
    if (this.#next() !== QUOTE) throw notJson();
    return this.#index;
  }

  #decoded(start: number): string {
    const value: unknown = JSON.parse(UTF8.decode(this.#bytes.subarray(start, this.#index)));
    if (typeof value !== 'string') throw notJson();
    return value;
  }

  #skipString(): void {
    const start = this.#index;
    let end = start;
    do {
      end = this.#bytes.indexOf(QUOTE, end + 1);
      if (end === -1) throw notJson();
    } while (this.#isEscaped(end, start));
    this.#index = end + 1;
  }

  /** Whether an odd number of backslashes stands before `index`. */
  #isEscaped(index: number, start: number): boolean {
    let before = index - 1;
    while (before > start && this.#bytes[before] === BACKSLASH) before--;
    return (index - 1 - before) % 2 === 1;
  }

  /** A number, `true`, `false` or `null`. */
  #skipToken(): void {
    const start = this.#index;
    while (isTokenByte(this.#bytes[this.#index])) this.#index++;
    if (this.#index === start) throw notJson();
  }

  #take(byte: number): void {
    if (this.#next() !== byte) throw notJson();
    this.#index++;
  }

  /** The next byte that is no whitespace, undefined at the end; stands on it. */
  #next(): number | undefined {
    while (isWhitespace(this.#bytes[this.#index])) this.#index++;
    return this.#bytes[this.#index];
  }
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isTokenByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const isLetter = (byte >= 0x61 && byte <= 0x7a) || byte === 0x45;
  return isDigit || isLetter || byte === 0x2b || byte === 0x2d || byte === 0x2e;
}

function notJson(): Error {
  return new SyntaxError('not JSON');
}
