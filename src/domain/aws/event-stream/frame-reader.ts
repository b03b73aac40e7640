import { crc32 } from 'node:zlib';
import { CRC_BYTES, FRAME_BYTES_MAX, HEADERS_BYTES_MAX, OVERHEAD_BYTES, PRELUDE_BYTES } from './frame-format.ts';
import { type FrameHeaders, parseFrameHeaders } from './frame-headers.ts';

/** A frame that went by, its checksums verified. */
export interface Frame {
  /** `event`, `exception` or `error`. */
  readonly messageType: string | undefined;
  readonly eventType: string | undefined;
  readonly exceptionType: string | undefined;
  /** Empty for a frame whose headers alone are over the reader's bound. */
  readonly headers: FrameHeaders;
  /** A view, valid while `onFrame` runs; null for a frame over the reader's bound. */
  readonly payload: Buffer | null;
  /** Length of the whole frame. */
  readonly bytes: number;
}

export interface FrameReaderOptions {
  /** Must not throw. Without it the reader keeps nothing and looks into no header. */
  readonly onFrame?: (frame: Frame) => void;
  /** The longest frame kept whole, in bytes. Of a longer one only the headers are kept, if they fit. */
  readonly heldBytesMax?: number;
}

/** What the headers of a frame say. */
interface Described {
  readonly headers: FrameHeaders;
  readonly messageType: string | undefined;
  readonly eventType: string | undefined;
  readonly exceptionType: string | undefined;
}

const HELD_BYTES_MAX_DEFAULT = 64 * 1024;
/** Longer headers are read anew each time instead of being remembered. AWS's take some 90 bytes. */
const REMEMBERED_BYTES_MAX = 1024;
const NOTHING: Buffer = Buffer.alloc(0);
const NO_HEADERS: Described = describe(new Map());

/**
 * Watches an event stream from the side, chunk by chunk as it passes.
 *
 * It never throws, never holds more than its bound and believes no length before the prelude's checksum and bounds
 * hold. At the first violation it becomes corrupt and stays so: after it nothing says where the next frame begins.
 */
export class FrameReader {
  readonly #onFrame: ((frame: Frame) => void) | undefined;
  readonly #heldBytesMax: number;
  readonly #prelude = Buffer.alloc(PRELUDE_BYTES);

  #corrupt = false;
  #framesSeen = 0;

  // The frame that is under way; the rest holds once its prelude has been read.
  #bytesSeen = 0;
  #frameBytes = 0;
  #headersBytes = 0;
  /** What is kept of it, without the prelude. */
  #held = NOTHING;
  #crc = 0;
  #crcClaimed = 0;

  /** The headers of the frame before: in a stream of one kind of event every frame has the same, and reading them is what costs. */
  #rememberedBytes = NOTHING;
  #remembered: Described | null = null;

  constructor({ onFrame, heldBytesMax = HELD_BYTES_MAX_DEFAULT }: FrameReaderOptions = {}) {
    this.#onFrame = onFrame;
    this.#heldBytesMax = heldBytesMax;
  }

  /** Whether the bytes so far end with a whole frame, so that another frame may follow. False once corrupt. */
  get atFrameBoundary(): boolean {
    return this.#bytesSeen === 0 && !this.#corrupt;
  }

  /** Whole frames with correct checksums. */
  get framesSeen(): number {
    return this.#framesSeen;
  }

