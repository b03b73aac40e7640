/**
 * The frame of `application/vnd.amazon.eventstream`, all numbers big-endian:
 *
 *     total length 4 | headers length 4 | CRC-32 of those eight bytes 4 | headers | payload | CRC-32 of all before 4
 *
 * Described in the Smithy specification, "Amazon Event Stream".
 */
export const PRELUDE_BYTES = 12;
export const CRC_BYTES = 4;
export const OVERHEAD_BYTES = PRELUDE_BYTES + CRC_BYTES;

/** The bounds of AWS's own C implementation (aws-c-event-stream). */
export const FRAME_BYTES_MAX = 24 * 1024 * 1024;
export const HEADERS_BYTES_MAX = 128 * 1024;
export const HEADER_COUNT_MAX = 1024;
