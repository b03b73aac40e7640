import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { FrameReader } from '../../../../src/domain/aws/event-stream/frame-reader.ts';
import { encodeExceptionFrame, encodeFrame } from '../../../../src/domain/aws/event-stream/frame-writer.ts';
import { seededRandom } from '../seeded-random.ts';
import { randomFrames } from './any-stream.ts';
import { reseal, watch } from './watch.ts';

const MIB = 1024 * 1024;
const goodFrame = encodeFrame([[':event-type', 'chunk']], Buffer.from('{"bytes":""}'));

test('a stream cut at any offset is at a boundary exactly between two frames', () => {
  const frames = randomFrames(seededRandom(20), 20);
  const stream = Buffer.concat(frames);
  const boundaries = new Map([[0, 0]]);
  let end = 0;
  for (const frame of frames) boundaries.set((end += frame.length), boundaries.size);

  const byteByByte = new FrameReader();
  for (let cut = 0; cut <= stream.length; cut++) {
    const { atFrameBoundary, framesSeen, corrupt } = watch(stream.subarray(0, cut));
    assert.equal(atFrameBoundary, boundaries.has(cut), `cut at ${cut}`);
    assert.equal(byteByByte.atFrameBoundary, boundaries.has(cut), `byte by byte to ${cut}`);
    assert.equal(framesSeen, byteByByte.framesSeen);
    if (atFrameBoundary) assert.equal(framesSeen, boundaries.get(cut));
    assert.equal(corrupt || byteByByte.corrupt, false);
    byteByByte.push(stream.subarray(cut, cut + 1));
  }
});

test('an exception frame says that it is one', () => {
  const [frame] = watch(encodeExceptionFrame('throttlingException', 'Slow down.')).frames;
  assert.ok(frame);
  assert.equal(frame.messageType, 'exception');
  assert.equal(frame.exceptionType, 'throttlingException');
  assert.equal(frame.eventType, undefined);
  assert.equal(String(frame.payload), '{"message":"Slow down."}');
});

test('frames with the headers of the one before, with others of the same length, and with long ones are told apart', () => {
  const header = (name: string, value: string): Buffer =>
    encodeFrame(
      [
        [':message-type', 'event'],
        [':event-type', name],
        ['detail', value],
      ],
      Buffer.from(name),
    );
  const sent = [
    ['first', 'x'],
    ['first', 'x'],
    ['other', 'x'],
    ['first', 'x'],
    ['first', 'y'.repeat(2000)],
    ['first', 'z'.repeat(2000)],
    ['first', 'x'],
  ] as const;
  const stream = Buffer.concat(sent.map(([name, value]) => header(name, value)));
  for (const cuts of [[], [30, 110, 200, 700]]) {
    const { frames } = watch(stream, cuts);
    assert.deepEqual(
      frames.map((frame) => [frame.eventType, frame.headers.get('detail')?.value, String(frame.payload)]),
      sent.map(([name, value]) => [name, value, name]),
    );
  }
});

/** A prelude with a right checksum whatever it says, and some bytes after it. */
function prelude(frameBytes: number, headersBytes: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32BE(frameBytes, 0);
  bytes.writeUInt32BE(headersBytes, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

function flipped(frame: Buffer, at: number): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

const lies: readonly (readonly [what: string, bytes: Buffer])[] = [
  ...[0, 3, 4, 12, 15, 24 * MIB + 1, 2 ** 31, 2 ** 32 - 1].map(
    (length) => [`a length of ${length}`, prelude(length, 0)] as const,
  ),
  ['headers longer than the frame', prelude(64, 49)],
  ['headers over 128 KiB', prelude(MIB, 128 * 1024 + 1)],
  ['a headers length of 2^32 - 1', prelude(MIB, 2 ** 32 - 1)],
  ['a wrong length under the old prelude checksum', flipped(goodFrame, 2)],
  ['a wrong prelude checksum', flipped(goodFrame, 8)],
];

for (const [what, bytes] of lies) {
  test(`${what} is not believed for a byte more than the prelude`, () => {
    assert.equal(watch(bytes.subarray(0, 11)).corrupt, false);
    assert.equal(watch(bytes.subarray(0, 12)).corrupt, true);
    assert.equal(watch(bytes.subarray(0, 12), [7]).corrupt, true);
  });
}

const violations = [
  ...lies,
  ['a wrong header byte', flipped(goodFrame, 14)],
  ['a wrong payload byte', flipped(goodFrame, goodFrame.length - 5)],
  ['a wrong message checksum', flipped(goodFrame, goodFrame.length - 1)],
] as const;

for (const [what, bytes] of violations) {
  test(`${what} makes the reader corrupt for good, however it arrives`, () => {
    const stream = Buffer.concat([bytes, goodFrame, goodFrame]);
    for (const cuts of [[], Array.from(stream.keys())]) {
      assert.deepEqual(watch(stream, cuts), { frames: [], framesSeen: 0, corrupt: true, atFrameBoundary: false });
    }
  });
}

test('frames before the damage have been seen', () => {
  const { framesSeen, frames, corrupt } = watch(Buffer.concat([goodFrame, goodFrame, flipped(goodFrame, 20)]));
  assert.deepEqual([framesSeen, frames.length, corrupt], [2, 2, true]);
});

const malformedHeaders: readonly (readonly [what: string, headers: Buffer])[] = [
  ['a name beyond the end', Buffer.from([5, 97])],
  ['a name and no type', Buffer.from([1, 97])],
  ['an unknown type', Buffer.from([1, 97, 10])],
  ['a cut string length', Buffer.from([1, 97, 7, 0])],
  ['a string beyond the end', Buffer.from([1, 97, 7, 0, 9, 98])],
  ['a cut number', Buffer.from([1, 97, 5, 0, 0, 0])],
  ['a cut uuid', Buffer.from([1, 97, 9, 0, 0, 0])],
  ['a name given twice', Buffer.from([1, 97, 0, 1, 97, 1])],
  ['1,025 headers', manyHeaders(1025)],
];

for (const [what, headers] of malformedHeaders) {
  test(`${what} under right checksums is corrupt`, () => {
    const { framesSeen, corrupt } = watch(frameWithHeaders(headers));
    assert.deepEqual([framesSeen, corrupt], [0, true]);
  });
}

test('1,024 headers are read', () => {
  const { frames, corrupt } = watch(frameWithHeaders(manyHeaders(1024)));
  assert.deepEqual([frames[0]?.headers.size, corrupt], [1024, false]);
});

function frameWithHeaders(headers: Buffer): Buffer {
  const frame = Buffer.concat([prelude(16 + headers.length, headers.length).subarray(0, 12), headers, Buffer.alloc(4)]);
  return reseal(frame);
}

/** Headers of two-letter names and no value. */
function manyHeaders(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => Buffer.from([2, 33 + (i >> 6), 33 + (i & 63), 0])));
}
