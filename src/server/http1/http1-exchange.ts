import type { Socket } from 'node:net';
import { HeaderList } from '../../domain/headers.ts';
import type { BodySink, Exchange, RequestBody } from '../../ports.ts';
import { encodeAnswerHead, type AnswerFraming } from './answer-head.ts';
import type { RequestHead } from './request-reader.ts';

/** What an exchange wants of the connection it came by. */
export interface ExchangeConnection {
  readonly socket: Socket;
  readonly peerAddress: string | null;
  /** Starts the flow of the body. */
  readBody(sink: BodySink): void;
  stopBody(): void;
  /** Nobody wants what is left of the body. @returns whether all of it has come */
  skipBody(): boolean;
  /** What an answer says of the connection: whole lines. @param close whether it ends with this answer */
  connectionLines(close: boolean): string;
  /** Whether the connection should end with the next answer. */
  closing(): boolean;
  date(): string;
  /** The answer has been written. @param close whether the connection ends with it */
  answered(close: boolean): void;
  /** All of an answer has been handed to the network. */
  flushed(): void;
}

/** Up to here a head and a body are put together into one text: two pieces in one write cost more. */
const JOINED_BYTES_MAX = 16 * 1024;
const LAST_CHUNK = '0\r\n\r\n';

/** One request of an HTTP/1 connection and its answer. */
export class Http1Exchange implements Exchange {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly framingFault: string | null;
  readonly contentLength: number | null;
  readonly body: RequestBody;
  readonly #connection: ExchangeConnection;
  readonly #isHttp10: boolean;
  readonly #wantsClose: boolean;
  #framing: AnswerFraming = 'none';
  /** A head that waits for the first bytes of its body until the end of the turn. */
  #waitingHead = '';
  #answered = false;
  #ended = false;
  #isFlushed = false;
  #close = false;
  #isGone = false;
  #onGone: (() => void) | null = null;
  #onDrain: (() => void) | null = null;

