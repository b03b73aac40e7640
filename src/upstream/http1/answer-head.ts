import { readFields } from '../../http1/fields.ts';
import { HttpFault } from '../../http1/http-fault.ts';

/** What the head of an answer says of it and of the connection. */
export interface AnswerHead {
  readonly status: number;
  /** Alternating names and values as they came, one character for each byte. */
  readonly headers: readonly string[];
  /** Where the body ends: after so many bytes, with its last chunk, or with the connection. */
  readonly body: number | 'chunked' | 'untilClose';
  readonly reusable: boolean;
  /** How long the other end says it will keep the connection when nothing happens on it. */
  readonly idleHintMs: number | null;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const IDLE_HINT = /(?:^|[,;\s])timeout=(\d{1,6})/i;

/**
 * @param text all lines of the head but the empty one at its end
 * @param method of the request it answers
 * @throws HttpFault
 */
export function parseAnswerHead(text: string, method: string): AnswerHead {
  const lineEnd = text.indexOf('\r\n');
  const [, minor, digits] = STATUS_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd)) ?? [];
  if (digits === undefined) throw new HttpFault('The answer does not begin as HTTP/1.1 does.');
  const status = Number(digits);
  if (status === 101) throw new HttpFault('The answer changes to a protocol that nobody asked for.');
  const isHttp10 = minor === '0';

  const fields = readFields(text, lineEnd === -1 ? text.length : lineEnd + 2);
  if (fields.isChunked && isHttp10) throw new HttpFault('There are no chunks in HTTP/1.0.');
  const hasNone = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  const body = hasNone ? 0 : fields.isChunked ? 'chunked' : (fields.contentLength ?? 'untilClose');
  const [, seconds] = fields.keepAlive === null ? [] : (IDLE_HINT.exec(fields.keepAlive) ?? []);
  return {
    status,
    headers: fields.raw,
    body,
    reusable: !isHttp10 && !fields.wantsClose && body !== 'untilClose',
    idleHintMs: seconds === undefined ? null : Number(seconds) * 1000,
  };
}
