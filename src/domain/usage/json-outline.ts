import { JsonPass } from './json-pass.ts';

/** Which members of a JSON object are wanted, by their paths: member names joined by dots. */
export interface OutlinePlan {
  /** Kept whole: they should be small. */
  readonly members: ReadonlySet<string>;
  /** Lists of texts or objects of which only the length and that of the longest item are kept; of anything else only that it is there. */
  readonly counted: ReadonlySet<string>;
  /** Objects whose own members are looked at one by one, because big ones may stand beside those that are wanted. */
  readonly opened: ReadonlySet<string>;
}

/** What is kept of one text, in characters: far above anything but a very long guardrail trace. */
const KEPT_CHARS_MAX = 256 * 1024;
/** No name that is wanted is longer. */
const NAME_CHARS_MAX = 256;

/**
 * Reads a JSON object as it goes by, in pieces cut anywhere, and keeps the few members that a plan names. Takes linear
 * time, holds at most `KEPT_CHARS_MAX` characters, never throws. A member is there when it is complete: half of a
 * number is no number.
 */
export class JsonOutline extends JsonPass {
  readonly #plan: OutlinePlan;
  readonly #members = new Map<string, unknown>();
  readonly #counts = new Map<string, number>();
  readonly #longest = new Map<string, number>();

  /** What stands in front of the names at hand, and of those of the objects around. */
  #prefix = '';
  readonly #outerPrefixes: string[] = [];

  /** Whether a name is expected; else the value of `#path` is under way. */
  #inName = true;
  #path = '';
  #isWanted = false;
  #isCounted = false;
  #isList = false;
  #items = 0;
  /** Where the item under way begins, and the longest before it, in bytes. */
  #itemStart = 0;
  #longestItem = 0;
  /** Member names within the wanted value under way. */
  #names = 0;
  readonly #seenOpened = new Set<string>();

  /** Where the name or the wanted value under way begins in the piece at hand, and what of it stood before that. */
  #start = 0;
  #carried = '';
  #keptChars = 0;

  #over = false;
  #whole = false;
  #incomplete = false;
  #repeated = false;

  constructor(plan: OutlinePlan) {
    super();
    this.#plan = plan;
  }

  /** Whether the object was seen to its end. */
  get whole(): boolean {
    return this.#whole;
  }

  /** Whether it broke off, or never began. What is no JSON does neither. */
  get cut(): boolean {
    return this.depth > 0 || this.offset === 0;
  }

  /** Whether a wanted member was left out because it is too long or can't be read. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** Whether a name stood twice where it matters: a wanted one, or any within a wanted member. Here the last one counts; readers differ. */
  get repeated(): boolean {
    return this.#repeated;
  }

  /** A wanted member as `JSON.parse` gives it; undefined where there is none. */
  member(path: string): unknown {
    return this.#members.get(path);
  }

  /** The length of a counted list; 0 for something else than a list; null where there is none. */
  count(path: string): number | null {
    return this.#counts.get(path) ?? null;
  }

  /** Bytes of the longest item of a counted list as they stand, quotes and blanks included; 0 where there is none. */
  longest(path: string): number {
    return this.#longest.get(path) ?? 0;
  }