  constructor(head: RequestHead, connection: ExchangeConnection) {
    this.#connection = connection;
    this.#isHttp10 = head.isHttp10;
    this.#wantsClose = head.wantsClose;
    this.protocol = head.isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1';
    this.method = head.method;
    this.target = head.target;
    this.headers = HeaderList.fromRaw(head.headers);
    this.contentLength = head.contentLength;
    this.framingFault = framingFaultOf(this.headers);
    this.body = {
      read: (sink) => connection.readBody(sink),
      stop: () => {
        if (!this.#ended) connection.stopBody();
      },
    };
  }

  get peerAddress(): string | null {
    return this.#connection.peerAddress;
  }

  get answered(): boolean {
    return this.#answered;
  }

  get flushed(): boolean {
    return this.#connection.socket.writableLength === 0;
  }

  get gone(): boolean {
    return this.#isGone || this.#connection.socket.destroyed;
  }

  startAnswer(status: number, headers: readonly string[]): void {
    if (this.#answered) throw answeredBefore();
    this.#encodeHead(status, headers, this.#wantsClose || this.#connection.closing());
    // Head and first bytes leave in one write when they come in one turn, and the head alone does not wait longer.
    process.nextTick(() => this.#flushHead());
  }

  write(chunk: Uint8Array, flushed?: () => void): boolean {
    // It would be taken for the beginning of the next answer.
    if (this.#ended) return true;
    const { socket } = this.#connection;
    const done = flushed === undefined ? undefined : calledUnlessFailed(flushed);
    const head = this.#takeHead();
    if (this.#framing === 'none' || chunk.byteLength === 0) {
      // An empty piece would be the end of a chunked body.
      if (head === '' && done === undefined) return !socket.writableNeedDrain;
      return socket.write(head, 'latin1', done);
    }
    const isChunked = this.#framing === 'chunked';
    const before = isChunked ? `${head}${chunk.byteLength.toString(16)}\r\n` : head;
    const after = isChunked ? '\r\n' : '';
    return this.#writeAround(before, chunk, after, done);
  }

  endAnswer(flushed: () => void, last?: Buffer): void {
    if (this.#ended) return;
    const head = this.#takeHead();
    const done = calledUnlessFailed(() => {
      this.#isFlushed = true;
      flushed();
      this.#connection.flushed();
    });
    this.#ended = true;
    if (last !== undefined && last.byteLength > 0 && this.#framing !== 'none') {
      const isChunked = this.#framing === 'chunked';
      const before = isChunked ? `${head}${last.byteLength.toString(16)}\r\n` : head;
      this.#writeAround(before, last, isChunked ? `\r\n${LAST_CHUNK}` : '', done);
    } else {
      this.#connection.socket.write(this.#framing === 'chunked' ? head + LAST_CHUNK : head, 'latin1', done);
    }
    this.#connection.answered(this.#close);
  }

  answerWhole(status: number, headers: readonly string[], body: Uint8Array, closeConnection: boolean): void {
    if (this.#answered) throw answeredBefore();
    const connection = this.#connection;
    // Who asked for another protocol, or a proxy in between, may go on in it.
    const isUnclear = !connection.skipBody() || this.headers.get('upgrade') !== undefined;
    const close = closeConnection || isUnclear || this.#wantsClose || connection.closing();
    this.#encodeHead(status, [...headers, 'content-length', String(body.byteLength)], close);
    this.endAnswer(() => undefined, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  }

  break(): void {
    // The connection is another's by then.
    if (this.#isFlushed) return;
    // Without a head, clients take this for a connection that failed, and boto3 sends the request four more times.
    if (this.#waitingHead !== '') {
      setImmediate(() => this.break());
      return;
    }
    this.cutOff();
  }

  /** Ends the connection at once. */
  cutOff(): void {
    const { socket } = this.#connection;
    // To an HTTP/1.0 client the end of the connection is the end of the answer: only a reset, or TLS that is not closed,
    // tells it otherwise.
    if (this.#isHttp10 && !('encrypted' in socket)) socket.resetAndDestroy();
    else socket.destroy();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onGone(listener: () => void): void {
    this.#onGone = listener;
  }

  /** The connection takes more. */
  drained(): void {
    if (!this.#ended) this.#onDrain?.();
  }

  /** The connection has ended before all of the answer was handed to the network. */
  left(): void {
    this.#isGone = true;
    this.#onGone?.();
  }

  #encodeHead(status: number, headers: readonly string[], close: boolean): void {
    const connection = this.#connection;
    this.#close = close;
    const { method } = this;
    const lines = connection.connectionLines(close);
    const date = connection.date();
    const head = encodeAnswerHead({ status, headers, method, isHttp10: this.#isHttp10, connection: lines, date });
    this.#framing = head.framing;
    this.#waitingHead = head.text;
    this.#answered = true;
  }

  #takeHead(): string {
    const head = this.#waitingHead;
    this.#waitingHead = '';
    return head;
  }

  #flushHead(): void {
    const head = this.#takeHead();
    if (head !== '' && !this.gone) this.#connection.socket.write(head, 'latin1');
  }

  #writeAround(before: string, chunk: Uint8Array, after: string, done: WriteCallback | undefined): boolean {
    const { socket } = this.#connection;
    if (chunk.byteLength <= JOINED_BYTES_MAX) {
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      return socket.write(before + text + after, 'latin1', done);
    }
    socket.cork();
    if (before !== '') socket.write(before, 'latin1');
    const takesMore = socket.write(chunk, after === '' ? done : undefined);
    const all = after === '' ? takesMore : socket.write(after, 'latin1', done);
    socket.uncork();
    return all;
  }
}

/** A second answer would be taken for that to the next request. */
function answeredBefore(): Error {
  return new Error('A request is answered once.');
}

type WriteCallback = (error?: Error | null) => void;

/** What could not be written was not flushed; 'close' says all there is to know then. */
function calledUnlessFailed(flushed: () => void): WriteCallback {
  return (error) => {
    if (error === undefined || error === null) flushed();
  };
}

/** What is well-formed and still not taken: who reads two hosts takes either, and trailers come after every check. */
function framingFaultOf(headers: HeaderList): string | null {
  const hosts = headers.count('host');
  if (hosts !== 1) return hosts === 0 ? 'The Host header is missing.' : 'The Host header came more than once.';
  return headers.get('trailer') === undefined ? null : 'Trailers are not accepted.';
}
