import { JSON_DEPTH_MAX } from '../json-scanner.ts';
import { JsonString } from './json-string.ts';
import { MATCH_CHARS_BEHIND_CUT, REDACTED, type Redaction } from './redaction.ts';
import { cutTo } from './cut-text.ts';

/** An object or a list that is open. */
interface Level {
  readonly isObject: boolean;
  /** In an object: whether the next string is a name. */
  awaitsName: boolean;
  /** Of the member under way; null in a list. */
  name: string | null;
  hasItems: boolean;
}

/** How much is looked at in one piece, in bytes: a body of 25 MB must not be copied whole. */
const WINDOW_BYTES = 256 * 1024;
const NAME_CHARS_MAX = 256;
const TOKEN_CHARS_MAX = 1024;

/** Says in the outermost object that something was left out at the end. */
const TRUNCATED = '"_truncated":true';
const LEFT_OUT = JSON.stringify(REDACTED);

/** A number, `true`, `false`, `null`: whatever stands between what has a meaning in JSON. */
const TOKEN = /[^\s,:[\]{}"]+/y;

/**
 * Writes JSON that goes by, in pieces cut anywhere, as JSON for reading: bytes in base64 become `{"bytes":…,"sha256":"…"}`,
 * what must not be written down becomes `"[redacted]"`, and after a bound it ends, every object and list closed. Takes linear
 * time, holds a little more than the bound, never throws. Of what is no JSON it writes something, within the same bounds and
 * without what must not be written down.
 */
export class JsonText {
  readonly #bytesMax: number;
  readonly #redaction: Redaction;
  readonly #levels: Level[] = [];
  #out = '';
  #outBytes = 0;
  /** How many objects and lists are open inside of one that is left out, it included. */
  #leftOutDepth = 0;
  #string: JsonString | null = null;
  #token = '';
  #isCut = false;

  /** @param bytesMax of what is written, as UTF-8 */
  constructor(bytesMax: number, redaction: Redaction) {
    this.#bytesMax = bytesMax;
    this.#redaction = redaction;
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#isCut; at += WINDOW_BYTES) {
      // One character per byte: structure is ASCII, and what is not is decoded where it is written.
      this.#walk(bytes.toString('latin1', at, Math.min(at + WINDOW_BYTES, bytes.length)));
    }
  }

  /** @returns empty where nothing was said */
  end(): string {
    if (this.#string !== null) this.#finishString(this.#string);
    // Half of a number is no number.
    if (this.#levels.length === 0) this.#finishToken();
    else this.#cut();
    return this.#out;
  }

  #walk(text: string): void {
    let at = 0;
    while (at < text.length && !this.#isCut) {
      if (this.#string !== null) {
        at = this.#takeString(this.#string, text, at);
        continue;
      }
      TOKEN.lastIndex = at;
      const token = TOKEN.exec(text)?.[0];
      if (token === undefined) {
        this.#finishToken();
        this.#takeStructure(text.charAt(at));
        at += 1;
      } else {
        this.#token = (this.#token + token).slice(0, TOKEN_CHARS_MAX);
        at += token.length;
      }
    }
  }

  #takeStructure(char: string): void {
    const level = this.#levels.at(-1);
    switch (char) {
      case '"':
        this.#string = new JsonString(this.#kindOfString(level), this.#nameAround());
        break;
      case '{':
      case '[':
        this.#open(char === '{');
        break;
      case '}':
      case ']':
        this.#close();
        break;
      case ',':
        // A member without a value is none.
        if (level !== undefined && this.#leftOutDepth === 0) level.awaitsName = level.isObject;
        break;
      default:
    }
  }

  #kindOfString(level: Level | undefined): JsonString['kind'] {
    if (this.#leftOutDepth > 0) return 'leftOut';
    if (level?.awaitsName === true) return 'name';
    return this.#isLeftOut() ? 'leftOut' : 'value';
  }

  #takeString(string: JsonString, text: string, at: number): number {
    const end = string.take(text, at, this.#room() + MATCH_CHARS_BEHIND_CUT);
    if (string.isOver || string.isTooLong) this.#finishString(string);
    return end;
  }

  #finishString(string: JsonString): void {
    this.#string = null;
    const level = this.#levels.at(-1);
    if (this.#leftOutDepth > 0) return;
    if (string.kind === 'leftOut') this.#write(LEFT_OUT);
    else if (string.kind === 'value') this.#writeString(string);
    else if (level !== undefined) {
      level.awaitsName = false;
      level.name = string.text().slice(0, NAME_CHARS_MAX);
    }
  }

  #writeString(string: JsonString): void {
    const blob = string.blob();
    if (blob !== null) {
      this.#write(JSON.stringify(blob));
      return;
    }
    const isAsIs = string.isComplete && !this.#redaction.hasPatterns;
    if (isAsIs && this.#tryWrite(`"${string.raw()}"`)) return;
    const text = this.#redaction.text(string.text());
    if (string.isComplete && this.#tryWrite(JSON.stringify(text))) return;
    const room = this.#room() - Buffer.byteLength(this.#prefix());
    this.#tryWrite(cutTo(text, room, (part) => JSON.stringify(`${part}…`)));
    this.#cut();
  }

  #finishToken(): void {
    const token = this.#token;
    this.#token = '';
    if (token === '' || this.#leftOutDepth > 0) return;
    if (this.#isLeftOut()) return this.#write(LEFT_OUT);
    const redacted = this.#redaction.text(token);
    this.#write(redacted === token ? token : JSON.stringify(redacted));
  }

  #open(isObject: boolean): void {
    if (this.#leftOutDepth > 0) {
      this.#leftOutDepth += 1;
    } else if (this.#isLeftOut()) {
      this.#leftOutDepth = 1;
      this.#write(LEFT_OUT);
    } else if (this.#levels.length < JSON_DEPTH_MAX && this.#tryWrite(isObject ? '{' : '[')) {
      this.#levels.push({ isObject, awaitsName: isObject, name: null, hasItems: false });
    } else this.#cut();
  }

  #close(): void {
    if (this.#leftOutDepth > 0) {
      this.#leftOutDepth -= 1;
      return;
    }
    const level = this.#levels.pop();
    if (level !== undefined) this.#append(level.isObject ? '}' : ']');
  }

  #isLeftOut(): boolean {
    return this.#redaction.hasFields && this.#redaction.covers(this.#levels.map(({ name }) => name));
  }

  /** What the value at hand is called, or the list it stands in. */
  #nameAround(): string | null {
    return this.#levels.findLast(({ isObject }) => isObject)?.name ?? null;
  }

  /** Bytes that may still be written, when all that is open is to be closed. */
  #room(): number {
    return Math.max(0, this.#bytesMax - this.#outBytes - this.#levels.length - TRUNCATED.length - 2);
  }

  /** What separates a value from the one before it, and its name. */
  #prefix(): string {
    const level = this.#levels.at(-1);
    if (level === undefined) return this.#out === '' ? '' : '\n';
    const comma = level.hasItems ? ',' : '';
    return level.isObject ? `${comma}${JSON.stringify(this.#redaction.text(level.name ?? ''))}:` : comma;
  }

  /** Writes a value, or the beginning of one, in its place. @returns false where there is no room for it */
  #tryWrite(json: string): boolean {
    const text = this.#prefix() + json;
    if (Buffer.byteLength(text) > this.#room()) return false;
    this.#append(text);
    const level = this.#levels.at(-1);
    if (level !== undefined) {
      level.hasItems = true;
      // Also where the comma is missing: no value may pass under the name of another.
      level.awaitsName = level.isObject;
    }
    return true;
  }

  #write(json: string): void {
    if (!this.#tryWrite(json)) this.#cut();
  }

  #append(json: string): void {
    this.#out += json;
    this.#outBytes += Buffer.byteLength(json);
  }

  #cut(): void {
    this.#isCut = true;
    for (let level = this.#levels.pop(); level !== undefined; level = this.#levels.pop()) {
      const isOutermost = this.#levels.length === 0 && level.isObject;
      this.#out += isOutermost ? `${level.hasItems ? ',' : ''}${TRUNCATED}}` : level.isObject ? '}' : ']';
    }
  }
}
