import { STATUS_CODES } from 'node:http';

/** How the end of an answer's body is told. */
export type AnswerFraming = 'counted' | 'chunked' | 'untilClose' | 'none';

export interface AnswerHeadInput {
  readonly status: number;
  /** Alternating names and values; none about the connection. */
  readonly headers: readonly string[];
  readonly method: string;
  readonly isHttp10: boolean;
  /** What is said of the connection: whole lines. */
  readonly connection: string;
  readonly date: string;
}

/** RFC 9110: what a header's name is made of. */
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
/**
 * RFC 9110: what a value is made of; what follows a line's end would be another header, or another answer. A character
 * beyond U+00FF would lose its high byte on the wire, and what is left of it may be such an end: CVE-2018-12116.
 */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The head of an answer as it stands on the wire, one character for each byte.
 * @throws TypeError for what would say something else on the wire
 */
export function encodeAnswerHead(input: AnswerHeadInput): { readonly text: string; readonly framing: AnswerFraming } {
  const { status, headers, method, isHttp10, connection, date } = input;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  let isCounted = false;
  let isDated = false;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (!NAME.test(name) || !VALUE.test(value)) throw new TypeError('A header can not be sent as it is.');
    text += `${name}: ${value}\r\n`;
    if (name.length === 4) isDated ||= name.toLowerCase() === 'date';
    else if (name.length === 14) isCounted ||= name.toLowerCase() === 'content-length';
  }
  if (!isDated) text += `date: ${date}\r\n`;
  const hasNone = method === 'HEAD' || status === 204 || status === 304;
  const framing = hasNone ? 'none' : isCounted ? 'counted' : isHttp10 ? 'untilClose' : 'chunked';
  const chunks = framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : '';
  return { text: `${text}${chunks}${connection}\r\n`, framing };
}
