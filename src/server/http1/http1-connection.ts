import type { Socket } from 'node:net';
import { Deadline } from '../../http1/deadline.ts';
import { HeadTooLarge } from '../../http1/head-bytes.ts';
import { HttpFault } from '../../http1/http-fault.ts';
import type { BodySink, Clock, Exchange } from '../../ports.ts';
import { Http1Exchange, type ExchangeConnection } from './http1-exchange.ts';
import { type PlainRefusal, plainRefusal } from './plain-refusal.ts';
import { RequestReader, type RequestHead } from './request-reader.ts';

export interface Http1Options {
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly keepAliveMs: number;
  /** How long a client may take with the last of an answer, after which the connection ends. */
  readonly writeStallMs: number;
  readonly requestsPerConnectionMax: number;
  /** Whether clients should be told to close their connections. */
  readonly draining: () => boolean;
  readonly clock: Clock;
}

/** A late body is cut without a word, so that comes after the reader of the body, which says why. */
const BODY_TIMEOUT_LAG_MS = 5000;
/** How much of an unwanted body is still taken in, and how long, so that a client busy sending sees the refusal. */
const LINGER_BYTES_MAX = 4 * 1024 * 1024;
const LINGER_MS_MAX = 2000;

const EMPTY = Buffer.alloc(0);

/**
 * One HTTP/1 connection of a client: reads a request, has it answered, and reads the next one then. What comes before its
 * turn waits in the socket, but for the little that came along.
 */
export class Http1Connection implements ExchangeConnection {
  readonly socket: Socket;
  readonly peerAddress: string | null;
  readonly #options: Http1Options;
  readonly #handle: (exchange: Exchange) => void;
  readonly #reader = new RequestReader();
  readonly #deadline: Deadline;
  readonly #keepAliveLines: string;
  /** What is being answered. */
  #exchange: Http1Exchange | null = null;
  /** The same, until all of its answer has been handed to the network. */
  #unflushed: Http1Exchange | null = null;
  #sink: BodySink | null = null;
  #expectsContinue = false;
  /** What has come and was not its turn yet. */
  #rest: Buffer = EMPTY;
  #advancing = false;
  /** Whether bytes that came before those in `#rest` are being read. */
  #inBody = false;
  /** Bytes of an unwanted body that may still come; null while everything that comes is wanted. */
  #lingerBytes: number | null = null;
  /** Whether it ends as soon as all that was written has left: nothing that comes is heard any more. */
  #ending = false;
  #requests = 0;

