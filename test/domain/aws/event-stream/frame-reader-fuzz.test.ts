import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { seededRandom } from '../seeded-random.ts';
import { mutate, randomCuts, randomFrames } from './any-stream.ts';
import { codec, reseal, type Sighting, watch } from './watch.ts';

const STREAMS = 2_000;
const SPLITS_PER_STREAM = 60;
const MUTANTS = 120_000;
const RESEALED_MUTANTS = 40_000;

const seed = Date.now() % 2 ** 31;

test('however a stream is split, the same frames are seen', (t) => {
  t.diagnostic(`seed ${seed}, ${STREAMS * SPLITS_PER_STREAM} splits`);
  const random = seededRandom(seed);
  for (let count = 0; count < STREAMS; count++) {
    const frames = randomFrames(random, 1 + random(4));
    const stream = Buffer.concat(frames);
    const whole = watch(stream);
    assert.deepEqual(
      whole.frames.map((frame) => frame.payload),
      frames.map((frame) => Buffer.from(codec.decode(frame).body)),
    );
    for (let split = 0; split < SPLITS_PER_STREAM; split++) {
      const cuts = randomCuts(random, stream.length);
      assertSame(watch(stream, cuts), whole, `seed ${seed}, cuts ${cuts.join()}`);
    }
  }
});

test("of a damaged stream exactly those frames are seen that AWS's codec takes too", (t) => {
  t.diagnostic(`seed ${seed}, ${MUTANTS} mutants`);
  const random = seededRandom(seed);
  let damaged = 0;
  for (let count = 0; count < MUTANTS; count++) {
    const stream = mutate(random, Buffer.concat(randomFrames(random, 1 + random(4))));
    const cuts = randomCuts(random, stream.length);
    const expected = expectedOf(stream);
    const { framesSeen, frames, corrupt, atFrameBoundary } = watch(stream, cuts);
    const where = `seed ${seed}, mutant ${count}: ${stream.toString('hex')} cut at ${cuts.join()}`;
    assert.deepEqual({ framesSeen, corrupt, atFrameBoundary }, expected, where);
    assert.equal(frames.length, framesSeen, where);
    if (corrupt) damaged++;
  }
  assert.ok(damaged > MUTANTS / 2, `only ${damaged} mutants were damaged`);
});

test('damage under right checksums breaks nothing and is seen alike however it is split', () => {
  const random = seededRandom(seed);
  let corruptCount = 0;
  for (let count = 0; count < RESEALED_MUTANTS; count++) {
    const mutant = mutate(random, Buffer.concat(randomFrames(random, 1)));
    if (mutant.length < 16) continue;
    mutant.writeUInt32BE(mutant.length, 0);
    const stream = Buffer.concat([reseal(mutant), ...randomFrames(random, 1)]);
    const whole = watch(stream);
    if (whole.corrupt) corruptCount++;
    assertSame(watch(stream, randomCuts(random, stream.length)), whole, `seed ${seed}, ${stream.toString('hex')}`);
  }
  assert.ok(corruptCount > RESEALED_MUTANTS / 10, `only ${corruptCount} were malformed`);
});

/** Reads a whole stream frame by frame with AWS's codec behind the bounds that codec does not check itself. */
function expectedOf(stream: Buffer): Omit<Sighting, 'frames'> {
  let at = 0;
  let framesSeen = 0;
  for (;;) {
    const left = stream.length - at;
    if (left === 0) return { framesSeen, corrupt: false, atFrameBoundary: true };
    if (left < 12) return { framesSeen, corrupt: false, atFrameBoundary: false };
    const length = stream.readUInt32BE(at);
    const headersLength = stream.readUInt32BE(at + 4);
    const checked = crc32(stream.subarray(at, at + 8)) === stream.readUInt32BE(at + 8);
    const bounded = length >= 16 && length <= 24 * 1024 * 1024 && headersLength <= Math.min(length - 16, 128 * 1024);
    if (!checked || !bounded) return { framesSeen, corrupt: true, atFrameBoundary: false };
    if (left < length) return { framesSeen, corrupt: false, atFrameBoundary: false };
    if (!isFrame(stream.subarray(at, at + length))) return { framesSeen, corrupt: true, atFrameBoundary: false };
    framesSeen++;
    at += length;
  }
}

function isFrame(bytes: Buffer): boolean {
  try {
    codec.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Compares what matters without the cost of a deep comparison, which a hundred thousand splits would feel. */
function assertSame(actual: Sighting, expected: Sighting, where: string): void {
  const same =
    actual.framesSeen === expected.framesSeen &&
    actual.corrupt === expected.corrupt &&
    actual.atFrameBoundary === expected.atFrameBoundary &&
    actual.frames.length === expected.frames.length &&
    actual.frames.every((frame, index) => {
      const other = expected.frames[index];
      if (other === undefined || frame.payload === null || other.payload === null) return false;
      return (
        frame.payload.equals(other.payload) &&
        frame.eventType === other.eventType &&
        frame.messageType === other.messageType &&
        frame.bytes === other.bytes &&
        // Damage may have made bytes of the number.
        isDeepStrictEqual(frame.headers.get('count'), other.headers.get('count'))
      );
    });
  if (!same) assert.deepEqual(actual, expected, where);
  assert.ok(same, where);
}
