import { ChunkFraming } from '../../http1/chunk-framing.ts';
import { readFields } from '../../http1/fields.ts';
import { HeadBytes } from '../../http1/head-bytes.ts';
import { HttpFault } from '../../http1/http-fault.ts';

/** The head of one request. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly isHttp10: boolean;
  /** Alternating names and values as they came, one character for each byte. */
  readonly headers: readonly string[];
  /** Bytes of the body; null where it is chunked. */
  readonly contentLength: number | null;
  readonly wantsClose: boolean;
}

const HEAD_BYTES_MAX = 16 * 1024;
const EMPTY = Buffer.alloc(0);

const REQUEST_LINE = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) ([\x21-\x7e]+) HTTP\/1\.([01])$/;

/** Reads one request after the other from the bytes of a connection. What it has not taken is for the caller to keep. */
export class RequestReader {
  readonly #framing = new ChunkFraming();
  readonly #head = new HeadBytes({ bytesMax: HEAD_BYTES_MAX, skipsEmptyLines: true });
  /** What has not come yet of a counted body, or of a chunk. */
  #bytesToCome = 0;
  #isChunked = false;
  #bodyOver = true;

  /** Whether a head has begun and not ended. */
  get inHead(): boolean {
    return this.#head.begun;
  }

  /** Whether all of the body has come. */
  get bodyOver(): boolean {
    return this.#bodyOver;
  }

  /** Whether fields have come after the body. */
  get hasTrailers(): boolean {
    return this.#isChunked && this.#framing.hasTrailers;
  }

  /**
   * Reads on in a head.
   * @returns the head and what follows it; null when all bytes were taken and more are to come
   * @throws HttpFault
   */
  readHead(bytes: Buffer): { readonly head: RequestHead; readonly rest: Buffer } | null {
    const lines = this.#head.take(bytes);
    if (lines === null) return null;
    const head = parseRequestHead(lines.text);
    this.#isChunked = head.contentLength === null;
    this.#bytesToCome = head.contentLength ?? 0;
    this.#bodyOver = head.contentLength === 0;
    if (this.#isChunked) this.#framing.begin();
    return { head, rest: lines.rest };
  }

  /**
   * Reads on in a body and passes its pieces on, without a copy.
   * @returns what follows the body, where it is over
   * @throws HttpFault
   */
  readBody(bytes: Buffer, data: (piece: Buffer) => void): Buffer {
    let at = 0;
    while (at < bytes.length && !this.#bodyOver) {
      if (this.#bytesToCome > 0) {
        const end = Math.min(bytes.length, at + this.#bytesToCome);
        this.#bytesToCome -= end - at;
        if (this.#bytesToCome === 0 && !this.#isChunked) this.#bodyOver = true;
        data(bytes.subarray(at, end));
        at = end;
        continue;
      }
      const next = this.#framing.read(bytes[at] ?? 0);
      at += 1;
      if (next === 0) this.#bodyOver = true;
      else if (next !== null) this.#bytesToCome = next;
    }
    return at === bytes.length ? EMPTY : bytes.subarray(at);
  }
}

function parseRequestHead(text: string): RequestHead {
  const lineEnd = text.indexOf('\r\n');
  const line = lineEnd === -1 ? text : text.slice(0, lineEnd);
  const [, method, target, minor] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined)
    throw new HttpFault('The request line is not a known method, a target and HTTP/1.1.');
  const isHttp10 = minor === '0';
  const { raw, contentLength, isChunked, wantsClose } = readFields(text, lineEnd === -1 ? text.length : lineEnd + 2);
  if (isChunked && isHttp10) throw new HttpFault('There are no chunks in HTTP/1.0.');
  return {
    method,
    target,
    isHttp10,
    headers: raw,
    contentLength: isChunked ? null : (contentLength ?? 0),
    wantsClose: wantsClose || isHttp10,
  };
}
