/**
 * A strict reader of HTTP/1.1 responses, one at a time on a kept-alive connection. It is our own because the load must
 * cost less than what it loads, and must not be lenient about what a proxy sends.
 */

export interface ResponseHead {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly keepAlive: boolean;
}

export interface ResponseSink {
  head(head: ResponseHead): void;
  /** A piece of the body, framing taken off. It is only lent: the memory belongs to the socket. */
  data(piece: Buffer): void;
  end(): void;
}

type State = 'head' | 'sized' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'last-line';

const HEAD_BYTES_MAX = 64 * 1024;
const LINE_CHARACTERS_MAX = 16;
const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d) [\x20-\x7e]*$/;
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\t]*?)[ \t]*$/;
const CHUNK_SIZE = /^[0-9a-fA-F]{1,8}$/;

export class ResponseReader {
  readonly #sink: ResponseSink;
  #state: State = 'head';
  #early: Buffer | null = null;
  #line = '';
  #bytesLeft = 0;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether the connection is between two responses, the only place where it may close. */
  get idle(): boolean {
    return this.#state === 'head' && this.#early === null;
  }

  /** @throws Error on anything that is not the framing of RFC 9112, and on bytes after the end of a response. */
  push(piece: Buffer): void {
    let offset = 0;
    if (this.#state === 'head') {
      const whole = this.#early === null ? piece : Buffer.concat([this.#early, piece]);
      const headEnd = whole.indexOf(HEAD_END);
      if (headEnd === -1) {
        if (whole.length > HEAD_BYTES_MAX) throw new Error('A response head is too long.');
        this.#early = Buffer.from(whole);
        return;
      }
      this.#early = null;
      piece = whole;
      offset = headEnd + HEAD_END.length;
      if (this.#readHead(whole.toString('latin1', 0, headEnd)) === 'over') {
        refuseBeyondEnd(piece, offset);
        return;
      }
    }
    this.#readBody(piece, offset);
  }

  #readHead(text: string): 'body' | 'over' {
    const [statusLine = '', ...lines] = text.split('\r\n');
    const status = STATUS_LINE.exec(statusLine)?.[1];
    if (status === undefined) throw new Error(`Not a status line: ${statusLine.slice(0, 80)}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const [, name, value] = HEADER_LINE.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`Not a header line: ${line.slice(0, 80)}`);
      const key = name.toLowerCase();
      if (headers.has(key) && (key === 'content-length' || key === 'transfer-encoding')) {
        throw new Error(`${name} came twice.`);
      }
      headers.set(key, value);
    }
    this.#state = this.#framingOf(headers);
    this.#sink.head({ status: Number(status), headers, keepAlive: headers.get('connection') !== 'close' });
    if (this.#state === 'sized' && this.#bytesLeft === 0) {
      this.#finish();
      return 'over';
    }
    return 'body';
  }

  #framingOf(headers: ReadonlyMap<string, string>): State {
    const length = headers.get('content-length');
    const encoding = headers.get('transfer-encoding');
    if (encoding === 'chunked' && length === undefined) return 'chunk-size';
    if (encoding !== undefined || length === undefined || !/^\d{1,15}$/.test(length)) {
      throw new Error('A response has neither a length nor chunks, or both.');
    }
    this.#bytesLeft = Number(length);
    return 'sized';
  }

  #readBody(piece: Buffer, start: number): void {
    let offset = start;
    while (offset < piece.length) {
      if (this.#state === 'head') {
        refuseBeyondEnd(piece, offset);
      } else if (this.#state === 'sized' || this.#state === 'chunk-data') {
        offset = this.#takeData(piece, offset);
      } else {
        offset = this.#takeLine(piece, offset);
      }
    }
  }

  #takeData(piece: Buffer, offset: number): number {
    const end = Math.min(piece.length, offset + this.#bytesLeft);
    this.#sink.data(piece.subarray(offset, end));
    this.#bytesLeft -= end - offset;
    if (this.#bytesLeft > 0) return end;
    if (this.#state === 'sized') this.#finish();
    else this.#state = 'chunk-end';
    return end;
  }

  #takeLine(piece: Buffer, offset: number): number {
    const lineFeed = piece.indexOf(0x0a, offset);
    const end = lineFeed === -1 ? piece.length : lineFeed + 1;
    this.#line += piece.toString('latin1', offset, end);
    if (this.#line.length > LINE_CHARACTERS_MAX) throw new Error('A line of the chunked framing is too long.');
    if (lineFeed === -1) return end;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) throw new Error('A line of the chunked framing ends without CR.');
    this.#nextState(line.slice(0, -2));
    return end;
  }

  #nextState(line: string): void {
    if (this.#state === 'chunk-size') {
      if (!CHUNK_SIZE.test(line)) throw new Error(`Not a chunk size: ${line}`);
      this.#bytesLeft = Number.parseInt(line, 16);
      this.#state = this.#bytesLeft === 0 ? 'last-line' : 'chunk-data';
      return;
    }
    if (line !== '') throw new Error(`Unexpected text after a chunk: ${line}`);
    if (this.#state === 'last-line') this.#finish();
    else this.#state = 'chunk-size';
  }

  #finish(): void {
    this.#state = 'head';
    this.#sink.end();
  }
}

function refuseBeyondEnd(piece: Buffer, offset: number): void {
  if (offset < piece.length) throw new Error(`${piece.length - offset} bytes came after the end of a response.`);
}
