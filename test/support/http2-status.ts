import type { ClientHttp2Stream } from 'node:http2';

/** The status of the answer on a stream of node's HTTP/2 client; null when the stream closes without one. */
export function statusOf(stream: ClientHttp2Stream): Promise<number | null> {
  return new Promise((resolve) => {
    stream.once('response', (headers) => resolve(headers[':status'] ?? null));
    stream.once('close', () => resolve(null));
    stream.on('error', () => undefined);
  });
}
