import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame } from '../../src/domain/aws/event-stream/frame-writer.ts';
import { OPERATIONS } from '../../src/domain/operations/table.ts';
import { StreamWatch } from '../../src/proxy/stream-watch.ts';

const CONVERSE_STREAM =
  OPERATIONS.find(({ qualifiedName }) => qualifiedName === 'bedrock-runtime:ConverseStream') ?? assert.fail();
const FRAME = encodeFrame(
  [
    [':message-type', 'event'],
    [':event-type', 'contentBlockDelta'],
  ],
  Buffer.from('{}'),
);
const [HEAD, TAIL] = [FRAME.subarray(0, 20), FRAME.subarray(20)];
const both = (pieces: readonly Buffer[]): Buffer => Buffer.concat(pieces);

/** What came and when, in milliseconds, and what it says of the pace. */
const STREAMS: readonly (readonly [
  what: string,
  pieces: readonly (readonly [atMs: number, piece: Buffer])[],
  chunks: number,
  longestPauseMs: number | null,
])[] = [
  ['nothing', [], 0, null],
  ['one event', [[100, FRAME]], 1, null],
  [
    'a piece of an event',
    [
      [100, FRAME],
      [900, HEAD],
    ],
    1,
    null,
  ],
  ['two events in one piece', [[100, both([FRAME, FRAME])]], 2, 0],
  [
    'events one by one',
    [
      [100, FRAME],
      [130, FRAME],
      [200, FRAME],
      [210, FRAME],
    ],
    4,
    70,
  ],
  [
    'an event in two pieces, which is there with the second',
    [
      [100, FRAME],
      [120, HEAD],
      [180, both([TAIL, FRAME])],
      [190, FRAME],
    ],
    4,
    80,
  ],
  [
    'bytes that are no events after one that is',
    [
      [100, FRAME],
      [200, Buffer.alloc(100, 0xff)],
      [900, FRAME],
    ],
    1,
    null,
  ],
];

for (const [what, pieces, chunks, longestPauseMs] of STREAMS) {
  test(`the pace of ${what}`, () => {
    const watch = new StreamWatch(CONVERSE_STREAM, null);
    for (const [atMs, piece] of pieces) watch.push(piece, atMs);
    assert.deepEqual([watch.chunks, watch.longestPauseMs], [chunks, longestPauseMs]);
  });
}

/** What the last frame of a stream says, and what the stream was ended by. */
const ENDINGS: readonly (readonly [
  what: string,
  headers: readonly (readonly [string, string])[],
  name: string | null,
])[] = [
  [
    'an event',
    [
      [':message-type', 'event'],
      [':event-type', 'messageStop'],
    ],
    null,
  ],
  [
    'an exception',
    [
      [':message-type', 'exception'],
      [':exception-type', 'throttlingException'],
    ],
    'throttlingException',
  ],
  [
    'an error that is not modelled',
    [
      [':message-type', 'error'],
      [':error-code', 'InternalFailure'],
    ],
    'InternalFailure',
  ],
  ['an exception without a name', [[':message-type', 'exception']], 'UnknownError'],
  [
    'an exception with words for a name',
    [
      [':message-type', 'exception'],
      [':exception-type', 'what somebody has asked'],
    ],
    'UnknownError',
  ],
];

for (const [what, headers, name] of ENDINGS) {
  test(`a stream that ends with ${what} was ended by ${name ?? 'nothing'}`, () => {
    const watch = new StreamWatch(CONVERSE_STREAM, null);
    watch.push(FRAME, 0);
    watch.push(encodeFrame(headers, Buffer.from('{}')), 1);
    assert.equal(watch.exception, name);
  });
}
