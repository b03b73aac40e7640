import { crc32 } from 'node:zlib';

/**
 * A line as it stands in a segment: one mark, three bytes of length, four of CRC-32 (seeded with the length), then the
 * line in UTF-8: the form the spool of the ledger has too. The mark is a byte that UTF-8 never has.
 */
const MARK = 0xff;
const HEADER_BYTES = 8;

/** What three bytes of length can say: nearly 16 MiB. */
export const LINE_BYTES_MAX = 0xff_ff_ff;

/** @returns the line as a frame; null for one that is empty or too long */
export function frameOf(line: string): Buffer | null {
  const length = Buffer.byteLength(line);
  if (length === 0 || length > LINE_BYTES_MAX) return null;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.write(line, HEADER_BYTES);
  frame.writeUInt32LE(((length << 8) | MARK) >>> 0, 0);
  frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES), length), 4);
  return frame;
}

/** A line and where the next one may begin. */
export interface FoundFrame {
  readonly line: string;
  readonly end: number;
}

/** The first whole frame at or behind a place; what is damaged is passed over. Null where there is none any more. */
export function nextFrame(bytes: Buffer, from: number): FoundFrame | null {
  for (let at = bytes.indexOf(MARK, from); at !== -1; at = bytes.indexOf(MARK, at + 1)) {
    const end = frameEnd(bytes, at);
    if (end !== null) return { line: bytes.toString('utf8', at + HEADER_BYTES, end), end };
  }
  return null;
}

function frameEnd(bytes: Buffer, at: number): number | null {
  if (at + HEADER_BYTES > bytes.length) return null;
  const length = bytes.readUInt32LE(at) >>> 8;
  const end = at + HEADER_BYTES + length;
  if (length === 0 || length > LINE_BYTES_MAX || end > bytes.length) return null;
  return crc32(bytes.subarray(at + HEADER_BYTES, end), length) === bytes.readUInt32LE(at + 4) ? end : null;
}
