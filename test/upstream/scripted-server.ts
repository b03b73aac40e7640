import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** A request as it came, and the connection to answer it on. */
export interface SeenRequest {
  /** Everything up to and with the empty line, one character for each byte. */
  readonly head: string;
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
  /** Which connection it came by, counted from 0. */
  readonly connection: number;
  readonly socket: Socket;
}

export interface ServerOptions {
  /** Where it listens; 127.0.0.1 where left out. */
  readonly host?: string;
  /** PEM files, for TLS. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** The origin by another name. */
  readonly originHost?: string;
}

/** A server that a test writes the answers of, byte for byte. */
export class ScriptedServer {
  readonly origin: string;
  /** Every connection there was, in order. */
  readonly sockets: readonly Socket[];
  readonly #server: Server;

  private constructor(server: Server, origin: string, sockets: readonly Socket[]) {
    this.#server = server;
    this.origin = origin;
    this.sockets = sockets;
  }

  /** @param onSocket for each connection; it has no listeners but one for errors, which are none of a test's business */
  static async open(
    onSocket: (socket: Socket, index: number) => void,
    options: ServerOptions = {},
  ): Promise<ScriptedServer> {
    const { host = '127.0.0.1', tls, originHost = host.includes(':') ? `[${host}]` : host } = options;
    const sockets: Socket[] = [];
    const accept = (socket: Socket): void => {
      socket.on('error', () => undefined);
      sockets.push(socket);
      onSocket(socket, sockets.length - 1);
    };
    const server =
      tls === undefined
        ? createPlainServer({ noDelay: true }, accept)
        : createTlsServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, accept);
    server.on('tlsClientError', () => undefined);
    server.listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    const origin = `http${tls === undefined ? '' : 's'}://${originHost}:${address.port}`;
    return new ScriptedServer(server, origin, sockets);
  }

  /** Connections that have not ended. */
  get openConnections(): number {
    return this.sockets.filter(({ destroyed }) => !destroyed).length;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/**
 * Calls back with each request of a connection, when it has come whole.
 * @param isEarly whether a request, by its path, is told of before its body has come
 */
export function eachRequest(
  onRequest: (request: SeenRequest) => void,
  isEarly: (path: string) => boolean = () => false,
): (socket: Socket, connection: number) => void {
  return (socket, connection) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    let wanted = 0;
    let isTold = false;
    socket.on('data', (piece) => {
      pieces.push(piece);
      bytes += piece.length;
      while (bytes > 0 && bytes >= wanted) {
        const all = Buffer.concat(pieces);
        const headEnd = all.indexOf('\r\n\r\n') + 4;
        if (headEnd === 3) return;
        const head = all.toString('latin1', 0, headEnd);
        const [method = '', path = ''] = head.split(' ');
        wanted = headEnd + Number(/^content-length: (\d+)\r$/m.exec(head)?.[1] ?? 0);
        const isWhole = bytes >= wanted;
        if (!isTold && (isWhole || isEarly(path))) {
          isTold = true;
          onRequest({ head, method, path, body: all.subarray(headEnd, wanted), connection, socket });
        }
        if (!isWhole) return;
        const rest = all.subarray(wanted);
        pieces.splice(0, Infinity, rest);
        bytes = rest.length;
        wanted = 0;
        isTold = false;
      }
    });
  };
}

/** An answer with a length. */
export function answerOf(body: string, ...fields: readonly string[]): string {
  return `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
