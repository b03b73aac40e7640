import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { gunzipSync } from 'node:zlib';

/** A request as it arrived, whole. */
export interface Received {
  readonly method: string;
  /** As on the wire. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** The body as text, unzipped where it says that it is zipped. */
  readonly text: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `reset`: the connection is broken; `silent`: no answer ever; `trickle`: an answer of a byte now and then. */
export type Mood = 'well' | 'reset' | 'silent' | 'trickle' | 'error';

export type Answering = (request: Received) => Answer;

/** What the contract of sinks needs of a receiver, whatever it speaks. */
export interface AnyReceiver {
  mood: Mood;
  readonly received: readonly Received[];
  readonly tries: number;
  readonly origin: string;
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A receiver on loopback whose mood can be changed, and that can be away. */
export class Receiver implements AnyReceiver {
  mood: Mood = 'well';
  answering: Answering;
  /** What was answered with success. */
  readonly received: Received[] = [];
  /** All that arrived whole. */
  tries = 0;
  readonly #tls: { readonly cert: string; readonly key: string } | null;
  #server: Server | null = null;
  #port = 0;

  constructor(answering: Answering = () => ({ status: 200 }), tls: { cert: string; key: string } | null = null) {
    this.answering = answering;
    this.#tls = tls;
  }

  get origin(): string {
    return `${this.#tls === null ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens until the end of the test that calls this, on the same port as before if it has listened before. */
  async start(): Promise<void> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => void this.#take(request, response);
    const server = this.#tls === null ? createServer(handle) : createTlsServer(this.#tls, handle);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = portOf(server.address());
    this.#server = server;
    // Also when the test has failed.
    after(() => this.stop());
  }

  /** Goes away with all its connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) if (piece instanceof Buffer) pieces.push(piece);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces);
    const isZipped = request.headers['content-encoding'] === 'gzip';
    const received: Received = {
      method: request.method ?? '',
      target: request.url ?? '',
      headers: request.headers,
      body,
      text: (isZipped ? gunzipSync(body) : body).toString('utf8'),
    };
    this.tries += 1;
    this.#answer(received, response);
  }

  #answer(received: Received, response: ServerResponse): void {
    if (this.mood === 'reset') response.destroy();
    else if (this.mood === 'trickle') response.writeHead(200, { 'content-length': 1000 }).write('.');
    else if (this.mood === 'error') response.writeHead(500).end('out of order');
    else if (this.mood === 'well') {
      const { status, body = '', headers = {} } = this.answering(received);
      if (status < 300) this.received.push(received);
      response.writeHead(status, headers).end(body);
    }
  }
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('Not listening.');
  return address.port;
}
