import { createServer as createHttp1Server, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Exchange } from '../ports.ts';
import { Http1Exchange } from './http1-exchange.ts';
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
  /** Whether clients should be told to close their connections. */
  readonly draining: () => boolean;
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

/** Head of a request, all fields together. Node's own limit for HTTP/1; the same for HTTP/2. */
const HEADER_BYTES_MAX = 16 * 1024;
/** How long a half-dead connection may go unnoticed beyond its timeout. */
const CONNECTION_CHECK_MS = 2000;
/** node cuts a late body without a word, so it comes after the reader of the body, which says why. */
const NODE_TIMEOUT_LAG_MS = 5000;
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
  const sessions = new Set<ServerHttp2Session>();

  const http2 = http2Server(options, sessions, handle);
  const listener = http1Server(options, handle);
  const event = options.tls === null ? 'connection' : 'secureConnection';
  const serveHttp1 = takeListeners(listener, event);
  const serveHttp2 = (socket: Socket): void => {
    // node:http keeps its connections half-open; an HTTP/2 session on such a one never notices that its client has left.
    socket.allowHalfOpen = false;
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
      listener.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    destroyConnections: () => {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function http1Server(options: ServerOptions, handle: (exchange: Exchange) => void): Server {
  const limits = {
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.bodyTimeoutMs + NODE_TIMEOUT_LAG_MS,
    keepAliveTimeout: options.keepAliveMs,
    connectionsCheckingInterval: Math.min(CONNECTION_CHECK_MS, options.headersTimeoutMs),
    maxHeaderSize: HEADER_BYTES_MAX,
    insecureHTTPParser: false,
    // Host is checked by the exchange, which can answer in Bedrock's shape.
    requireHostHeader: false,
    rejectNonStandardBodyWrites: true,
    noDelay: true,
  };
  const server =
    options.tls === null
      ? createHttp1Server(limits)
      : createTlsServer({
          ...limits,
          ...options.tls,
          ALPNProtocols: ['h2', 'http/1.1'],
          minVersion: 'TLSv1.2',
          handshakeTimeout: options.headersTimeoutMs,
        });
  server.maxConnections = options.connectionsMax;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;

  const accept = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    handle(new Http1Exchange(request, response, { expectsContinue, closing: options.draining }));
  };
  server.on('request', accept(false));
  server.on('checkContinue', accept(true));
  server.on('clientError', answerParseError);
  // node:https reports these as client errors too, but nobody can be answered over a handshake that failed.
  server.removeAllListeners('tlsClientError');
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

/** A request node could not parse. It is answered once, unless an earlier request on the connection still waits. */
function answerParseError(
  error: Error & { code?: string },
  socket: Socket & { _httpMessage?: ServerResponse | null },
): void {
  const answerOwed = socket._httpMessage !== undefined && socket._httpMessage !== null;
  if (answerOwed || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = PARSE_ERROR_STATUS[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({
    message: 'The request is not well-formed HTTP.',
    __type: 'ValidationException',
    error: {
      message: 'The request is not well-formed HTTP.',
      type: 'bad_request_error',
      param: null,
      code: status.slice(0, 3),
    },
  });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\nx-amzn-errortype: ValidationException\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

const PARSE_ERROR_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
};

/** Takes node's own connection handling off a server, to decide first which protocol a socket speaks. */
function takeListeners(server: Server, event: 'connection' | 'secureConnection'): (socket: Socket) => void {
  const listeners = server.listeners(event);
  server.removeAllListeners(event);
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no TCP port.');
  return address;
}
