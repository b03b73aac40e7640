import type { UpstreamRequest } from '../../ports.ts';

/** RFC 9110: no value may have these, as what follows them would be another header, or another request. */
const BREAKS_OUT = /[\r\n\0]/;
const METHOD = /^[A-Z]+$/;
const TARGET = /^\/[\x21-\x7e]*$/;
/** These say how long their content is also when there is none: RFC 9110, section 8.6. */
const WITH_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * The head of a request as it stands on the wire, one character for each byte.
 * @throws TypeError for what would say something else on the wire: everything was judged before, so this is a fault of ours
 */
export function encodeRequestHead({ method, path, headers, body }: UpstreamRequest): string {
  if (!METHOD.test(method) || !TARGET.test(path)) throw new TypeError('The request line can not be sent as it is.');
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2) {
    const line = `${headers[index] ?? ''}: ${headers[index + 1] ?? ''}`;
    if (BREAKS_OUT.test(line)) throw new TypeError('A header can not be sent as it is.');
    head += `${line}\r\n`;
  }
  if (body !== null) return `${head}content-length: ${body.byteLength}\r\n\r\n`;
  return WITH_CONTENT.has(method) ? `${head}content-length: 0\r\n\r\n` : `${head}\r\n`;
}
