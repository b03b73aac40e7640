import { crc32 } from 'node:zlib';
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { FrameHeaders } from '../../../../src/domain/aws/event-stream/frame-headers.ts';
import { type Frame, FrameReader } from '../../../../src/domain/aws/event-stream/frame-reader.ts';

/** AWS's own codec for JavaScript: the independent opinion on what a frame is. */
export const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
  (text) => Buffer.from(text),
);

/** What a reader made of a stream. */
export interface Sighting {
  readonly frames: readonly Frame[];
  readonly framesSeen: number;
  readonly corrupt: boolean;
  readonly atFrameBoundary: boolean;
}

/** Feeds a stream to a fresh reader, cut at the given ascending offsets. */
export function watch(stream: Buffer, cuts: readonly number[] = [], heldBytesMax?: number): Sighting {
  const frames: Frame[] = [];
  const onFrame = (frame: Frame) => frames.push(copyOf(frame));
  const reader = new FrameReader(heldBytesMax === undefined ? { onFrame } : { onFrame, heldBytesMax });
  let start = 0;
  for (const end of [...cuts, stream.length]) {
    const chunk = Buffer.from(stream.subarray(start, end));
    reader.push(chunk);
    // The socket's next read may land in the same memory: a reader that kept a view of it is found out.
    chunk.fill(0xee);
    start = end;
  }
  const { framesSeen, corrupt, atFrameBoundary } = reader;
  return { frames, framesSeen, corrupt, atFrameBoundary };
}

function copyOf(frame: Frame): Frame {
  const headers: FrameHeaders = new Map(
    [...frame.headers].map(([name, header]) => [
      name,
      header.type === 'bytes' ? { type: 'bytes', value: Buffer.from(header.value) } : header,
    ]),
  );
  return { ...frame, headers, payload: frame.payload === null ? null : Buffer.from(frame.payload) };
}

/** Writes both checksums anew into what claims to be one frame, so that a lie behind them is believed. */
export function reseal(frame: Buffer): Buffer {
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  frame.writeUInt32BE(crc32(frame.subarray(0, frame.length - 4)), frame.length - 4);
  return frame;
}
