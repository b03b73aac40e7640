import { crc32 } from 'node:zlib';
import { CRC_BYTES, OVERHEAD_BYTES, PRELUDE_BYTES } from './frame-format.ts';
import { HEADER_TYPE } from './frame-headers.ts';

/** The longest name and the longest value AWS's readers take, in bytes of UTF-8. */
const NAME_BYTES_MAX = 255;
const VALUE_BYTES_MAX = 32_767;

/**
 * Builds one frame with string headers.
 *
 * @throws Error for a header that no reader would take: headers are the program's own, so that is a defect.
 */
export function encodeFrame(headers: readonly (readonly [name: string, value: string])[], payload: Uint8Array): Buffer {
  const headerBytes = Buffer.concat(headers.map(([name, value]) => encodeStringHeader(name, value)));
  const frame = Buffer.alloc(OVERHEAD_BYTES + headerBytes.length + payload.length);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(headerBytes.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  frame.set(headerBytes, PRELUDE_BYTES);
  frame.set(payload, PRELUDE_BYTES + headerBytes.length);
  const crcAt = frame.length - CRC_BYTES;
  frame.writeUInt32BE(crc32(frame.subarray(0, crcAt)), crcAt);
  return frame;
}

/**
 * Builds the frame by which AWS ends a stream with a modelled exception.
 *
 * @param exceptionType the member of the operation's event stream, e.g. `internalServerException`.
 */
export function encodeExceptionFrame(exceptionType: string, message: string): Buffer {
  const headers = [
    [':message-type', 'exception'],
    [':exception-type', exceptionType],
    [':content-type', 'application/json'],
  ] as const;
  return encodeFrame(headers, Buffer.from(JSON.stringify({ message })));
}

function encodeStringHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name);
  const valueBytes = Buffer.from(value);
  if (nameBytes.length === 0 || nameBytes.length > NAME_BYTES_MAX || valueBytes.length > VALUE_BYTES_MAX) {
    throw new Error(`Header does not fit into an event-stream frame: ${name.slice(0, 64)}`);
  }
  const valueLength = Buffer.alloc(2);
  valueLength.writeUInt16BE(valueBytes.length);
  return Buffer.concat([
    Buffer.of(nameBytes.length),
    nameBytes,
    Buffer.of(HEADER_TYPE.string),
    valueLength,
    valueBytes,
  ]);
}
