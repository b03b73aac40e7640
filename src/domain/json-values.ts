/** What was found at a path of a JSON body. */
export type JsonString =
  | { readonly kind: 'found'; readonly value: string }
  /** No such member, or `null`, which AWS takes for the same. */
  | { readonly kind: 'absent' }
  /** A name of the path stands more than once in its object: readers differ on which one counts. */
  | { readonly kind: 'duplicate' }
  /** Not JSON, nested deeper than the bound, or something other than a string at the path. */
  | { readonly kind: 'malformed' };

/** Deeper than any Bedrock request, and far from the depth at which the stack would end. */
export const JSON_DEPTH_MAX = 256;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const ABSENT: JsonString = { kind: 'absent' };
const MALFORMED: JsonString = { kind: 'malformed' };
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the string at `path`, a list of member names, out of a JSON object without building its tree.
 *
 * The whole body is read, because a name may stand a second time at its very end. Takes time linear in the body and
 * never throws. What is passed over is held to JSON's structure, not to the inner form of its strings and numbers.
 */
export function readJsonString(body: Uint8Array, path: readonly string[]): JsonString {
  const reader = new JsonReader(body);
  try {
    const result = reader.stringAt(path, 0);
    reader.end();
    return result;
  } catch {
    // The reader throws on what is not JSON, JSON.parse and the decoder on a bad string: one answer for all.
    return MALFORMED;
  }
}

class JsonReader {
  readonly #bytes: Uint8Array;
  #index = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads the value here; `path` from `depth` on says what of it is asked for. */
  stringAt(path: readonly string[], depth: number): JsonString {
    const name = path[depth];
    const next = this.#next();
    if (name === undefined && next === QUOTE) return { kind: 'found', value: this.#string() };
    if (name === undefined || next !== OPEN_BRACE) return this.#null();

    let result = ABSENT;
    let count = 0;
    this.#index++;
    for (let first = true; this.#hasItem(CLOSE_BRACE, first); first = false) {
      const isAsked = this.#memberName() === name;
      if (isAsked) count++;
      if (isAsked) result = this.stringAt(path, depth + 1);
      else this.#skipValue(depth + 1);
    }
    return count > 1 ? { kind: 'duplicate' } : result;
  }

  /** Makes sure that nothing follows. */
  end(): void {
    if (this.#next() !== undefined) throw notJson();
  }

  #skipValue(depth: number): void {
    if (depth > JSON_DEPTH_MAX) throw notJson();
    const next = this.#next();
    if (next === QUOTE) return this.#skipString();
    if (next === OPEN_BRACE) return this.#skipItems(CLOSE_BRACE, depth);
    if (next === OPEN_BRACKET) return this.#skipItems(CLOSE_BRACKET, depth);
    this.#skipToken();
  }

  #skipItems(close: number, depth: number): void {
    this.#index++;
    for (let first = true; this.#hasItem(close, first); first = false) {
      if (close === CLOSE_BRACE) this.#skipMemberName();
      this.#skipValue(depth + 1);
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
    if (this.#next() !== QUOTE) throw notJson();
    const name = this.#string();
    this.#take(COLON);
    return name;
  }

  #skipMemberName(): void {
    if (this.#next() !== QUOTE) throw notJson();
    this.#skipString();
    this.#take(COLON);
  }

  /** The string here with its escapes resolved, so that every spelling of a name is the same name. */
  #string(): string {
    const start = this.#index;
    this.#skipString();
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

  #null(): JsonString {
    const start = this.#index;
    this.#skipToken();
    const token = UTF8.decode(this.#bytes.subarray(start, this.#index));
    return token === 'null' ? ABSENT : MALFORMED;
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
