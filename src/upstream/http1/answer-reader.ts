import { ChunkFraming } from '../../http1/chunk-framing.ts';
import { HeadBytes } from '../../http1/head-bytes.ts';
import { parseAnswerHead, type AnswerHead } from './answer-head.ts';

/** Who learns of an answer as it is read. */
export interface AnswerEvents {
  head(status: number, headers: readonly string[]): void;
  data(chunk: Buffer): void;
}

const HEAD_BYTES_MAX = 64 * 1024;

type Part = 'head' | 'counted' | 'untilClose' | 'chunk' | 'chunkFraming' | 'over';

/**
 * Reads one HTTP/1.1 answer after the other from the bytes of a connection, and passes pieces of bodies on as they
 * stand in them, without a copy. Strict, as two readings of one answer are how answers get swapped: lines end in CRLF,
 * and there is one length. Nothing but an unfinished head is held.
 */
export class AnswerReader {
  readonly #events: AnswerEvents;
  readonly #framing = new ChunkFraming();
  #part: Part = 'over';
  #method = '';
  readonly #head = new HeadBytes({ bytesMax: HEAD_BYTES_MAX, skipsEmptyLines: false });
  /** What has not come yet of a counted body, or of a chunk. */
  #bytesToCome = 0;
  #reusable = true;
  #idleHintMs: number | null = null;

  constructor(events: AnswerEvents) {
    this.#events = events;
  }

  /** From now on come the bytes of the answer to a request of this method. */
  expect(method: string): void {
    this.#method = method;
    this.#part = 'head';
  }

  /** Whether the answer is whole. */
  get over(): boolean {
    return this.#part === 'over';
  }

  /** Whether the connection can take another request after this answer. */
  get reusable(): boolean {
    return this.#reusable;
  }

  /** How long the other end says it will keep the connection when nothing happens on it. */
  get idleHintMs(): number | null {
    return this.#idleHintMs;
  }

  /** @throws HttpFault; what was read of the answer until then has been passed on */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#part) {
        case 'head':
          at = this.#readHead(bytes, at);
          break;
        case 'counted':
          at = this.#passOn(bytes, at, 'over');
          break;
        case 'chunk':
          at = this.#passOn(bytes, at, 'chunkFraming');
          break;
        case 'chunkFraming':
          this.#readFraming(bytes[at] ?? 0);
          at += 1;
          break;
        case 'untilClose':
          this.#events.data(bytes.subarray(at));
          return;
        case 'over':
          // Whoever says more than was asked is not believed in the next answer either.
          this.#reusable = false;
          return;
      }
    }
  }

  /** The other end will send no more. @returns whether the answer is whole */
  close(): boolean {
    if (this.#part === 'untilClose') this.#part = 'over';
    return this.over;
  }

  #readHead(bytes: Buffer, from: number): number {
    const lines = this.#head.take(from === 0 ? bytes : bytes.subarray(from));
    if (lines === null) return bytes.length;
    this.#begin(parseAnswerHead(lines.text, this.#method));
    return bytes.length - lines.rest.length;
  }

  #begin({ status, headers, body, reusable, idleHintMs }: AnswerHead): void {
    // 1xx are between Bedrock and us.
    if (status < 200) return;
    this.#reusable = reusable;
    this.#idleHintMs = idleHintMs;
    this.#part = this.#partOf(body);
    this.#events.head(status, headers);
  }

  #partOf(body: AnswerHead['body']): Part {
    if (body === 'untilClose') return 'untilClose';
    if (body === 'chunked') {
      this.#framing.begin();
      return 'chunkFraming';
    }
    this.#bytesToCome = body;
    return body === 0 ? 'over' : 'counted';
  }

  #passOn(bytes: Buffer, from: number, next: Part): number {
    const end = Math.min(bytes.length, from + this.#bytesToCome);
    this.#bytesToCome -= end - from;
    if (this.#bytesToCome === 0) this.#part = next;
    this.#events.data(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
    return end;
  }

  #readFraming(byte: number): void {
    const next = this.#framing.read(byte);
    if (next === null) return;
    this.#bytesToCome = next;
    this.#part = next === 0 ? 'over' : 'chunk';
  }
}
