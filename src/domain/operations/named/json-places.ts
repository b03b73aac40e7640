import { JSON_DEPTH_MAX, JsonScanner } from '../../json-scanner.ts';
import type { JsonStart } from '../../json-scanner.ts';
import type { What } from './classify.ts';

/** Where in a body something is named, as a tree. */
export interface JsonPlaces {
  readonly members: Map<string, JsonPlaces>;
  /** The members in a form that lets other spellings of them be noticed. */
  readonly folded: Set<string>;
  items: JsonPlaces | null;
  values: JsonPlaces | null;
  what: What | null;
  /** The path of this place, joined by dots. */
  path: string;
}

export interface FoundValue {
  readonly what: What;
  /** Where it stands, member names joined by dots. */
  readonly path: string;
  readonly value: string;
}

/** More than any request of AWS may carry; each one costs a policy decision. */
const FOUND_MAX = 10_000;

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** How places of S3 begin, in any spelling. */
const S3_PLACE = /^\s*(?:s3[a-z]?:\/\/|arn:aws[a-z-]*:s3)/i;

/** The longest `s3://` URI, with every character escaped: bucket 63, key 1,024 bytes. */
const S3_URI_BYTES_MAX = 6 * (1024 + 63 + 6);

export function newPlaces(): JsonPlaces {
  return { members: new Map(), folded: new Set(), items: null, values: null, what: null, path: '' };
}

/** Adds a path of member names, `[]` and `*` to the tree. */
export function addPlace(root: JsonPlaces, path: readonly string[], what: What): void {
  let node = root;
  for (const step of path) node = stepInto(node, step);
  node.what = what;
  node.path = path.join('.');
}

function stepInto(node: JsonPlaces, step: string): JsonPlaces {
  if (step === '[]') return (node.items ??= newPlaces());
  if (step === '*') return (node.values ??= newPlaces());
  const inner = node.members.get(step) ?? newPlaces();
  node.members.set(step, inner);
  node.folded.add(fold(step));
  return inner;
}

/** Makes alike what any reader of JSON might take for the same name: case, width, compatibility forms. */
function fold(name: string): string {
  return PRINTABLE_ASCII.test(name) ? name.toLowerCase() : name.normalize('NFKC').toUpperCase().toLowerCase();
}

/**
 * Reads every named value out of a JSON body, in one pass and linear time, without building a tree. Null when the body
 * can't be read in exactly one way: not JSON, too deep, a name on the way twice or in another spelling, something else
 * than the model says at a place, or more values than the bound. Never throws.
 */
export function readPlaces(body: Uint8Array, places: JsonPlaces): readonly FoundValue[] | null {
  const reader = new PlacesReader(body);
  try {
    reader.read(places, 0);
    reader.end();
    return reader.found;
  } catch {
    // The reader throws on whatever is ambiguous, JSON.parse and the decoder on a bad string: one answer for all.
    return null;
  }
}

class PlacesReader {
  readonly found: FoundValue[] = [];
  readonly #scanner: JsonScanner;

  constructor(body: Uint8Array) {
    this.#scanner = new JsonScanner(body);
  }

  end(): void {
    this.#scanner.end();
  }

  read(places: JsonPlaces, depth: number): void {
    if (depth > JSON_DEPTH_MAX) throw new SyntaxError('too deep');
    const scanner = this.#scanner;
    const start = scanner.peek();
    if (places.what === 'json') return this.#freeJson(places.path, depth);
    if (start === 'token') return scanner.null();
    if (places.what !== null) return this.#value(places.what, places.path, start);
    if (start === 'object' && (places.members.size > 0 || places.values !== null)) return this.#object(places, depth);
    if (start === 'array' && places.items !== null) {
      const { items } = places;
      return scanner.items(() => this.read(items, depth + 1));
    }
    throw new SyntaxError('not what the model says');
  }

  #value(what: What, path: string, start: JsonStart): void {
    if (start !== 'string' || what === 'undecidable') throw new SyntaxError('nobody can say what this names');
    const value = this.#scanner.string();
    if (what === 'json-base64') this.#base64Json(value, path);
    else this.#add(what, path, value);
  }

  #object(places: JsonPlaces, depth: number): void {
    const seen = new Set<string>();
    this.#scanner.members((name) => {
      const inner = places.members.get(name) ?? places.values;
      const isNamed = places.members.has(name) || places.values !== null;
      if (isNamed) {
        if (seen.has(name)) throw new SyntaxError('a name stands twice');
        seen.add(name);
      } else if (places.folded.has(fold(name))) throw new SyntaxError('another spelling of a name');
      if (inner === null) this.#scanner.skip(depth + 1);
      else this.read(inner, depth + 1);
    });
  }

  /** Takes every string that begins as an S3 place does, wherever it stands. */
  #freeJson(path: string, depth: number): void {
    if (depth > JSON_DEPTH_MAX) throw new SyntaxError('too deep');
    const scanner = this.#scanner;
    switch (scanner.peek()) {
      case 'object':
        return scanner.members(() => this.#freeJson(path, depth + 1));
      case 'array':
        return scanner.items(() => this.#freeJson(path, depth + 1));
      case 'token':
        return scanner.skip(depth);
      case 'string': {
        const value = scanner.shortString(S3_URI_BYTES_MAX);
        if (value !== null && S3_PLACE.test(value)) this.#add('s3', path, value);
      }
    }
  }

  #base64Json(text: string, path: string): void {
    const inner = readPlaces(Buffer.from(text, 'base64'), { ...newPlaces(), what: 'json' });
    if (inner === null || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new SyntaxError('not JSON in base64');
    for (const { what, value } of inner) this.#add(what, path, value);
  }

  #add(what: What, path: string, value: string): void {
    if (this.found.length >= FOUND_MAX) throw new SyntaxError('too many values');
    this.found.push({ what, path, value });
  }
}
