import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { HeaderList } from '../domain/headers.ts';
import type { BodySink, Exchange, RequestBody } from '../ports.ts';
import { discardRest } from './discard-rest.ts';

/** Headers an HTTP/2 message must not carry. RFC 9113 section 8.2.2. */
const CONNECTION_SPECIFIC = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

/** An HTTP/2 stream on node:http2. */
export class Http2Exchange implements Exchange {
  readonly protocol = 'HTTP/2';
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly peerAddress: string | null;
  readonly framingFault: string | null;
  readonly contentLength: number | null;
  readonly body: RequestBody;
  readonly #stream: ServerHttp2Stream;

  /** @param raw all header fields, pseudo-headers included, as alternating names and values. */
  constructor(stream: ServerHttp2Stream, pseudo: IncomingHttpHeaders, raw: readonly string[], endsWithHead: boolean) {
    this.#stream = stream;
    this.method = pseudo[':method'] ?? '';
    this.target = pseudo[':path'] ?? '';
    const fields = HeaderList.fromRaw(raw);
    this.peerAddress = stream.session?.socket.remoteAddress ?? null;
    const authority = pseudo[':authority'];
    this.framingFault = framingFaultOf(pseudo, authority, fields);
    this.headers =
      authority !== undefined && fields.get('host') === undefined
        ? HeaderList.fromRaw([...raw, 'host', authority])
        : fields;
    const length = fields.get('content-length');
    this.contentLength = length === undefined ? (endsWithHead ? 0 : null) : Number(length);
    this.body = new Http2Body(stream, endsWithHead, fields.get('expect') !== undefined);
    // A listener must stand before any write: a stream that fails in between would end the process.
    stream.on('error', ignore);
  }

  get answered(): boolean {
    return this.#stream.headersSent;
  }

  get flushed(): boolean {
    return this.#stream.writableLength === 0;
  }

  get gone(): boolean {
    // A stream that its client has reset is closed a while before it is destroyed, and takes no answer any more.
    return this.#stream.destroyed || this.#stream.closed;
  }

  startAnswer(status: number, headers: readonly string[]): void {
    if (this.gone) return;
    this.#stream.respond({ ...groupedByName(headers), ':status': status });
  }

  write(chunk: Uint8Array, flushed?: () => void): boolean {
    if (this.gone) return true;
    return this.#stream.write(chunk, flushed);
  }

  endAnswer(flushed: () => void, last?: Buffer): void {
    this.#stream.end(last, flushed);
  }

  answerWhole(status: number, headers: readonly string[], body: Uint8Array): void {
    const stream = this.#stream;
    if (this.gone) return;
    stream.respond({ ...groupedByName(headers), ':status': status, 'content-length': body.byteLength });
    stream.end(body);
    if (stream.readableEnded) return;
    // NO_ERROR after a complete answer says that the rest is not wanted (RFC 9113 section 8.1), but curl loses the answer
    // when that comes while it is sending.
    discardRest(stream, () => {
      if (!stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  break(): void {
    // Closing with a code would end the writable side first, and the client would see END_STREAM: a complete answer.
    this.#stream.destroy(new Error('The answer was broken off.'));
  }

  onDrain(listener: () => void): void {
    this.#stream.on('drain', listener);
  }

  onGone(listener: () => void): void {
    this.#stream.once('close', () => {
      if (!this.#stream.writableFinished || this.#stream.aborted) listener();
    });
  }
}

class Http2Body implements RequestBody {
  readonly #stream: ServerHttp2Stream;
  readonly #empty: boolean;
  readonly #expectsContinue: boolean;
  #trailers = false;

  constructor(stream: ServerHttp2Stream, empty: boolean, expectsContinue: boolean) {
    this.#stream = stream;
    this.#empty = empty;
    this.#expectsContinue = expectsContinue;
    // They may come in the same packet as the head, long before anyone reads.
    stream.once('trailers', () => (this.#trailers = true));
  }

  read(sink: BodySink): void {
    if (this.#empty) {
      sink.end();
      return;
    }
    const stream = this.#stream;
    if (stream.destroyed) {
      sink.fault('gone');
      return;
    }
    // An empty body has come to its end while the caller was being looked up.
    if (stream.readableEnded) {
      if (this.#trailers) sink.fault('trailers');
      else sink.end();
      return;
    }
    let ended = false;
    stream.on('data', sink.data);
    stream.once('end', () => {
      ended = true;
      if (stream.aborted) sink.fault('gone');
      else if (this.#trailers) sink.fault('trailers');
      else sink.end();
    });
    stream.once('close', () => {
      if (!ended) sink.fault('gone');
    });
    if (this.#expectsContinue) stream.additionalHeaders({ ':status': 100 });
  }

  stop(): void {
    this.#stream.removeAllListeners('data');
  }
}

function framingFaultOf(pseudo: IncomingHttpHeaders, authority: string | undefined, fields: HeaderList): string | null {
  if (fields.count('host') > 1) return 'The Host header came more than once.';
  const host = fields.get('host');
  if (host === undefined && authority === undefined) return 'Both :authority and host are missing.';
  if (host !== undefined && authority !== undefined && host !== authority) return ':authority and host differ.';
  if (pseudo[':protocol'] !== undefined) return 'Extended CONNECT is not accepted.';
  const forbidden = CONNECTION_SPECIFIC.find((name) => fields.get(name) !== undefined);
  if (forbidden !== undefined) return `The header ${forbidden} does not exist in HTTP/2.`;
  return null;
}

/** Several fields of one name become one list, as node:http2 wants them. */
function groupedByName(flat: readonly string[]): Record<string, string | string[]> {
  const grouped: Record<string, string | string[]> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index]?.toLowerCase() ?? '';
    const value = flat[index + 1] ?? '';
    const before = grouped[name];
    if (before === undefined) grouped[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else grouped[name] = [before, value];
  }
  return grouped;
}

function ignore(): void {
  // The matching 'close' says all there is to know.
}
