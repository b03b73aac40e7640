import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { OutboxDisk } from '../../src/sinks/delivery/outbox/disk.ts';
import { frameOf, nextFrame } from '../../src/sinks/delivery/outbox/frame.ts';
import { nodeDisk } from '../../src/sinks/delivery/outbox/node-disk.ts';
import { Outbox } from '../../src/sinks/delivery/outbox/outbox.ts';
import { testFolder } from './test-sinks.ts';

const A = 'aaaaaaaaaaaaaaaa';
const B = 'bbbbbbbbbbbbbbbb';
const MIB = 1024 * 1024;

const lines = (count: number, from = 0, length = 0): string[] =>
  Array.from({ length: count }, (_, index) => `line ${from + index} ${'x'.repeat(length)}`);

/** Everything that waits, in order, and it need not wait any longer. */
async function drain(outbox: Outbox, linesMax = 7): Promise<string[]> {
  const found: string[] = [];
  for (let batch = await outbox.next(linesMax, MIB); batch !== null; batch = await outbox.next(linesMax, MIB)) {
    assert.ok(batch.lines.length <= linesMax);
    found.push(...batch.lines);
    batch.done();
  }
  return found;
}

function segments(root: string, name: string): string[] {
  return readdirSync(path.join(root, name)).filter((file) => file.endsWith('.seg'));
}

