import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock, Exchange } from '../ports.ts';
import { Http1Connection } from './http1/http1-connection.ts';
import { Http2Exchange } from './http2-exchange.ts';
import { dispatchByPreface } from './preface.ts';

/** Bounds of the listening side. */
export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly connectionsMax: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly keepAliveMs: number;
  /** How long a client may take with the last of an answer over HTTP/1, after which its connection ends. */
  readonly writeStallMs: number;
  /** Whether clients should be told to close their connections. */
  readonly draining: () => boolean;
  readonly clock: Clock;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Open client connections. */
  connections(): number;
  /** Asks clients to go: no new connections, `Connection: close` and GOAWAY on those there are. */
  stopAccepting(): void;
  /** Ends every connection at once; what was being answered breaks. */
  destroyConnections(): void;
}

/** Head of a request over HTTP/2, all fields together; the same as for HTTP/1. */
const HEADER_BYTES_MAX = 16 * 1024;
const REQUESTS_PER_CONNECTION_MAX = 10_000;

/** HTTP/2: as many requests of one connection at once, and as much of their bodies on its way. */
const STREAMS_PER_SESSION_MAX = 128;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const SESSION_MEMORY_MB_MAX = 64;
/** Streams a client may reset: a burst, then so many a second. CVE-2023-44487 (rapid reset). */
const STREAM_RESET_BURST = 200;
const STREAM_RESETS_PER_SECOND = 50;
const HEADER_PAIRS_MAX = 128;

/**
 * Listens on one port for HTTP/1.1 and HTTP/2, in clear (by the connection preface) or in TLS (by ALPN), and hands every
 * request to `handle` as an exchange.
 */
export async function startServer(
  options: ServerOptions,
  handle: (exchange: Exchange) => void,
): Promise<RunningServer> {
  const sockets = new Set<Socket>();
  const connections = new Set<Http1Connection>();
  const sessions = new Set<ServerHttp2Session>();

  const http2 = http2Server(options, sessions, handle);
  const listener = listen(options);
  const event = options.tls === null ? 'connection' : 'secureConnection';
  const http1Options = { ...options, requestsPerConnectionMax: REQUESTS_PER_CONNECTION_MAX };
  const serveHttp1 = (socket: Socket): void => {
    const connection = new Http1Connection(socket, http1Options, handle);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  };
  const serveHttp2 = (socket: Socket): void => {
    http2.emit('connection', socket);
  };
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  listener.on(event, (socket: Socket & { alpnProtocol?: string | false | null }) => {
    socket.setNoDelay(true);
    if (socket.alpnProtocol === 'h2') serveHttp2(socket);
    else if (options.tls !== null) serveHttp1(socket);
    else dispatchByPreface(socket, options.headersTimeoutMs, serveHttp1, serveHttp2);
  });

  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen({ port: options.port, host: options.host, backlog: 1024 }, () => {
      listener.removeListener('error', reject);
      resolve();
    });
  });
  const address = addressOf(listener);

  return {
    host: address.address,
    port: address.port,
    connections: () => sockets.size,
    stopAccepting: () => {
      listener.close();
      for (const connection of connections) connection.closeIfIdle();
      for (const session of sessions) session.close();
    },
    destroyConnections: () => {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function listen({ tls, headersTimeoutMs, connectionsMax }: ServerOptions): Server {
  const server =
    tls === null
      ? createServer()
      : createTlsServer({
          ...tls,
          ALPNProtocols: ['h2', 'http/1.1'],
          minVersion: 'TLSv1.2',
          handshakeTimeout: headersTimeoutMs,
        });
  server.maxConnections = connectionsMax;
  // Nobody can be answered over a handshake that failed.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  return server;
}

function http2Server(
  options: ServerOptions,
  sessions: Set<ServerHttp2Session>,
  handle: (exchange: Exchange) => void,
): Http2Server {
  const server = createHttp2Server({
    settings: {
      maxConcurrentStreams: STREAMS_PER_SESSION_MAX,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: HEADER_BYTES_MAX,
      enableConnectProtocol: false,
    },
    maxSessionMemory: SESSION_MEMORY_MB_MAX,
    maxHeaderListPairs: HEADER_PAIRS_MAX,
    streamResetBurst: STREAM_RESET_BURST,
    streamResetRate: STREAM_RESETS_PER_SECOND,
    unknownProtocolTimeout: options.headersTimeoutMs,
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
    session.setLocalWindowSize(STREAM_WINDOW_BYTES);
    closeWhenIdle(session, options.keepAliveMs, options.headersTimeoutMs);
  });
  server.on('stream', (stream, headers, _flags, rawHeaders: string[]) => {
    handle(new Http2Exchange(stream, headers, rawHeaders, stream.endAfterHeaders));
  });
  return server;
}

/** An HTTP/2 connection without a stream is closed when it has been so for a while; sooner if it never had one. */
function closeWhenIdle(session: ServerHttp2Session, keepAliveMs: number, firstStreamMs: number): void {
  let open = 0;
  let timer = setTimeout(() => session.destroy(), firstStreamMs);
  session.on('stream', (stream) => {
    open += 1;
    clearTimeout(timer);
    stream.once('close', () => {
      open -= 1;
      if (open === 0 && !session.closed) timer = setTimeout(() => session.close(), keepAliveMs);
    });
  });
  session.once('close', () => clearTimeout(timer));
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no TCP port.');
  return address;
}
