import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Int64 } from '@smithy/core/event-streams';
import type { FrameHeaderValue } from '../../../../src/domain/aws/event-stream/frame-headers.ts';
import { encodeExceptionFrame, encodeFrame } from '../../../../src/domain/aws/event-stream/frame-writer.ts';
import { codec, watch } from './watch.ts';

/** A header in the words of AWS's codec beside the same header in ours. */
const header = fc.oneof(
  fc.boolean().map((value) => pair({ type: 'boolean', value }, { type: 'boolean', value })),
  fc.integer({ min: -128, max: 127 }).map((value) => pair({ type: 'byte', value }, { type: 'byte', value })),
  fc.integer({ min: -32_768, max: 32_767 }).map((value) => pair({ type: 'short', value }, { type: 'short', value })),
  fc.integer().map((value) => pair({ type: 'integer', value }, { type: 'integer', value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return pair({ type: 'long', value: new Int64(bytes) }, { type: 'long', value });
  }),
  fc
    .uint8Array({ maxLength: 300 })
    .map((value) => pair({ type: 'binary', value }, { type: 'bytes', value: Buffer.from(value) })),
  fc
    .string({ unit: 'binary', maxLength: 300 })
    .map((value) => pair({ type: 'string', value }, { type: 'string', value })),
  fc
    .integer({ min: -(10 ** 13), max: 10 ** 13 })
    .map((value) => pair({ type: 'timestamp', value: new Date(value) }, { type: 'timestamp', value })),
  fc.uuid().map((value) => pair({ type: 'uuid', value }, { type: 'uuid', value })),
);

type Theirs = Parameters<typeof codec.encode>[0]['headers'][string];

function pair(theirs: Theirs, ours: FrameHeaderValue): readonly [Theirs, FrameHeaderValue] {
  return [theirs, ours];
}

const headerName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((name) => name !== '__proto__');

test("every type of header is read as AWS's codec wrote it", () => {
  const anyFrame = fc.record({
    headers: fc.uniqueArray(fc.tuple(headerName, header), { selector: ([name]) => name, maxLength: 8 }),
    body: fc.uint8Array({ maxLength: 200 }),
    cut: fc.nat(300),
  });
  const readsAlike = fc.property(anyFrame, ({ headers, body, cut }) => {
    const theirs = Object.fromEntries(headers.map(([name, [value]]) => [name, value]));
    const stream = Buffer.from(codec.encode({ headers: theirs, body }));
    const { frames, corrupt } = watch(stream, [Math.min(cut, stream.length)]);
    assert.equal(corrupt, false);
    assert.deepEqual(frames[0]?.headers, new Map(headers.map(([name, [, ours]]) => [name, ours])));
    assert.deepEqual(frames[0]?.payload, Buffer.from(body));
  });
  fc.assert(readsAlike, { numRuns: 3_000 });
});

test("a frame we write is read by AWS's codec", () => {
  const textHeaders = fc.uniqueArray(fc.tuple(headerName, fc.string({ unit: 'binary', maxLength: 300 })), {
    selector: ([name]) => name,
    maxLength: 8,
  });
  const isRead = fc.property(textHeaders, fc.uint8Array({ maxLength: 500 }), (headers, payload) => {
    const { headers: seen, body } = codec.decode(encodeFrame(headers, payload));
    const expected = Object.fromEntries(headers.map(([name, value]) => [name, { type: 'string', value }]));
    assert.deepEqual(seen, expected);
    assert.deepEqual(Buffer.from(body), Buffer.from(payload));
  });
  fc.assert(isRead, { numRuns: 2_000 });
});

test('an exception frame carries what AWS SDKs look for', () => {
  const { headers, body } = codec.decode(encodeExceptionFrame('internalServerException', 'Broke "off"\nmid-stream'));
  assert.deepEqual(headers, {
    ':message-type': { type: 'string', value: 'exception' },
    ':exception-type': { type: 'string', value: 'internalServerException' },
    ':content-type': { type: 'string', value: 'application/json' },
  });
  assert.deepEqual(JSON.parse(Buffer.from(body).toString()), { message: 'Broke "off"\nmid-stream' });
});

test('a header no reader would take is refused when written', () => {
  const tooLong: readonly (readonly [string, string])[] = [
    ['', 'x'],
    ['n'.repeat(256), 'x'],
    ['name', 'v'.repeat(32_768)],
  ];
  for (const header of tooLong) assert.throws(() => encodeFrame([header], Buffer.alloc(0)), /does not fit/);
});
