import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AnswerReader } from '../../src/upstream/http1/answer-reader.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { mutate } from '../fuzz/mutator.ts';
import { BAD_ANSWERS, GOOD_ANSWERS } from './answer-cases.ts';
import { bytesOf, cutAtRandom, readAnswer } from './read-answer.ts';

const SEED = 20_261_123;
/** Of an answer longer than this only some places are tried. */
const EVERY_PLACE_BYTES_MAX = 1000;
const MUTANTS = 8000;

const ALL = [
  ...GOOD_ANSWERS.map(({ name, wire, method }) => ({ name, bytes: bytesOf(wire), method })),
  ...BAD_ANSWERS.map(({ name, wire }) => ({ name, bytes: bytesOf(wire), method: undefined })),
];

describe('an answer is read', () => {
  for (const { name, method, wire, untilClose, status, headers, body, reusable, idleHintMs } of GOOD_ANSWERS) {
    test(name, () => {
      assert.deepEqual(readAnswer([bytesOf(wire)], method), {
        heads: [{ status, headers }],
        body,
        outcome: 'whole',
        reusable,
        idleHintMs: idleHintMs ?? null,
      });
    });

    test(`${name}: whole with its last byte, and not before`, () => {
      const reader = new AnswerReader({ head: () => undefined, data: () => undefined });
      reader.expect(method ?? 'POST');
      const bytes = bytesOf(wire);
      reader.push(bytes);
      assert.equal(reader.over, untilClose !== true);
      // What stands behind the answer is not part of it.
      if (untilClose === true || (!reusable && !/close|keep-alive/i.test(headers.join()))) return;
      assert.equal(readAnswer([bytes.subarray(0, -1)], method).outcome, 'unfinished');
    });
  }
});

describe('what is no answer, or none that says plainly where it ends, is refused', () => {
  for (const { name, wire } of BAD_ANSWERS) {
    test(name, () => assert.equal(readAnswer([bytesOf(wire)]).outcome, 'refused'));
  }
});

test('wherever an answer is cut in two, it is read as if it were whole', () => {
  const random = seededRandom(SEED);
  for (const { name, bytes, method } of ALL) {
    const whole = readAnswer([bytes], method);
    const isShort = bytes.length <= EVERY_PLACE_BYTES_MAX;
    const edges = [1, 2, 3, 4, 5, 6, 7, 8].map((back) => bytes.length - back);
    const places = isShort ? [...bytes.keys()] : [...edges, ...Array.from({ length: 20 }, () => random(bytes.length))];
    for (const at of places) {
      assert.deepEqual(readAnswer([bytes.subarray(0, at), bytes.subarray(at)], method), whole, `${name}, at ${at}`);
    }
  }
});

test('however an answer is cut in pieces, single bytes among them, it is read as if it were whole', () => {
  const random = seededRandom(SEED);
  for (const { name, bytes, method } of ALL) {
    const whole = readAnswer([bytes], method);
    if (bytes.length <= EVERY_PLACE_BYTES_MAX) {
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      assert.deepEqual(readAnswer(single, method), whole, `${name}, byte by byte`);
    }
    for (let round = 0; round < 20; round += 1) {
      const pieces = cutAtRandom(random, bytes, 12);
      const cuts = pieces.map(({ length }) => length).join('+');
      assert.deepEqual(readAnswer(pieces, method), whole, `${name}, in pieces of ${cuts}`);
    }
  }
});

test('one reader reads one answer after the other as a new one would', () => {
  const read: string[] = [];
  const reader = new AnswerReader({
    head: (status, headers) => read.push(`${status} ${headers.join()}`),
    data: (chunk) => read.push(chunk.toString('latin1')),
  });
  const expected: string[] = [];
  for (const { wire, method, reusable, status, headers, body, idleHintMs } of GOOD_ANSWERS) {
    if (!reusable) continue;
    reader.expect(method ?? 'POST');
    assert.equal(reader.over, false);
    for (const byte of bytesOf(wire)
      .toString('latin1')
      .match(/[^]{1,7}/g) ?? [])
      reader.push(bytesOf(byte));
    assert.equal(reader.over, true);
    assert.equal(reader.reusable, true);
    assert.equal(reader.idleHintMs, idleHintMs ?? null, 'the hint of an answer is not that of the next');
    expected.push(`${status} ${headers.join()}`, body);
  }
  assert.equal(read.join(''), expected.join(''));
});

test('a piece of a body is passed on as it came, without a copy', () => {
  const pieces: Buffer[] = [];
  const reader = new AnswerReader({ head: () => undefined, data: (chunk) => pieces.push(chunk) });
  reader.expect('POST');
  reader.push(bytesOf('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'));
  const [first, second] = [bytesOf('01234'), bytesOf('56789')];
  reader.push(first);
  reader.push(second);
  assert.equal(pieces[0]?.buffer, first.buffer);
  assert.deepEqual(pieces.map(String), ['01234', '56789']);
});

test('nothing of an answer is passed on that comes after what makes it no answer', () => {
  const { heads, body, outcome } = readAnswer([
    bytesOf('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\nx\r\n4\r\nmore\r\n0\r\n\r\n'),
  ]);
  assert.deepEqual({ heads: heads.length, body, outcome }, { heads: 1, body: 'hi', outcome: 'refused' });
});

test(`${MUTANTS} damaged answers: each is read, refused or unfinished, and the same in pieces as in one`, () => {
  const random = seededRandom(SEED);
  const short = ALL.filter(({ bytes }) => bytes.length <= EVERY_PLACE_BYTES_MAX);
  const others = short.map(({ bytes }) => bytes);
  const outcomes = { whole: 0, unfinished: 0, refused: 0 };
  for (let index = 0; index < MUTANTS; index += 1) {
    const { bytes = Buffer.alloc(0), method } = short[random(short.length)] ?? {};
    const mutant = mutate(random, bytes, 0, others);
    const whole = readAnswer([mutant], method);
    outcomes[whole.outcome] += 1;
    const pieces = cutAtRandom(random, mutant, 8);
    assert.deepEqual(
      readAnswer(pieces, method),
      whole,
      `mutant ${index}: ${JSON.stringify(mutant.toString('latin1'))}`,
    );
  }
  for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > MUTANTS / 20, `${outcome}: only ${count}`);
});
