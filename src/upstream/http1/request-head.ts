import type { UpstreamRequest } from '../../ports.ts';

/** RFC 9110: what a header's name is made of. */
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
/**
 * RFC 9110: no value may have these, as what follows them would be another header, or another request. A character beyond
 * U+00FF would lose its high byte on the wire, and what is left of it may be one of them: CVE-2018-12116.
 */
const BREAKS_OUT = /[\r\n\0\u0100-\uffff]/;
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
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (!NAME.test(name) || BREAKS_OUT.test(value)) throw new TypeError('A header can not be sent as it is.');
    head += `${name}: ${value}\r\n`;
  }
  if (body !== null) return `${head}content-length: ${body.byteLength}\r\n\r\n`;
  return WITH_CONTENT.has(method) ? `${head}content-length: 0\r\n\r\n` : `${head}\r\n`;
}
