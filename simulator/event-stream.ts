import { crc32 } from 'node:zlib';

/**
 * Frames of `application/vnd.amazon.eventstream`: total length, header length, CRC of those eight bytes, headers,
 * payload, CRC of everything before. Source: https://smithy.io/2.0/aws/amazon-eventstream.html
 */
const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const STRING_HEADER_TYPE = 7;

/** One frame. Header values are strings (type 7), which is the only type Bedrock uses in its answers. */
function encodeFrame(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const encodedHeaders = Object.entries(headers).map(([name, value]) => encodeHeader(name, value));
  const headerBytes = encodedHeaders.reduce((sum, header) => sum + header.length, 0);
  const payloadBytes = Buffer.byteLength(payload);
  const totalBytes = PRELUDE_BYTES + headerBytes + payloadBytes + CRC_BYTES;

  const frame = Buffer.allocUnsafe(totalBytes);
  frame.writeUInt32BE(totalBytes, 0);
  frame.writeUInt32BE(headerBytes, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  let offset = PRELUDE_BYTES;
  for (const header of encodedHeaders) offset += header.copy(frame, offset);
  offset += frame.write(payload, offset);
  frame.writeUInt32BE(crc32(frame.subarray(0, offset)), offset);
  return frame;
}

/** An event with a JSON payload, such as `contentBlockDelta`. */
export function eventFrame(eventType: string, payload: unknown): Buffer {
  return encodeFrame(
    { ':event-type': eventType, ':content-type': 'application/json', ':message-type': 'event' },
    JSON.stringify(payload),
  );
}

/** An exception in mid-stream. The name is in lower camel case, such as `throttlingException`. */
export function exceptionFrame(exceptionType: string, message: string): Buffer {
  return encodeFrame(
    { ':exception-type': exceptionType, ':content-type': 'application/json', ':message-type': 'exception' },
    JSON.stringify({ message }),
  );
}

function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name);
  const valueBytes = Buffer.from(value);
  const header = Buffer.allocUnsafe(1 + nameBytes.length + 3 + valueBytes.length);
  let offset = header.writeUInt8(nameBytes.length, 0);
  offset += nameBytes.copy(header, offset);
  offset = header.writeUInt8(STRING_HEADER_TYPE, offset);
  offset = header.writeUInt16BE(valueBytes.length, offset);
  valueBytes.copy(header, offset);
  return header;
}
