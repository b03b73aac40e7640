import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';

/** A request as a client put it on the wire. */
export interface WireRequest {
  readonly method: string;
  /** Raw path and query. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface WireRecorder {
  readonly origin: string;
  /** What arrived since it was asked last, oldest first. */
  take(): readonly WireRequest[];
  close(): Promise<void>;
}

interface Incoming extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: string[];
}

interface Outgoing {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/** Stands where AWS would stand, and only notes what an SDK sends there. Cleartext, like the simulator. */
export async function startWireRecorder(protocol: 'HTTP/1.1' | 'HTTP/2'): Promise<WireRecorder> {
  const arrived: WireRequest[] = [];
  const record = (incoming: Incoming, outgoing: Outgoing): void => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      arrived.push(wireRequest(incoming, Buffer.concat(chunks)));
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end('{}');
    });
  };
  const sessions = new Set<Http2Session>();
  const http1 = protocol === 'HTTP/1.1' ? createHttp1Server(record) : null;
  const http2 = protocol === 'HTTP/2' ? createHttp2Server(record) : null;
  http2?.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  const server = http1 ?? http2 ?? createHttp1Server();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    origin: `http://127.0.0.1:${portOf(server.address())}`,
    take: () => arrived.splice(0),
    close: async () => {
      for (const session of sessions) session.destroy();
      http1?.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function wireRequest({ method = '', url = '', rawHeaders }: Incoming, body: Buffer): WireRequest {
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? '']);
  }
  return { method, target: url, headers, body };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The recorder has no port.');
  return address.port;
}
