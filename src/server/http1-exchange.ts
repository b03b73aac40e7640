import type { IncomingMessage, ServerResponse } from 'node:http';
import { HeaderList } from '../domain/headers.ts';
import type { BodySink, Exchange, RequestBody } from '../ports.ts';
import { discardRest } from './discard-rest.ts';

export interface Http1ExchangeOptions {
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean;
  /** Whether the connection should end with this answer. */
  readonly closing: () => boolean;
}

/** An HTTP/1 request on node:http. */
export class Http1Exchange implements Exchange {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly peerAddress: string | null;
  readonly framingFault: string | null;
  readonly contentLength: number | null;
  readonly body: RequestBody;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #closing: () => boolean;
  #headWaits = false;

  constructor(request: IncomingMessage, response: ServerResponse, { expectsContinue, closing }: Http1ExchangeOptions) {
    this.#request = request;
    this.#response = response;
    this.#closing = closing;
    this.protocol = request.httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1';
    this.method = request.method ?? '';
    this.target = request.url ?? '';
    this.headers = HeaderList.fromRaw(request.rawHeaders);
    this.peerAddress = request.socket.remoteAddress ?? null;
    this.framingFault = framingFaultOf(request.httpVersion, this.headers);
    this.contentLength = this.headers.get('transfer-encoding') === undefined ? declaredLength(this.headers) : null;
    this.body = new Http1Body(request, response, expectsContinue);
    // A listener must stand before any write: a socket that fails in between would end the process.
    response.on('error', ignore);
  }

  get answered(): boolean {
    return this.#response.headersSent;
  }

  get flushed(): boolean {
    return this.#response.writableLength === 0;
  }

  get gone(): boolean {
    return this.#response.destroyed;
  }

  startAnswer(status: number, headers: readonly string[]): void {
    this.#response.writeHead(status, this.#closing() ? [...headers, 'connection', 'close'] : [...headers]);
    // Head and first bytes leave in one write when they come in one tick, and the head alone does not wait longer.
    this.#response.cork();
    this.#headWaits = true;
    process.nextTick(() => {
      this.#headWaits = false;
      if (!this.#response.headersSent || this.#response.writableEnded) return;
      this.#response.uncork();
      this.#response.flushHeaders();
    });
  }

  write(chunk: Uint8Array, flushed?: () => void): boolean {
    return this.#response.write(chunk, flushed);
  }

  endAnswer(flushed: () => void, last?: Buffer): void {
    // node puts a head and a text together into one write, and a head and a buffer into two.
    if (last !== undefined && this.#headWaits) this.#response.end(last.toString('latin1'), 'latin1', flushed);
    else this.#response.end(last, flushed);
  }

  answerWhole(status: number, headers: readonly string[], body: Uint8Array, closeConnection: boolean): void {
    const response = this.#response;
    const unread = this.contentLength !== 0 && !this.#request.complete;
    const close = closeConnection || unread || this.#closing();
    response.writeHead(status, [
      ...headers,
      'content-length',
      String(body.byteLength),
      ...(close ? ['connection', 'close'] : []),
    ]);
    // An answer to HEAD only says how long its content would be: node throws when it is given some.
    const isHead = this.method === 'HEAD';
    if (!unread || this.#request.destroyed) {
      response.end(isHead ? undefined : body);
      return;
    }
    // Closing at once would reset the connection under a client that is still sending, and it would never read why.
    if (!isHead) response.write(body);
    discardRest(this.#request, () => response.end());
  }

  break(): void {
    // Without a head, clients take this for a connection that failed, and boto3 sends the request four more times.
    if (this.#headWaits) {
      setImmediate(() => this.break());
      return;
    }
    const { socket } = this.#response;
    // To an HTTP/1.0 client the end of the connection is the end of the answer: only a reset tells it otherwise.
    if (this.protocol === 'HTTP/1.0' && socket !== null && 'resetAndDestroy' in socket) socket.resetAndDestroy();
    this.#response.destroy();
    this.#request.destroy();
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', listener);
  }

  onGone(listener: () => void): void {
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) listener();
    });
  }
}

class Http1Body implements RequestBody {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #expectsContinue: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.#request = request;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
  }

  read(sink: BodySink): void {
    const request = this.#request;
    // Who left while the head was being judged says nothing more.
    if (request.destroyed && !request.complete) {
      sink.fault('gone');
      return;
    }
    request.on('data', sink.data);
    // Both events come once: a listener that takes itself off again costs more than all it does.
    request.on('end', () => (request.rawTrailers.length === 0 ? sink.end() : sink.fault('trailers')));
    request.on('close', () => {
      if (!request.complete) sink.fault('gone');
    });
    request.on('error', ignore);
    if (this.#expectsContinue) this.#response.writeContinue();
  }

  stop(): void {
    this.#request.removeAllListeners('data');
  }
}

/** What node's parser lets through and we do not: see section 3 of the threat list in docs/security notes. */
function framingFaultOf(httpVersion: string, headers: HeaderList): string | null {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return `HTTP/${httpVersion} is not spoken on an HTTP/1 connection.`;
  const hosts = headers.count('host');
  if (hosts !== 1) return hosts === 0 ? 'The Host header is missing.' : 'The Host header came more than once.';
  if (headers.get('trailer') !== undefined) return 'Trailers are not accepted.';
  const encoding = headers.get('transfer-encoding');
  if (encoding === undefined) return null;
  if (httpVersion === '1.0') return 'Transfer-Encoding does not exist in HTTP/1.0.';
  if (encoding.toLowerCase() !== 'chunked') return 'The only Transfer-Encoding accepted is chunked.';
  return null;
}

function declaredLength(headers: HeaderList): number {
  const value = headers.get('content-length');
  return value === undefined ? 0 : Number(value);
}

function ignore(): void {
  // The matching 'close' says all there is to know.
}
