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

/** RFC 9110: no value may have these, as what follows them would be another header, or another answer. */
const BREAKS_OUT = /[\r\n\0]/;

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
    const line = `${name}: ${headers[index + 1] ?? ''}`;
    if (BREAKS_OUT.test(line)) throw new TypeError('A header of the answer can not be sent as it is.');
    text += `${line}\r\n`;
    if (name.length === 4) isDated ||= name.toLowerCase() === 'date';
    else if (name.length === 14) isCounted ||= name.toLowerCase() === 'content-length';
  }
  if (!isDated) text += `date: ${date}\r\n`;
  const hasNone = method === 'HEAD' || status === 204 || status === 304;
  const framing = hasNone ? 'none' : isCounted ? 'counted' : isHttp10 ? 'untilClose' : 'chunked';
  const chunks = framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : '';
  return { text: `${text}${chunks}${connection}\r\n`, framing };
}
