import { HEADER_COUNT_MAX } from './frame-format.ts';

/** A header's value with its type on the wire; a timestamp is in milliseconds since the epoch. */
export type FrameHeaderValue =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte' | 'short' | 'integer' | 'timestamp'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'bytes'; readonly value: Buffer }
  | { readonly type: 'string' | 'uuid'; readonly value: string };

export type FrameHeaders = ReadonlyMap<string, FrameHeaderValue>;

/** The number that stands for a type on the wire. */
export const HEADER_TYPE = {
  true: 0,
  false: 1,
  byte: 2,
  short: 3,
  integer: 4,
  long: 5,
  bytes: 6,
  string: 7,
  timestamp: 8,
  uuid: 9,
} as const;

/**
 * Reads the headers of a frame. Byte values are views into `bytes`, not copies.
 *
 * @returns null if they are malformed: an unknown type, a length beyond the end, a name given twice, too many. Never throws.
 */
export function parseFrameHeaders(bytes: Buffer): FrameHeaders | null {
  const headers = new Map<string, FrameHeaderValue>();
  let at = 0;
  while (at < bytes.length) {
    const nameStart = at + 1;
    const typeAt = nameStart + bytes.readUInt8(at);
    if (typeAt >= bytes.length) return null;
    const type = bytes.readUInt8(typeAt);
    const end = valueEnd(bytes, type, typeAt + 1);
    if (end === null || end > bytes.length) return null;
    const name = bytes.toString('utf8', nameStart, typeAt);
    const value = readValue(bytes, type, typeAt + 1, end);
    if (value === null || headers.has(name) || headers.size === HEADER_COUNT_MAX) return null;
    headers.set(name, value);
    at = end;
  }
  return headers;
}

/** Where a value that starts at `start` ends, which may lie beyond the bytes; null for an unknown type or a cut length. */
function valueEnd(bytes: Buffer, type: number, start: number): number | null {
  switch (type) {
    case HEADER_TYPE.true:
    case HEADER_TYPE.false:
      return start;
    case HEADER_TYPE.byte:
      return start + 1;
    case HEADER_TYPE.short:
      return start + 2;
    case HEADER_TYPE.integer:
      return start + 4;
    case HEADER_TYPE.long:
    case HEADER_TYPE.timestamp:
      return start + 8;
    case HEADER_TYPE.uuid:
      return start + 16;
    case HEADER_TYPE.bytes:
    case HEADER_TYPE.string:
      return start + 2 > bytes.length ? null : start + 2 + bytes.readUInt16BE(start);
    default:
      return null;
  }
}

function readValue(bytes: Buffer, type: number, start: number, end: number): FrameHeaderValue | null {
  switch (type) {
    case HEADER_TYPE.true:
      return { type: 'boolean', value: true };
    case HEADER_TYPE.false:
      return { type: 'boolean', value: false };
    case HEADER_TYPE.byte:
      return { type: 'byte', value: bytes.readInt8(start) };
    case HEADER_TYPE.short:
      return { type: 'short', value: bytes.readInt16BE(start) };
    case HEADER_TYPE.integer:
      return { type: 'integer', value: bytes.readInt32BE(start) };
    case HEADER_TYPE.long:
      return { type: 'long', value: bytes.readBigInt64BE(start) };
    case HEADER_TYPE.bytes:
      return { type: 'bytes', value: bytes.subarray(start + 2, end) };
    case HEADER_TYPE.string:
      return { type: 'string', value: bytes.toString('utf8', start + 2, end) };
    case HEADER_TYPE.timestamp:
      return { type: 'timestamp', value: Number(bytes.readBigInt64BE(start)) };
    case HEADER_TYPE.uuid:
      return { type: 'uuid', value: formatUuid(bytes.toString('hex', start, end)) };
    default:
      return null;
  }
}

function formatUuid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