  constructor(socket: Socket, options: Http1Options, handle: (exchange: Exchange) => void) {
    this.socket = socket;
    this.peerAddress = socket.remoteAddress ?? null;
    this.#options = options;
    this.#handle = handle;
    // A second less than it is kept, so that nobody sends into a connection that is just ending.
    const keptSeconds = Math.floor(options.keepAliveMs / 1000) - 1;
    this.#keepAliveLines = `connection: keep-alive\r\n${keptSeconds > 0 ? `keep-alive: timeout=${keptSeconds}\r\n` : ''}`;
    this.#deadline = new Deadline(options.clock, () => this.#late());
    this.#deadline.setIn(options.headersTimeoutMs);
    socket
      .on('data', (bytes: Buffer) => this.#received(bytes))
      .on('drain', () => this.#exchange?.drained())
      .on('end', () => this.#ended())
      // 'close' says all there is to know.
      .on('error', () => undefined)
      .on('close', () => this.#closed());
  }

  /** Ends the connection unless a request is being read or answered. */
  closeIfIdle(): void {
    if (this.#exchange === null && !this.#reader.inHead) this.#endSoon();
  }

  readBody(sink: BodySink): void {
    // Who left while the head was being judged says nothing more.
    if (this.socket.destroyed && !this.#reader.bodyOver) {
      sink.fault('gone');
      return;
    }
    // In the middle of an answer it would be a part of that.
    if (this.#expectsContinue && this.#exchange?.answered === false)
      this.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    if (this.#reader.bodyOver) {
      sink.end();
      return;
    }
    this.#sink = sink;
    this.#advance();
  }

  stopBody(): void {
    this.#sink = null;
  }

  skipBody(): boolean {
    this.#sink = null;
    if (!this.#reader.bodyOver && !this.#inBody) {
      const bytes = this.#rest;
      this.#rest = EMPTY;
      try {
        this.#rest = this.#reader.readBody(bytes, () => undefined);
      } catch (error) {
        if (!(error instanceof HttpFault)) throw error;
      }
    }
    return this.#reader.bodyOver;
  }

  connectionLines(close: boolean): string {
    return close ? 'connection: close\r\n' : this.#keepAliveLines;
  }

  closing(): boolean {
    return this.#requests >= this.#options.requestsPerConnectionMax || this.#options.draining();
  }

  date(): string {
    return dateAt(this.#options.clock.nowMs());
  }

  answered(close: boolean): void {
    this.#exchange = null;
    this.#sink = null;
    if (this.socket.destroyed) return;
    // Closing at once would reset the connection under a client that is still sending, and it would never read why.
    if (!this.#reader.bodyOver) this.#linger();
    else if (close) this.#endSoon();
    else {
      this.#deadline.setIn(this.#options.keepAliveMs);
      this.#advance();
    }
  }

  flushed(): void {
    this.#unflushed = null;
    this.#advance();
  }

  #received(bytes: Buffer): void {
    if (this.#ending) return;
    if (this.#lingerBytes !== null) {
      this.#discard(bytes, this.#lingerBytes);
      return;
    }
    if (this.#rest.length === 0) this.#rest = bytes;
    else {
      // It waits for its turn, and what comes after it waits in the socket.
      this.#rest = Buffer.concat([this.#rest, bytes]);
      this.socket.pause();
    }
    this.#advance();
  }

  /** Goes as far as what has come allows. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      while (this.#step());
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      this.#refuseFault(error);
    } finally {
      this.#advancing = false;
    }
  }

  /** @returns whether there may be more to do at once */
  #step(): boolean {
    if (this.#ending || this.#lingerBytes !== null || this.socket.destroyed) return false;
    if (this.#rest.length === 0) {
      this.#flow();
      return false;
    }
    if (this.#exchange === null) {
      // Who sends requests and takes no answers would have us keep them all, and a break would take them along.
      if (this.#unflushed !== null) return false;
      this.#readHead();
      return true;
    }
    if (this.#reader.bodyOver || this.#sink === null) return false;
    this.#readBody(this.#sink);
    return true;
  }

  #flow(): void {
    if (this.socket.isPaused()) this.socket.resume();
  }

  #readHead(): void {
    const wasInHead = this.#reader.inHead;
    const read = this.#reader.readHead(this.#rest);
    if (read === null) {
      this.#rest = EMPTY;
      if (!wasInHead && this.#reader.inHead) this.#deadline.setIn(this.#options.headersTimeoutMs);
    } else {
      this.#rest = read.rest;
      this.#begin(read.head);
    }
  }

  #begin(head: RequestHead): void {
    this.#requests += 1;
    if (this.#reader.bodyOver) this.#deadline.clear();
    else this.#deadline.setIn(this.#options.bodyTimeoutMs + BODY_TIMEOUT_LAG_MS);
    const exchange = new Http1Exchange(head, this);
    const expectation = exchange.headers.get('expect')?.toLowerCase();
    if (expectation !== undefined && expectation !== '100-continue') {
      this.#refuse({ status: '417 Expectation Failed', message: 'The only expectation that is met is 100-continue.' });
      return;
    }
    this.#expectsContinue = expectation !== undefined && !head.isHttp10;
    this.#exchange = exchange;
    this.#unflushed = exchange;
    this.#handle(exchange);
  }

  readonly #passOn = (piece: Buffer): void => this.#sink?.data(piece);

  #readBody(sink: BodySink): void {
    const bytes = this.#rest;
    this.#rest = EMPTY;
    this.#inBody = true;
    let left: Buffer;
    try {
      left = this.#reader.readBody(bytes, this.#passOn);
    } finally {
      this.#inBody = false;
    }
    // Over TLS a write may bring more bytes before it returns, and the sink may have written.
    if (left.length > 0) this.#rest = this.#rest.length === 0 ? left : Buffer.concat([left, this.#rest]);
    const { bodyOver, hasTrailers } = this.#reader;
    if (bodyOver && this.#exchange !== null) this.#deadline.clear();
    if (this.#lingerBytes !== null) {
      // It was answered in the middle of these bytes.
      this.#rest = EMPTY;
      if (bodyOver) this.#endSoon();
    } else if (bodyOver && this.#sink === sink) {
      this.#sink = null;
      if (hasTrailers) sink.fault('trailers');
      else sink.end();
    }
  }

  /** Takes in what is left of an unwanted body, within bounds, and ends then. */
  #linger(): void {
    const bytes = this.#rest;
    this.#rest = EMPTY;
    this.#deadline.setIn(LINGER_MS_MAX);
    this.#flow();
    this.#discard(bytes, LINGER_BYTES_MAX);
  }

  #discard(bytes: Buffer, bytesMax: number): void {
    this.#lingerBytes = bytesMax - bytes.length;
    if (this.#lingerBytes < 0 || this.#isBodyOverWith(bytes)) this.#endSoon();
  }

  /** Of what was no request nobody knows where it is over. */
  #isBodyOverWith(bytes: Buffer): boolean {
    if (this.#reader.bodyOver) return false;
    try {
      this.#reader.readBody(bytes, () => undefined);
      return this.#reader.bodyOver;
    } catch {
      return true;
    }
  }

  /** Ends the connection when all that was written has left, or when the client has not taken it in time. */
  #endSoon(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#rest = EMPTY;
    this.#deadline.setIn(this.#options.writeStallMs);
    this.#flow();
    this.socket.destroySoon();
  }

  #refuseFault(fault: HttpFault): void {
    // It was answered in the middle of these bytes.
    if (this.#lingerBytes !== null) {
      this.#endSoon();
      return;
    }
    // A refusal now would be taken for the answer that is still owed.
    if (this.#exchange !== null) {
      this.#exchange.cutOff();
      return;
    }
    const status = fault instanceof HeadTooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
    this.#refuse({ status, message: `The request is not well-formed HTTP: ${fault.message}` });
  }

  /** Where the next request would begin nobody knows: the connection ends, and what still comes is read to nowhere. */
  #refuse(refusal: PlainRefusal): void {
    this.socket.end(plainRefusal(refusal), 'latin1');
    this.#rest = EMPTY;
    this.#lingerBytes = LINGER_BYTES_MAX;
    this.#deadline.setIn(LINGER_MS_MAX);
    this.#flow();
  }

  #late(): void {
    if (this.#ending) this.socket.destroy();
    else if (this.#exchange !== null) this.#exchange.cutOff();
    else if (this.#lingerBytes === null && this.#reader.inHead) {
      this.#refuse({ status: '408 Request Timeout', message: 'The head of the request took too long.' });
    } else this.#endSoon();
  }

  /** The client sends no more: it has left, unless all of its answer is on its way. */
  #ended(): void {
    if (this.#exchange === null) this.#endSoon();
    else this.#exchange.cutOff();
  }

  #closed(): void {
    this.#deadline.end();
    const sink = this.#sink;
    this.#sink = null;
    sink?.fault('gone');
    this.#unflushed?.left();
    this.#unflushed = null;
  }
}

let dateSecond = 0;
let dateText = '';

/** RFC 9110, section 5.6.7. Made once a second. */
function dateAt(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(nowMs).toUTCString();
  }
  return dateText;
}
