/** What came is no answer that HTTP/1.1 (RFC 9112) allows, or one beyond our bounds. */
export class AnswerFault extends Error {}
