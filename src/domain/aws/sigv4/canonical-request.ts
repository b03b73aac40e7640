import { remember } from '../../remember.ts';

/**
 * The canonical request of Signature Version 4, for signing and for verifying.
 *
 * AWS documentation: "Create a signed AWS API request" (IAM User Guide), step 1. All services but S3 encode the path a
 * second time; Bedrock is one of them.
 */

/** A header as signed: a lower-case name and the value as it is sent. */
export type SignedHeader = readonly [name: string, value: string];

export interface RequestParts {
  readonly method: string;
  /** As on the wire: already percent-encoded, without dot segments or empty segments. */
  readonly path: string;
  /** As on the wire, without the question mark. */
  readonly query: string;
  /** Every header the signature covers, in any order; a name that stands twice becomes one line. */
  readonly headers: readonly SignedHeader[];
  /** SHA-256 of the body in lower-case hex, or one of the literals AWS defines in its place. */
  readonly payloadSha256Hex: string;
}

export interface CanonicalRequest {
  readonly text: string;
  /** Names in order, joined with semicolons, as the Authorization header lists them. */
  readonly signedHeaders: string;
}

/** Builds the text whose digest is signed. Never throws. */
export function canonicalRequest(parts: RequestParts): CanonicalRequest {
  const { lines, names } = canonicalHeaders(parts.headers);
  const text = `${parts.method}\n${canonicalPath(parts.path)}\n${canonicalQuery(parts.query)}\n${lines}\n${names}\n${parts.payloadSha256Hex}`;
  return { text, signedHeaders: names };
}

/**
 * Encodes an already encoded path once more: `%3A` becomes `%253A` and `:` becomes `%3A`; slashes stay. Most requests are
 * for a few models, so their paths come again and again.
 */
export const canonicalPath = remember(encodePath, { textsMax: 1000, textLengthMax: 512 });

function encodePath(rawPath: string): string {
  return rawPath.replace(NEITHER_UNRESERVED_NOR_SLASH, uriEncode);
}

/**
 * Decodes names and values once, encodes them as SigV4 wants them and sorts the pairs. A plus is a plus, not a space;
 * a name without a value has an empty one; `&&` holds no pair.
 */
export function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return '';
  return rawQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map(canonicalPair)
    .sort(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

const ONLY_UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const NEITHER_UNRESERVED_NOR_SLASH = /[^A-Za-z0-9\-._~/]+/g;

function canonicalPair(pair: string): readonly [name: string, value: string] {
  const equals = pair.indexOf('=');
  if (equals === -1) return [uriReencode(pair), ''];
  return [uriReencode(pair.slice(0, equals)), uriReencode(pair.slice(equals + 1))];
}

/** Sorting whole `name=value` texts would be wrong: `-` sorts before `=`, yet `a` belongs before `a-b`. */
function byNameThenValue(a: readonly [string, string], b: readonly [string, string]): number {
  return compareCodeUnits(a[0], b[0]) || compareCodeUnits(a[1], b[1]);
}

function compareCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Decodes and encodes byte by byte, so that bytes that are not UTF-8 survive; a malformed escape counts as its characters. */
function uriReencode(raw: string): string {
  if (ONLY_UNRESERVED.test(raw)) return raw;
  const encoded = uriEncode(raw);
  return raw.includes('%') ? encoded.replace(/%25([0-9A-Fa-f]{2})/g, encodeHexByte) : encoded;
}

function encodeHexByte(_match: string, hex: string): string {
  const character = String.fromCharCode(Number.parseInt(hex, 16));
  return ONLY_UNRESERVED.test(character) ? character : `%${hex.toUpperCase()}`;
}

/** SigV4's UriEncode: every byte of the UTF-8 form that is not unreserved (RFC 3986) as `%XX`. */
function uriEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalHeaders(headers: readonly SignedHeader[]): { lines: string; names: string } {
  let lines = '';
  let names = '';
  let previous: string | undefined;
  for (const [name, value] of byName(headers)) {
    const canonicalValue = trimAll(value);
    if (name === previous) {
      lines = `${lines.slice(0, -1)},${canonicalValue}\n`;
      continue;
    }
    lines += `${name}:${canonicalValue}\n`;
    names += previous === undefined ? name : `;${name}`;
    previous = name;
  }
  return { lines, names };
}

/** Up to here putting each header where it belongs is faster than sorting, and never slow. */
const FEW_HEADERS = 32;

/** In the order of their names; those with the same name stay in theirs. */
function byName(headers: readonly SignedHeader[]): readonly SignedHeader[] {
  if (headers.length > FEW_HEADERS) return headers.toSorted((a, b) => compareCodeUnits(a[0], b[0]));
  const sorted: SignedHeader[] = [];
  for (const header of headers) {
    let place = sorted.length;
    for (let before = sorted[place - 1]; before !== undefined && before[0] > header[0]; before = sorted[place - 1]) {
      sorted[place] = before;
      place -= 1;
    }
    sorted[place] = header;
  }
  return sorted;
}

/** Trims white space and makes runs of it one space. Almost no value needs it, so finding that out has to be cheap. */
function trimAll(value: string): string {
  if (!HAS_SPACE_TO_TRIM.test(value)) return value;
  return value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}

const HAS_SPACE_TO_TRIM = /^ | $| {2}|[\t\r\n]/;
