import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { BodySink, Exchange } from '../../src/ports.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/server.ts';
import type { SelfSigned } from '../support/self-signed.ts';

export interface OpenServer {
  readonly server: RunningServer;
  readonly origin: string;
  /** Every request there was, in order. */
  readonly exchanges: readonly Exchange[];
}

export interface OpenServerOptions extends Partial<Omit<ServerOptions, 'tls'>> {
  readonly tls?: SelfSigned;
}

/** A server on a free port without a gateway behind it, gone with the test. Its times are too long to matter. */
export async function openServer(
  t: TestContext,
  handle: (exchange: Exchange) => void,
  { tls, ...options }: OpenServerOptions = {},
): Promise<OpenServer> {
  const exchanges: Exchange[] = [];
  const server = await startServer(
    {
      host: '127.0.0.1',
      port: 0,
      tls: tls === undefined ? null : { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
      connectionsMax: 1000,
      headersTimeoutMs: 60_000,
      bodyTimeoutMs: 60_000,
      keepAliveMs: 60_000,
      writeStallMs: 60_000,
      draining: () => false,
      clock: { nowMs: () => Date.now(), elapsedMs: () => performance.now() },
      ...options,
    },
    (exchange) => {
      exchanges.push(exchange);
      handle(exchange);
    },
  );
  t.after(() => {
    server.stopAccepting();
    server.destroyConnections();
  });
  return { server, origin: `http://127.0.0.1:${server.port}`, exchanges };
}

/** What came of reading a body. */
export interface ReadBody {
  readonly bytes: Buffer;
  readonly ending: 'end' | 'gone' | 'trailers';
}

/** Reads a body and tells of its end, each time there is one. */
export function readWhole(exchange: Exchange, ended: (body: ReadBody) => void): void {
  const chunks: Buffer[] = [];
  const sink: BodySink = {
    data: (chunk) => void chunks.push(chunk),
    end: () => ended({ bytes: Buffer.concat(chunks), ending: 'end' }),
    fault: (ending) => ended({ bytes: Buffer.concat(chunks), ending }),
  };
  exchange.body.read(sink);
}

/** Answers with a text, whole. */
export function answerText(exchange: Exchange, text: string): void {
  exchange.answerWhole(200, ['x-target', exchange.target], Buffer.from(text), false);
}