  get corrupt(): boolean {
    return this.#corrupt;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#corrupt) {
      at = this.#takeWholeFrame(chunk, at) ?? this.#takePiece(chunk, at);
    }
  }

  /** The usual case: the next frame lies whole in the chunk and needs no copy. */
  #takeWholeFrame(chunk: Buffer, at: number): number | null {
    if (this.#bytesSeen !== 0 || chunk.length - at < PRELUDE_BYTES) return null;
    if (!this.#readPrelude(chunk, at)) return chunk.length;
    const end = at + this.#frameBytes;
    if (end > chunk.length) return null;
    const crcAt = end - CRC_BYTES;
    this.#crc = crc32(chunk.subarray(at, crcAt));
    this.#crcClaimed = chunk.readUInt32BE(crcAt);
    this.#held = chunk.subarray(at + PRELUDE_BYTES, at + PRELUDE_BYTES + this.#heldBytes());
    this.#finish();
    return end;
  }

  #takePiece(chunk: Buffer, at: number): number {
    const inPrelude = this.#bytesSeen < PRELUDE_BYTES;
    const wanted = (inPrelude ? PRELUDE_BYTES : this.#frameBytes) - this.#bytesSeen;
    const end = Math.min(at + wanted, chunk.length);
    const piece = chunk.subarray(at, end);
    if (inPrelude) this.#takePreludePiece(piece);
    else this.#takeBodyPiece(piece);
    return end;
  }

  #takePreludePiece(piece: Buffer): void {
    this.#prelude.set(piece, this.#bytesSeen);
    this.#bytesSeen += piece.length;
    if (this.#bytesSeen < PRELUDE_BYTES || !this.#readPrelude(this.#prelude, 0)) return;
    this.#crc = crc32(this.#prelude);
    this.#held = Buffer.allocUnsafe(this.#heldBytes());
  }

  #takeBodyPiece(piece: Buffer): void {
    const checkedBytes = Math.max(0, Math.min(this.#frameBytes - CRC_BYTES - this.#bytesSeen, piece.length));
    this.#crc = crc32(piece.subarray(0, checkedBytes), this.#crc);
    for (const byte of piece.subarray(checkedBytes)) this.#crcClaimed = ((this.#crcClaimed << 8) | byte) >>> 0;
    const heldAt = this.#bytesSeen - PRELUDE_BYTES;
    if (heldAt < this.#held.length) piece.copy(this.#held, heldAt);
    this.#bytesSeen += piece.length;
    if (this.#bytesSeen === this.#frameBytes) this.#finish();
  }

  /** Learns the lengths of the frame that begins at `at`; false if they can't be believed. */
  #readPrelude(bytes: Buffer, at: number): boolean {
    this.#frameBytes = bytes.readUInt32BE(at);
    this.#headersBytes = bytes.readUInt32BE(at + 4);
    const believable =
      crc32(bytes.subarray(at, at + 8)) === bytes.readUInt32BE(at + 8) &&
      this.#frameBytes <= FRAME_BYTES_MAX &&
      this.#headersBytes <= HEADERS_BYTES_MAX &&
      this.#frameBytes >= OVERHEAD_BYTES + this.#headersBytes;
    if (!believable) this.#fail();
    return believable;
  }

  /** How much of what follows the prelude is kept: all of it, the headers, or nothing. */
  #heldBytes(): number {
    if (this.#onFrame === undefined) return 0;
    if (this.#frameBytes <= this.#heldBytesMax) return this.#frameBytes - PRELUDE_BYTES;
    return this.#headersBytes <= this.#heldBytesMax ? this.#headersBytes : 0;
  }

  #finish(): void {
    const held = this.#held;
    this.#held = NOTHING;
    this.#bytesSeen = 0;
    if (this.#crc !== this.#crcClaimed) return this.#fail();
    if (this.#onFrame === undefined) {
      this.#framesSeen++;
      return;
    }
    const described = held.length < this.#headersBytes ? NO_HEADERS : this.#describe(held);
    if (described === null) return this.#fail();
    const isWhole = held.length === this.#frameBytes - PRELUDE_BYTES;
    this.#framesSeen++;
    this.#onFrame({
      messageType: described.messageType,
      eventType: described.eventType,
      exceptionType: described.exceptionType,
      headers: described.headers,
      payload: isWhole ? held.subarray(this.#headersBytes, held.length - CRC_BYTES) : null,
      bytes: this.#frameBytes,
    });
  }

  /** Reads the headers at the beginning of `held`; null if they are malformed. */
  #describe(held: Buffer): Described | null {
    const length = this.#headersBytes;
    const isSame =
      length === this.#rememberedBytes.length && held.compare(this.#rememberedBytes, 0, length, 0, length) === 0;
    if (isSame && this.#remembered !== null) return this.#remembered;
    const mayRemember = length <= REMEMBERED_BYTES_MAX;
    // Values may be views into these bytes, so what is remembered must not be a view into a chunk.
    const bytes = mayRemember ? Buffer.from(held.subarray(0, length)) : held.subarray(0, length);
    const headers = parseFrameHeaders(bytes);
    if (headers === null) return null;
    const described = describe(headers);
    if (mayRemember) {
      this.#rememberedBytes = bytes;
      this.#remembered = described;
    }
    return described;
  }

  #fail(): void {
    this.#corrupt = true;
    this.#held = NOTHING;
  }
}

function describe(headers: FrameHeaders): Described {
  return {
    headers,
    messageType: stringHeader(headers, ':message-type'),
    eventType: stringHeader(headers, ':event-type'),
    exceptionType: stringHeader(headers, ':exception-type'),
  };
}

function stringHeader(headers: FrameHeaders, name: string): string | undefined {
  const header = headers.get(name);
  return header?.type === 'string' ? header.value : undefined;
}
