import { HttpFault } from './http-fault.ts';

/** The fields of a head, and what they say of the message and of its connection. */
export interface Fields {
  /** Alternating names and values as they came, one character for each byte. */
  readonly raw: readonly string[];
  /** Null where none is given. */
  readonly contentLength: number | null;
  readonly isChunked: boolean;
  readonly wantsClose: boolean;
  readonly keepAlive: string | null;
}

/** RFC 9110: a token, and what a field value may be made of. */
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;

/**
 * Reads the fields of a head. Strict, as two readings of one message are how requests and answers get swapped: lines end
 * in CRLF, none goes on another, and a message says once and plainly where it ends.
 * @param text all lines of the head but the empty one at its end
 * @param from where the line after the first begins
 * @throws HttpFault
 */
export function readFields(text: string, from: number): Fields {
  const raw: string[] = [];
  let length: string | null = null;
  let encoding: string | null = null;
  let keepAlive: string | null = null;
  let wantsClose = false;
  for (let start = from; start < text.length;) {
    const lineEnd = text.indexOf('\r\n', start);
    const end = lineEnd === -1 ? text.length : lineEnd;
    const colon = text.indexOf(':', start);
    // A line that goes on the one before has no name: RFC 9112 lets nobody send such any more.
    if (colon === -1 || colon >= end) throw new HttpFault('A header has no name.');
    const name = text.slice(start, colon);
    const value = withoutBlanks(text, colon + 1, end);
    if (!NAME.test(name)) throw new HttpFault('The name of a header is not well-formed.');
    if (!VALUE.test(value)) throw new HttpFault(`The value of the header ${name} is not well-formed.`);
    raw.push(name, value);
    start = end + 2;

    if (name.length === 10 && is(name, 'connection')) wantsClose ||= hasToken(value, 'close');
    else if (name.length === 10 && is(name, 'keep-alive')) keepAlive = value;
    else if (name.length === 14 && is(name, 'content-length')) {
      if (length !== null || !LENGTH.test(value))
        throw new HttpFault('The length is no number, or said more than once.');
      length = value;
    } else if (name.length === 17 && is(name, 'transfer-encoding')) {
      if (encoding !== null || !is(value, 'chunked')) throw new HttpFault('The only transfer encoding is chunked.');
      encoding = value;
    }
  }
  if (length !== null && encoding !== null) throw new HttpFault('A message has a length or is chunked, not both.');
  const contentLength = length === null ? null : Number(length);
  return { raw, contentLength, isChunked: encoding !== null, wantsClose, keepAlive };
}

/** Not by `trim`, which takes more than the blanks and tabs that may stand around a value. */
function withoutBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function hasToken(list: string, token: string): boolean {
  return list.split(',').some((entry) => is(entry.trim(), token));
}

function is(text: string, lowerCase: string): boolean {
  return text === lowerCase || text.toLowerCase() === lowerCase;
}
