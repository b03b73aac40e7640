/** What came is no message that HTTP/1.1 (RFC 9112) allows, or one beyond our bounds. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
}
