import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HeaderList } from '../../src/domain/headers.ts';
import { contextOf, isSampled, traceParentOf, traceParentOfCall } from '../../src/domain/trace-context.ts';

const CALL_ID = '0198c5a0-1234-7abc-8def-0123456789ab';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

function headersWith(...values: readonly string[]): HeaderList {
  return HeaderList.fromRaw(['Accept', '*/*', ...values.flatMap((value) => ['TraceParent', value])]);
}

const TAKEN: readonly (readonly [header: string, taken: string | null])[] = [
  [PARENT, PARENT],
  [`00-${TRACE_ID}-00f067aa0ba902b7-fe`, `00-${TRACE_ID}-00f067aa0ba902b7-fe`],
  [`01-${TRACE_ID}-00f067aa0ba902b7-00`, `00-${TRACE_ID}-00f067aa0ba902b7-00`],
  [`cc-${TRACE_ID}-00f067aa0ba902b7-01-${'what the future brings '.repeat(100)}`, PARENT],
  ['', null],
  [`ff-${TRACE_ID}-00f067aa0ba902b7-01`, null],
  [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, null],
  [`00-${TRACE_ID}-0000000000000000-01`, null],
  [`00-${TRACE_ID.toUpperCase()}-00f067aa0ba902b7-01`, null],
  [`00-${TRACE_ID}-00f067aa0ba902b7`, null],
  [`00-${TRACE_ID}-00f067aa0ba902b7-1`, null],
  [`${PARENT}-more`, null],
  [`${PARENT}-`, null],
  [`01-${TRACE_ID}-00f067aa0ba902b7-01more`, null],
  [` ${PARENT}`, null],
];

for (const [header, taken] of TAKEN) {
  const shown = header.slice(0, 70);
  test(`traceparent "${shown}" is taken for ${taken ?? 'none'}`, () => {
    assert.equal(traceParentOf(headersWith(header)), taken);
  });
}

test('no traceparent, and more than one, is none', () => {
  assert.equal(traceParentOf(headersWith()), null);
  assert.equal(traceParentOf(headersWith(PARENT, PARENT)), null);
});

test('whatever a client sends becomes nothing or a traceparent of the first version', () => {
  const digits = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF- \0ü'.split('')), maxLength: length });
  const header = fc.oneof(
    fc.string(),
    fc.tuple(digits(2), digits(32), digits(16), digits(4)).map((parts) => parts.join('-')),
  );
  const isRight = fc.property(header, (given) => {
    const taken = traceParentOf(headersWith(given));
    assert.ok(taken === null || /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(taken));
  });
  fc.assert(isRight);
});

test('a call stands in the trace of its client, else in one of its own', () => {
  const taken = contextOf(PARENT, CALL_ID);
  assert.deepEqual(
    [taken.traceId.toString('hex'), taken.parentSpanId?.toString('hex'), taken.flags],
    [TRACE_ID, '00f067aa0ba902b7', 1],
  );
  const own = contextOf(null, CALL_ID);
  assert.deepEqual(
    [own.traceId.toString('hex'), own.parentSpanId, own.flags],
    ['0198c5a012347abc8def0123456789ab', null, 1],
  );
});

test('what a client does not keep is not sampled', () => {
  assert.deepEqual([isSampled(null), isSampled(PARENT), isSampled(PARENT.replace(/01$/, '02'))], [true, true, false]);
});

test('Bedrock gets the trace of the client with the span of the call as parent, and no flag that means nothing', () => {
  const span = contextOf(null, CALL_ID).spanId.toString('hex');
  assert.equal(span, '8def0123456789ab');
  assert.equal(traceParentOfCall(PARENT, CALL_ID), `00-${TRACE_ID}-${span}-01`);
  assert.equal(traceParentOfCall(PARENT.replace(/01$/, 'fe'), CALL_ID), `00-${TRACE_ID}-${span}-02`);
  assert.equal(traceParentOfCall(null, CALL_ID), `00-0198c5a012347abc8def0123456789ab-${span}-01`);
  for (const parent of [null, PARENT]) {
    const passed = traceParentOfCall(parent, CALL_ID);
    assert.equal(traceParentOf(headersWith(passed)), passed);
  }
});
