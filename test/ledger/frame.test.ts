import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FrameReader, FrameWriter, LINE_BYTES_MAX } from '../../src/ledger/frame.ts';

const lines = fc.array(fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }), { minLength: 1, maxLength: 12 });

function framesOf(texts: readonly string[]): readonly Buffer[] {
  const writer = new FrameWriter();
  return texts.map((text) => {
    const start = writer.length;
    writer.add(text);
    return Buffer.from(writer.bytes.subarray(start, writer.length));
  });
}

interface Read {
  readonly lines: readonly string[];
  readonly damagedBytes: number;
  readonly tornBytes: number;
}

function read(bytes: Buffer, pieceBytes = 64): Read {
  const reader = new FrameReader();
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) found.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
  found.push(...reader.end());
  return { lines: found, damagedBytes: reader.damagedBytes, tornBytes: reader.tornBytes };
}

test('what was written is read, however the pieces fall', () => {
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 3000 }), (texts, pieceBytes) => {
      const wellFormed = texts.map((text) => text.toWellFormed());
      const bytes = Buffer.concat(framesOf(wellFormed));
      assert.deepEqual(read(bytes, pieceBytes), { lines: wellFormed, damagedBytes: 0, tornBytes: 0 });
    }),
  );
});

test('cut at any byte, every frame before the cut is read and nothing else', () => {
  const texts = ['first', 'a second one', 'x'.repeat(300), 'last'];
  const frames = framesOf(texts);
  const bytes = Buffer.concat(frames);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    let [whole, end] = [0, 0];
    while (whole < frames.length && end + (frames[whole]?.length ?? 0) <= cut) end += frames[whole++]?.length ?? 0;
    assert.deepEqual(
      read(bytes.subarray(0, cut)),
      { lines: texts.slice(0, whole), damagedBytes: 0, tornBytes: cut - end },
      `cut at ${cut}`,
    );
  }
});

test('with any bytes changed, the frames they are not in are read, and nothing that was never written', () => {
  fc.assert(
    fc.property(
      lines,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
      (texts, changes) => {
        const wellFormed = texts.map((text) => text.toWellFormed());
        const frames = framesOf(wellFormed);
        const bytes = Buffer.concat(frames);
        for (const [at, flip] of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip;
        let at = 0;
        const untouched = frames.flatMap((frame, index) => {
          const isSame = bytes.subarray(at, (at += frame.length)).equals(frame);
          return isSame ? [wellFormed[index] ?? ''] : [];
        });
        assert.deepEqual(read(bytes).lines, untouched);
      },
    ),
    { numRuns: 1000 },
  );
});

test('bytes of any kind between frames are skipped', () => {
  fc.assert(
    fc.property(lines, fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 500 }), (texts, before, after) => {
      const wellFormed = texts.map((text) => text.toWellFormed());
      const bytes = Buffer.concat([before, ...framesOf(wellFormed), after]);
      const found = read(bytes);
      assert.deepEqual(found.lines, wellFormed);
      assert.equal(found.damagedBytes, before.length);
      assert.equal(found.tornBytes, after.length);
    }),
  );
});

test('a length that promises more than there is does not hide the frames behind it', () => {
  const [frame] = framesOf(['behind']);
  const liar = Buffer.alloc(8);
  liar.writeUInt32LE(((LINE_BYTES_MAX << 8) | 0xff) >>> 0);
  assert.deepEqual(read(Buffer.concat([liar, frame ?? liar])).lines, ['behind']);
});

test('text that a client wrote never looks like a frame', () => {
  const [inner] = framesOf(['forged']);
  const text = JSON.stringify(inner?.toString('latin1'));
  const [outer] = framesOf([text]);
  assert.ok(outer !== undefined);
  // The outer frame is damaged, so that the reader looks for the next one inside of it.
  outer[0] = 0;
  assert.deepEqual(read(outer).lines, []);
});

test('a line that is too long is not written', () => {
  assert.throws(() => new FrameWriter().add('x'.repeat(LINE_BYTES_MAX + 1)), RangeError);
});
