/** What is said to a client whose bytes are no request, or have not become one in time. */
export interface PlainRefusal {
  readonly status:
    '400 Bad Request' | '408 Request Timeout' | '417 Expectation Failed' | '431 Request Header Fields Too Large';
  readonly message: string;
}

/** A whole answer in a shape that clients of Bedrock read, after which the connection ends. */
export function plainRefusal({ status, message }: PlainRefusal): string {
  const error = { message, type: 'bad_request_error', param: null, code: status.slice(0, 3) };
  const body = JSON.stringify({ message, __type: 'ValidationException', error });
  return (
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
    `x-amzn-errortype: ValidationException\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
