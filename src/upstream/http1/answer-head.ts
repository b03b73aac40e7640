import { AnswerFault } from './answer-fault.ts';

/** What the head of an answer says of it and of the connection. */
export interface AnswerHead {
  readonly status: number;
  /** Alternating names and values as they came, one character for each byte. */
  readonly headers: readonly string[];
  /** Where the body ends: after so many bytes, with its last chunk, or with the connection. */
  readonly body: number | 'chunked' | 'untilClose';
  readonly reusable: boolean;
  readonly idleHintMs: number | null;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** RFC 9110: a token, and what a field value may be made of. */
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;
const IDLE_HINT = /(?:^|[,;\s])timeout=(\d{1,6})/i;

/** What is learned from headers on the way. */
interface Framing {
  length: string | null;
  encoding: string | null;
  connection: string;
  keepAlive: string;
}

/**
 * @param text all lines of the head but the empty one at its end
 * @param method of the request it answers
 * @throws AnswerFault
 */
export function parseAnswerHead(text: string, method: string): AnswerHead {
  const firstEnd = text.indexOf('\r\n');
  const [, minor, digits] = STATUS_LINE.exec(firstEnd === -1 ? text : text.slice(0, firstEnd)) ?? [];
  if (digits === undefined) throw new AnswerFault('The answer does not begin as HTTP/1.1 does.');
  const status = Number(digits);
  if (status === 101) throw new AnswerFault('The answer changes to a protocol that nobody asked for.');

  const headers: string[] = [];
  const framing: Framing = { length: null, encoding: null, connection: '', keepAlive: '' };
  let start = firstEnd === -1 ? text.length : firstEnd + 2;
  while (start < text.length) {
    const lineEnd = text.indexOf('\r\n', start);
    const end = lineEnd === -1 ? text.length : lineEnd;
    readField(text, start, end, headers, framing);
    start = end + 2;
  }

  const body = bodyOf(method, status, minor === '0', framing);
  const closes = minor === '0' || body === 'untilClose' || hasToken(framing.connection, 'close');
  return { status, headers, body, reusable: !closes, idleHintMs: idleHintOf(framing.keepAlive) };
}

function readField(text: string, start: number, end: number, headers: string[], framing: Framing): void {
  const colon = text.indexOf(':', start);
  // A line that goes on the one before has no name: RFC 9112 lets nobody send such any more.
  if (colon === -1 || colon >= end) throw new AnswerFault('A header of the answer has no name.');
  const name = text.slice(start, colon);
  const value = withoutBlanks(text, colon + 1, end);
  if (!NAME.test(name) || !VALUE.test(value)) throw new AnswerFault('A header of the answer is not well-formed.');
  headers.push(name, value);
  switch (name.length) {
    case 10:
      if (is(name, 'connection')) framing.connection += `${value},`;
      else if (is(name, 'keep-alive')) framing.keepAlive = value;
      return;
    case 14:
      if (!is(name, 'content-length')) return;
      if (framing.length !== null) throw new AnswerFault('The answer says its length more than once.');
      framing.length = value;
      return;
    case 17:
      if (!is(name, 'transfer-encoding')) return;
      if (framing.encoding !== null) throw new AnswerFault('The answer says its transfer encoding more than once.');
      framing.encoding = value;
      return;
    default:
  }
}

/** Where the body ends: RFC 9112, section 6.3, without what it tolerates. */
function bodyOf(method: string, status: number, isHttp10: boolean, { length, encoding }: Framing): AnswerHead['body'] {
  if (length !== null && !LENGTH.test(length)) throw new AnswerFault('The length of the answer is no number.');
  if (encoding !== null && (isHttp10 || length !== null || encoding.toLowerCase() !== 'chunked')) {
    throw new AnswerFault('The answer does not say plainly where it ends.');
  }
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  if (encoding !== null) return 'chunked';
  return length === null ? 'untilClose' : Number(length);
}

function idleHintOf(keepAlive: string): number | null {
  const [, seconds] = IDLE_HINT.exec(keepAlive) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

function hasToken(list: string, token: string): boolean {
  return list !== '' && list.split(',').some((entry) => is(entry.trim(), token));
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

function is(name: string, lowerCase: string): boolean {
  return name === lowerCase || name.toLowerCase() === lowerCase;
}
