import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from '../../../../src/domain/aws/event-stream/frame-reader.ts';
import { encodeFrame } from '../../../../src/domain/aws/event-stream/frame-writer.ts';
import { watch } from './watch.ts';

const KIB = 1024;

/** A frame of exactly this length. */
function frameOf(bytes: number): Buffer {
  const headers = [[':event-type', 'chunk']] as const;
  const overhead = encodeFrame(headers, Buffer.alloc(0)).length;
  return encodeFrame(headers, Buffer.alloc(bytes - overhead, 7));
}

/** One chunk, or chunks of a thousand bytes. */
const arrivals = (stream: Buffer) => [
  [],
  Array.from({ length: Math.floor(stream.length / 1000) }, (_, index) => (index + 1) * 1000),
];

test('a frame of the bound is kept whole, a longer one without its payload, and both count', () => {
  const stream = Buffer.concat([frameOf(64 * KIB), frameOf(64 * KIB + 1), frameOf(100)]);
  for (const cuts of arrivals(stream)) {
    const { frames, framesSeen, atFrameBoundary } = watch(stream, cuts);
    assert.deepEqual(
      frames.map((frame) => [frame.bytes, frame.eventType, frame.payload !== null]),
      [
        [64 * KIB, 'chunk', true],
        [64 * KIB + 1, 'chunk', false],
        [100, 'chunk', true],
      ],
    );
    assert.deepEqual([framesSeen, atFrameBoundary], [3, true]);
  }
});

test('a frame whose headers are over the bound is passed over', () => {
  const stream = Buffer.concat([frameOf(1000), frameOf(40)]);
  for (const cuts of [[], [20], [5, 30, 990]]) {
    const { frames, corrupt } = watch(stream, cuts, 19);
    assert.deepEqual(
      frames.map((frame) => [frame.bytes, frame.headers.size, frame.payload]),
      [
        [1000, 0, null],
        [40, 0, null],
      ],
    );
    assert.equal(corrupt, false);
  }
});

test('the checksum of a frame too long to keep is checked all the same', () => {
  const damaged = frameOf(200 * KIB);
  damaged.writeUInt8(8, 150 * KIB);
  for (const cuts of arrivals(damaged)) {
    const { framesSeen, frames, corrupt } = watch(damaged, cuts);
    assert.deepEqual([framesSeen, frames.length, corrupt], [0, 0, true]);
  }
});

test('a reader nobody listens to counts alike', () => {
  const reader = new FrameReader();
  const stream = Buffer.concat([frameOf(90), frameOf(200 * KIB), frameOf(90)]);
  for (let at = 0; at < stream.length; at += 777) reader.push(stream.subarray(at, at + 777));
  assert.deepEqual([reader.framesSeen, reader.atFrameBoundary, reader.corrupt], [3, true, false]);
});

test('the longest frame AWS allows is passed over without being kept', () => {
  const stream = frameOf(24 * KIB * KIB);
  const reader = new FrameReader({ onFrame: () => undefined });
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let at = 0; at < stream.length; at += 64 * KIB) {
    reader.push(stream.subarray(at, at + 64 * KIB));
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  assert.deepEqual([reader.framesSeen, reader.atFrameBoundary], [1, true]);
  assert.ok(most < 256 * KIB, `${most} bytes held`);
});

test('a thousand streams that announce much and send nothing hold no more than the bound each', () => {
  const announced = [
    { bytes: 24 * KIB * KIB, options: { onFrame: () => undefined }, heldBytesMax: KIB },
    { bytes: 64 * KIB, options: { onFrame: () => undefined }, heldBytesMax: 64 * KIB },
    { bytes: 64 * KIB, options: {}, heldBytesMax: KIB },
  ];
  // Kept alive to the end: collecting one row's readers would hide what the next row's take.
  const allReaders: FrameReader[] = [];
  for (const { bytes, options, heldBytesMax } of announced) {
    const beginning = frameOf(bytes).subarray(0, 12);
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 1000 }, () => new FrameReader(options));
    for (const reader of readers) reader.push(beginning);
    const held = process.memoryUsage().arrayBuffers - before;
    assert.ok(held <= readers.length * heldBytesMax, `${held} bytes held for frames of ${bytes}`);
    allReaders.push(...readers);
  }
  assert.ok(allReaders.every((reader) => !reader.corrupt && !reader.atFrameBoundary));
});
