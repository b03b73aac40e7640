import { request, type Agent, type OutgoingHttpHeaders } from 'node:http';

export interface Http1Request {
  readonly method: string;
  /** The request target as it shall stand on the wire. */
  readonly target: string;
  /** Several values of one name become several lines. */
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | string;
  readonly agent?: Agent;
}

export interface Http1Answer {
  readonly status: number;
  /** Names in lower case; of a repeated name the first value. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One request by node:http, which adds only `Host`, `Connection` and the framing of the body. */
export function http1Request(origin: string, asked: Http1Request): Promise<Http1Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Http1Answer>();
  const { hostname, port } = new URL(origin);
  const { method, target, body = '', agent } = asked;
  // node:http announces no body for DELETE, so that one would be taken for the next request.
  const length = Buffer.byteLength(body);
  const headers = { ...(length === 0 ? {} : { 'content-length': length }), ...asked.headers };
  const options = { hostname, port, method, path: target, headers, ...(agent === undefined ? {} : { agent }) };
  const outgoing = request(options, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('error', reject);
    answer.on('end', () =>
      resolve({ status: answer.statusCode ?? 0, headers: firstValues(answer.rawHeaders), body: Buffer.concat(chunks) }),
    );
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

function firstValues(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers[(rawHeaders[index] ?? '').toLowerCase()] ??= rawHeaders[index + 1] ?? '';
  }
  return headers;
}