  protected override opened(isObject: boolean, at: number): void {
    if (this.#over) return;
    if (this.depth === 1) {
      this.#over = !isObject;
      this.#start = at + 1;
    } else if (this.depth === 2) {
      this.#isList = !isObject;
      this.#itemStart = this.offset + at + 1;
      if (isObject && !this.#inName && this.#plan.opened.has(this.#path)) this.#stepIn(at);
    } else if (this.depth === 3) this.#countItem();
  }

  protected override closed(text: string, at: number): void {
    if (this.depth === 1 && this.#isList) this.#finishItem(at);
    if (this.#over || this.depth !== 0) return;
    this.#finishValue(text, at);
    const outerPrefix = this.#outerPrefixes.pop();
    if (outerPrefix === undefined) {
      this.#over = this.#whole = true;
      return;
    }
    this.depth = 1;
    this.#prefix = outerPrefix;
    this.#forgetValue();
    this.#inName = false;
  }

  protected override colon(text: string, at: number): void {
    if (this.depth > 1 && this.#isWanted) this.#names++;
    if (this.depth !== 1 || this.#over || !this.#inName) return;
    const name = nameOf(this.#carried + text.slice(this.#start, at));
    this.#forgetValue();
    this.#inName = false;
    this.#start = at + 1;
    this.#path = this.#prefix + name;
    this.#isWanted = this.#plan.members.has(this.#path);
    this.#isCounted = this.#plan.counted.has(this.#path);
    if (!this.#plan.opened.has(this.#path)) return;
    if (this.#seenOpened.has(this.#path)) this.#repeated = true;
    this.#seenOpened.add(this.#path);
  }

  protected override comma(text: string, at: number): void {
    if (this.depth === 2 && this.#isList) this.#finishItem(at);
    if (this.depth !== 1 || this.#over) return;
    this.#finishValue(text, at);
    this.#expectName(at);
  }

  protected override string(): void {
    if (this.depth === 2) this.#countItem();
  }

  protected override pieceEnd(text: string): void {
    if (this.#over) return;
    if (this.#inName) {
      // One character more than a name may have is enough to be none.
      this.#carried = (this.#carried + text.slice(this.#start)).slice(0, NAME_CHARS_MAX + 1);
    } else if (this.#isWanted) {
      const piece = text.slice(this.#start);
      if (this.#mayKeep(this.#carried.length + piece.length)) this.#carried += piece;
      else this.#forgetValue();
    }
    this.#start = 0;
  }

  #stepIn(at: number): void {
    this.#outerPrefixes.push(this.#prefix);
    this.#prefix = `${this.#path}.`;
    this.depth = 1;
    this.#expectName(at);
  }

  #expectName(at: number): void {
    this.#forgetValue();
    this.#inName = true;
    this.#start = at + 1;
  }

  #forgetValue(): void {
    this.#isWanted = false;
    this.#isCounted = false;
    this.#isList = false;
    this.#items = 0;
    this.#longestItem = 0;
    this.#names = 0;
    this.#carried = '';
  }

  #countItem(): void {
    if (this.#isList) this.#items++;
  }

  #finishItem(at: number): void {
    this.#longestItem = Math.max(this.#longestItem, this.offset + at - this.#itemStart);
    this.#itemStart = this.offset + at + 1;
  }

  #finishValue(text: string, at: number): void {
    if (this.#inName || !(this.#isWanted || this.#isCounted)) return;
    if (this.#members.has(this.#path) || this.#counts.has(this.#path)) this.#repeated = true;
    if (this.#isCounted) {
      this.#counts.set(this.#path, this.#items);
      this.#longest.set(this.#path, this.#longestItem);
    }
    if (!this.#isWanted) return;
    const raw = this.#carried + text.slice(this.#start, at);
    if (!this.#mayKeep(raw.length)) return;
    this.#keptChars += raw.length;
    try {
      const value: unknown = JSON.parse(utf8(raw));
      this.#members.set(this.#path, value);
      // What stands twice is one name once it is parsed.
      if (this.#names > 0 && namesIn(value) !== this.#names) this.#repeated = true;
    } catch {
      this.#incomplete = true;
    }
  }

  #mayKeep(chars: number): boolean {
    const fits = this.#keptChars + chars <= KEPT_CHARS_MAX;
    if (!fits) this.#incomplete = true;
    return fits;
  }
}

/** A member's name with its escapes resolved; some text that is wanted nowhere for what is no name. */
function nameOf(raw: string): string {
  const text = raw.trim();
  if (!text.includes('\\')) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Member names in a value, at any depth. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let names = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const inner of Object.values(value)) names += namesIn(inner);
  return names;
}

/** Text of one character per byte as what its bytes say. */
function utf8(text: string): string {
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}
