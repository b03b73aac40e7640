import { crc32 } from 'node:zlib';

/**
 * A line of text as it stands in a segment: one mark, three bytes of length, four of CRC-32 (seeded with the length),
 * then the line in UTF-8. The mark is a byte that UTF-8 never has, so no text of a client can look like a frame.
 */
const MARK = 0xff;
const HEADER_BYTES = 8;

/** No record comes near it: see `bounded-record.ts`. */
export const LINE_BYTES_MAX = 256 * 1024;

const BUFFER_BYTES = 4096;
const UTF8_BYTES_MAX_PER_UNIT = 3;

/** Where frames are made ready to be written together. */
export class FrameWriter {
  /** Frames stand in the first `length` of them. */
  bytes: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  length = 0;

  /** Makes the frame of a line behind the others. @throws RangeError for a line that is too long */
  add(line: string): void {
    const at = this.length;
    const start = at + HEADER_BYTES;
    this.#makeRoom(start + line.length * UTF8_BYTES_MAX_PER_UNIT);
    const { bytes } = this;
    const length = bytes.write(line, start);
    if (length > LINE_BYTES_MAX) throw new RangeError(`A record of ${length} bytes is too long for the spool.`);
    bytes.writeUInt32LE(((length << 8) | MARK) >>> 0, at);
    bytes.writeUInt32LE(crc32(bytes.subarray(start, start + length), length), at + 4);
    this.length = start + length;
  }

  clear(): void {
    this.length = 0;
  }

  #makeRoom(length: number): void {
    if (length <= this.bytes.length) return;
    const bytes = Buffer.allocUnsafe(Math.max(length, 2 * this.bytes.length));
    this.bytes.copy(bytes, 0, 0, this.length);
    this.bytes = bytes;
  }
}

/** Finds whole frames in what is read piece by piece. What is damaged is skipped, up to the next frame that is whole. */
export class FrameReader {
  /** Bytes before the last whole frame that belong to none. */
  damagedBytes = 0;
  /** Bytes after it: a frame that was being written when everything stopped. Certain after `end`. */
  tornBytes = 0;
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the lines that have become whole. */
  push(piece: Buffer): readonly string[] {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    return this.#scan(false);
  }

  /** Nothing more comes. @returns lines behind what looked like the beginning of a longer frame. */
  end(): readonly string[] {
    return this.#scan(true);
  }

  #scan(isEnd: boolean): readonly string[] {
    const lines: string[] = [];
    const bytes = this.#rest;
    let at = 0;
    while (at < bytes.length) {
      const mark = bytes.indexOf(MARK, at);
      const next = mark === -1 ? bytes.length : mark;
      this.tornBytes += next - at;
      at = next;
      const frameBytes = frameBytesAt(bytes, at);
      if (frameBytes === 'unfinished' && !isEnd) break;
      if (typeof frameBytes === 'number') {
        lines.push(bytes.toString('utf8', at + HEADER_BYTES, at + frameBytes));
        at += frameBytes;
        this.damagedBytes += this.tornBytes;
        this.tornBytes = 0;
      } else if (at < bytes.length) {
        at += 1;
        this.tornBytes += 1;
      }
    }
    this.#rest = bytes.subarray(at);
    return lines;
  }
}

/** The length of the frame that begins at a mark, `unfinished` when it may go on behind the end, null when it is none. */
function frameBytesAt(bytes: Buffer, at: number): number | 'unfinished' | null {
  if (at + HEADER_BYTES > bytes.length) return 'unfinished';
  const length = bytes.readUInt32LE(at) >>> 8;
  if (length === 0 || length > LINE_BYTES_MAX) return null;
  const end = at + HEADER_BYTES + length;
  if (end > bytes.length) return 'unfinished';
  const isWhole = crc32(bytes.subarray(at + HEADER_BYTES, end), length) === bytes.readUInt32LE(at + 4);
  return isWhole ? HEADER_BYTES + length : null;
}
