import { Refusal } from './errors.ts';

/** A request target that has passed the grammar of this file; every later step works from it and never from the raw text. */
export interface RequestTarget {
  /** Raw path, percent-encodings untouched, with runs of `/` collapsed to one. Starts with `/`. */
  readonly path: string;
  /** Raw query without its `?`; empty when there is none. */
  readonly query: string;
  /** Raw segments of `path`; a trailing slash leaves an empty last one. */
  readonly segments: readonly string[];
}

/** The longest path any AWS model allows (two ARNs of 2,048 characters, encoded) with its query stays well below. */
export const TARGET_BYTES_MAX = 8192;

const SLASH = 0x2f;
const PERCENT = 0x25;
const QUESTION_MARK = 0x3f;
const DOT = 0x2e;

/** RFC 3986 `pchar` without `;`, which some servers take for the start of a path parameter and cut off. */
const SEGMENT_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:@!$'()*+,=&%";

const REFUSED = 0;
const IN_SEGMENT = 1;
const IN_QUERY_ONLY = 2;
const CHARACTER_CLASSES = characterClasses();

/** Query parameters of a presigned URL, which carry a signature this gateway does not verify. */
const PRESIGNED_PARAMETERS = new Set(['x-amz-signature', 'x-amz-algorithm', 'x-amz-credential']);

/**
 * Takes a raw HTTP/1 request target or HTTP/2 `:path` apart, without decoding anything and without `URL`, which would
 * resolve dot segments, turn `\` into `/` and take a host out of `//host/path`.
 *
 * Only the origin form (RFC 9112, 3.2.1) of at most `TARGET_BYTES_MAX` passes. `%2F` and `%5C` pass here: only who
 * knows the operation knows where they may stand.
 *
 * @throws Refusal `invalidRequest` naming what is wrong, `badSignature` for a presigned URL.
 */
export function parseRequestTarget(raw: string): RequestTarget {
  if (raw.length > TARGET_BYTES_MAX) throw malformed(`longer than ${TARGET_BYTES_MAX} bytes`);
  if (raw.charCodeAt(0) !== SLASH) throw malformed('not in origin form, which starts with a slash');

  const segments: string[] = [];
  let collapsed = false;
  let escaped = false;
  let segmentStart = 1;
  let index = 1;
  for (; index < raw.length; index++) {
    const code = raw.charCodeAt(index);
    if (code === SLASH) {
      if (index === segmentStart) collapsed = true;
      else segments.push(checkedSegment(raw.slice(segmentStart, index), escaped));
      segmentStart = index + 1;
      escaped = false;
    } else if (code === QUESTION_MARK) {
      break;
    } else if (code === PERCENT) {
      escaped = true;
    } else if (CHARACTER_CLASSES[code] !== IN_SEGMENT) {
      throw refusedCharacter(code);
    }
  }
  segments.push(checkedSegment(raw.slice(segmentStart, index), escaped));

  return {
    path: collapsed ? `/${segments.join('/')}` : raw.slice(0, index),
    query: index < raw.length ? checkedQuery(raw.slice(index + 1)) : '',
    segments,
  };
}

/** A dot segment is one that RFC 3986, 5.2.4 would remove from the path. */
function checkedSegment(segment: string, escaped: boolean): string {
  if (escaped) checkEscapes(segment);
  else if (segment.charCodeAt(0) === DOT && (segment === '.' || segment === '..')) throw malformed('a dot segment');
  return segment;
}

/**
 * Looks at what a segment becomes once decoded: a server behind us may decode before it splits, so no part between
 * slashes or backslashes may be a dot segment, and nothing may still be an escape for a second decoding.
 */
function checkEscapes(segment: string): void {
  const decoded = decodedOrRefused(segment);
  if (decoded.split(/[/\\]/).some((part) => part === '.' || part === '..')) throw malformed('an encoded dot segment');
  if (/%[0-9A-Fa-f]{2}/.test(decoded)) throw malformed('a doubled percent-encoding');
}

function checkedQuery(query: string): string {
  let escaped = false;
  for (let index = 0; index < query.length; index++) {
    const code = query.charCodeAt(index);
    const characterClass = CHARACTER_CLASSES[code];
    if (characterClass !== IN_SEGMENT && characterClass !== IN_QUERY_ONLY) throw refusedCharacter(code);
    if (code === PERCENT) escaped = true;
  }
  if (escaped) decodedOrRefused(query);
  if (query.split('&').some(isPresignedParameter)) {
    throw new Refusal('badSignature', 'Presigned URLs are not taken: sign the request with an Authorization header.');
  }
  return query;
}

function isPresignedParameter(parameter: string): boolean {
  const [name = ''] = parameter.split('=', 1);
  return PRESIGNED_PARAMETERS.has(decodeURIComponent(name).toLowerCase());
}

function decodedOrRefused(text: string): string {
  const decoded = decodedOrUndefined(text);
  if (decoded === undefined) throw malformed('a malformed percent-encoding, or one that is not UTF-8');
  for (let index = 0; index < decoded.length; index++) {
    const code = decoded.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) throw malformed('an encoded control character');
  }
  return decoded;
}

/** `decodeURIComponent` fails on malformed escapes, overlong and invalid UTF-8 and surrogates (ECMA-262, 19.2.6.5). */
function decodedOrUndefined(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function refusedCharacter(code: number): Refusal {
  const isPrintable = code > 0x20 && code < 0x7f;
  const name = isPrintable ? `the character ${String.fromCharCode(code)}` : `the character code ${code}`;
  return malformed(`${name}, which must be percent-encoded`);
}

function malformed(what: string): Refusal {
  return new Refusal('invalidRequest', `Malformed request target: ${what}.`);
}

function characterClasses(): Uint8Array {
  const classes = new Uint8Array(128).fill(REFUSED);
  for (const character of SEGMENT_CHARACTERS) classes[character.charCodeAt(0)] = IN_SEGMENT;
  classes[SLASH] = IN_QUERY_ONLY;
  classes[QUESTION_MARK] = IN_QUERY_ONLY;
  return classes;
}