describe('frames', () => {
  test('any line comes back; what is damaged is passed over, and nothing is made up', () => {
    const line = fc.string({ minLength: 1, maxLength: 50 }).map((text) => `ü🦙\0${text}`);
    const property = fc.property(fc.array(line), fc.nat(), fc.nat({ max: 255 }), (written, place, byte) => {
      const whole = Buffer.concat(written.map((text) => frameOf(text) ?? Buffer.alloc(0)));
      assert.deepEqual(readAll(whole), written);
      if (whole.length === 0) return;
      const damaged = Buffer.from(whole);
      damaged[place % whole.length] = byte;
      const found = readAll(damaged);
      assert.ok(found.length >= written.length - 1);
      assert.ok(found.every((text) => written.includes(text)));
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('lines that are empty or of 16 MiB have none', () => {
    assert.equal(frameOf(''), null);
    assert.equal(frameOf('x'.repeat(16 * MIB)), null);
    assert.notEqual(frameOf('x'.repeat(16 * MIB - 1)), null);
  });
});

function readAll(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let frame = nextFrame(bytes, 0); frame !== null; frame = nextFrame(bytes, frame.end)) found.push(frame.line);
  return found;
}

describe('an outbox', () => {
  test('gives back all lines in order, also those added while it is read, and leaves nothing on the disk', async () => {
    const root = testFolder();
    const outbox = new Outbox(nodeDisk, root, A);
    outbox.append(lines(10));
    const first = await outbox.next(4, MIB);
    outbox.append(lines(5, 10));
    assert.deepEqual(first?.lines, lines(4));
    first?.done();
    assert.deepEqual(await drain(outbox), lines(11, 4));
    assert.equal(outbox.bytes, 0);
    assert.equal(await outbox.next(1, MIB), null);
    outbox.close();
    assert.deepEqual(readdirSync(root), []);
  });

  test('gives the same batch until it is done', async () => {
    const outbox = new Outbox(nodeDisk, testFolder(), A);
    outbox.append(lines(3));
    assert.deepEqual((await outbox.next(2, MIB))?.lines, lines(2));
    assert.deepEqual((await outbox.next(2, MIB))?.lines, lines(2));
    outbox.close();
  });

  test('keeps a batch within bytes, but never less than a line', async () => {
    const outbox = new Outbox(nodeDisk, testFolder(), A);
    outbox.append(lines(6, 0, 1000));
    assert.equal((await outbox.next(100, 2100))?.lines.length, 2);
    assert.equal((await outbox.next(100, 1))?.lines.length, 1);
    outbox.close();
  });

  test('is divided into files of some megabytes, each gone as soon as it is delivered', async () => {
    const root = testFolder();
    const outbox = new Outbox(nodeDisk, root, A);
    for (let round = 0; round < 20; round += 1) outbox.append(lines(10, round * 10, 60_000));
    assert.equal(segments(root, A).length, 3);
    const sizes = segments(root, A).map((name) => statSync(path.join(root, A, name)).size);
    assert.ok(sizes.every((size) => size < 5 * MIB));
    assert.deepEqual(await drain(outbox, 100), lines(200, 0, 60_000));
    assert.equal(segments(root, A).length, 0);
    outbox.close();
  });

  test('goes on where it was after the end of its process, however that came, and repeats at most one batch', async () => {
    const root = testFolder();
    const before = new Outbox(nodeDisk, root, A);
    before.append(lines(20));
    (await before.next(5, MIB))?.done();
    (await before.next(5, MIB))?.done();
    // Delivered, and not noted: the process ends here.
    await before.next(5, MIB);
    before.close();

    const after = new Outbox(nodeDisk, root, B);
    after.append(['new']);
    assert.equal(after.adopt(), true);
    assert.equal(after.hasInherited, true);
    assert.deepEqual(await drain(after), [...lines(10, 10), 'new']);
    assert.equal(after.hasInherited, false);
    after.close();
    assert.deepEqual(readdirSync(root), []);
  });

  test('leaves alone what another living process has, until that ends', async () => {
    const root = testFolder();
    const [one, other] = [new Outbox(nodeDisk, root, A), new Outbox(nodeDisk, root, B)];
    one.append(['of one']);
    other.append(['of the other']);
    assert.equal(other.adopt(), false);
    assert.deepEqual(await drain(other), ['of the other']);
    one.close();
    assert.equal(other.adopt(), true);
    assert.deepEqual(await drain(other), ['of one']);
    other.close();
  });

  test('reads around what is damaged: a frame cut off, a cursor of nonsense, a file that somebody deleted', async () => {
    const root = testFolder();
    const before = new Outbox(nodeDisk, root, A);
    before.append(lines(3));
    const [segment = ''] = segments(root, A);
    before.close();
    appendFileSync(path.join(root, A, segment), frameOf('cut off')?.subarray(0, 9) ?? '');
    writeFileSync(path.join(root, A, 'cursor'), `${segment} nonsense\n`);
    writeFileSync(path.join(root, A, '00000002.seg'), frameOf('the next') ?? '');

    const after = new Outbox(nodeDisk, root, B);
    after.adopt();
    assert.deepEqual(await drain(after), [...lines(3), 'the next']);
    after.append(['deleted']);
    const [gone = ''] = segments(root, B);
    nodeDisk.remove(path.join(root, B, gone));
    assert.deepEqual(await drain(after), []);
    after.append(['goes on']);
    assert.deepEqual(await drain(after), ['goes on']);
    after.close();
  });

  test('a disk that takes a part of a write and fails takes nothing: no line is lost, none is there twice', async () => {
    let room = Infinity;
    const disk: OutboxDisk = {
      ...nodeDisk,
      append: (file, bytes) => {
        nodeDisk.append(file, bytes.subarray(0, Math.min(bytes.length, room)));
        if (bytes.length > room) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      },
    };
    const outbox = new Outbox(disk, testFolder(), A);
    outbox.append(lines(2));
    room = 20;
    assert.throws(() => outbox.append(lines(5, 2)), { code: 'ENOSPC' });
    room = Infinity;
    outbox.append(lines(5, 2));
    assert.deepEqual(await drain(outbox), lines(7));
    outbox.close();
  });

  test('what is refused is put aside for a person to read, up to a bound', () => {
    const root = testFolder();
    const outbox = new Outbox(nodeDisk, root, A);
    outbox.setAside(['{"a":1}', '{"b":2}']);
    assert.equal(readFileSync(path.join(root, 'rejected.ndjson'), 'utf8'), '{"a":1}\n{"b":2}\n');
    for (let round = 0; round < 40; round += 1) outbox.setAside(['x'.repeat(2 * MIB)]);
    assert.ok(statSync(path.join(root, 'rejected.ndjson')).size <= 64 * MIB);
    outbox.close();
  });

  test('nobody else may read what is in it', () => {
    const root = path.join(testFolder(), 'outbox');
    const outbox = new Outbox(nodeDisk, root, A);
    outbox.append(['secret of somebody']);
    const [segment = ''] = segments(root, A);
    assert.equal(statSync(root).mode & 0o077, 0);
    assert.equal(statSync(path.join(root, A, segment)).mode & 0o077, 0);
    outbox.close();
  });
});
