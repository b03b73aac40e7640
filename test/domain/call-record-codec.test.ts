import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { CallRecord, CallStart } from '../../src/domain/call-record.ts';
import { decodeCall, encodeEnd, encodeStart } from '../../src/domain/call-record-codec.ts';
import { SERVICE_IDS } from '../../src/domain/operations/services.ts';
import { USAGE_UNITS } from '../../src/domain/usage/usage.ts';

const object = <Value>(model: { [Name in keyof Value]: fc.Arbitrary<Value[Name]> }) =>
  fc.record<Value>(model, { noNullPrototype: true });
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((raw) => raw.toWellFormed());
const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const count = fc.maxSafeNat();
const nanos = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const kind = fc.constantFrom('read', 'write', 'invoke');

const attribution = object({
  keyId: orNull(text),
  keyAlias: orNull(text),
  teamId: orNull(text),
  userId: orNull(text),
  customerId: orNull(text),
  sessionId: orNull(text),
  tags: fc.array(text, { maxLength: 3 }),
});

const start: fc.Arbitrary<CallStart> = object({
  id: fc.uuid({ version: 7 }),
  startedAtMs: count,
  attribution,
  service: fc.constantFrom(...SERVICE_IDS),
  operation: text,
  operationKind: kind,
  modelId: orNull(text),
  otherModels: fc.array(text, { maxLength: 3 }),
  region: text,
  reservedNanos: nanos,
});

const record: fc.Arbitrary<CallRecord> = object({
  id: fc.uuid({ version: 7 }),
  startedAtMs: count,
  durationMs: fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value || 0),
  firstByteMs: orNull(count),
  attribution,
  service: orNull(fc.constantFrom(...SERVICE_IDS)),
  operation: orNull(text),
  operationKind: orNull(kind),
  modelId: orNull(text),
  otherModels: fc.array(text, { maxLength: 3 }),
  region: orNull(text),
  status: orNull(fc.integer({ min: 100, max: 599 })),
  outcome: fc.constantFrom('completed', 'refused', 'broken', 'abandoned', 'unknown'),
  refusal: orNull(fc.constantFrom('overloaded', 'spoolFull', 'upstreamBroken')),
  awsRequestId: orNull(text),
  clientAddress: orNull(text),
  userAgent: orNull(text),
  requestBytes: count,
  responseBytes: count,
  usage: object({
    lines: fc.array(
      object({
        unit: fc.constantFrom(...USAGE_UNITS),
        quantity: count,
        modelId: orNull(text),
        variant: orNull(text),
      }),
      { maxLength: 4 },
    ),
    source: fc.constantFrom('answer', 'request', 'free', 'unknown'),
    complete: fc.boolean(),
    serviceTier: orNull(fc.constantFrom('flex', 'priority', 'reserved', 'batch')),
    latencyOptimized: fc.boolean(),
  }),
  cost: fc.oneof(
    object({ kind: fc.constant('known' as const), nanos }),
    object({ kind: fc.constant('unknown' as const), missing: text }),
  ),
  priceVersion: orNull(text),
  reservedNanos: nanos,
});

describe('the codec of calls', () => {
  test('a start comes back as it was', () => {
    fc.assert(
      fc.property(start, (value) => assert.deepEqual(decodeCall(encodeStart(value)), { kind: 'start', start: value })),
    );
  });

  test('an end comes back as it was', () => {
    fc.assert(
      fc.property(record, (value) => assert.deepEqual(decodeCall(encodeEnd(value)), { kind: 'end', record: value })),
    );
  });

  test('a line has no control characters, so that it is one line', () => {
    fc.assert(fc.property(record, (value) => assert.ok(Buffer.from(encodeEnd(value)).every((byte) => byte >= 0x20))));
  });

  test('a line from before calls had other models is read as one without', () => {
    const plain = { otherModels: [] };
    fc.assert(
      fc.property(start, record, (begun, ended) => {
        const [startLine, endLine] = [encodeStart({ ...begun, ...plain }), encodeEnd({ ...ended, ...plain })];
        assert.deepEqual([startLine.charAt(0), endLine.charAt(0)], ['S', 'E']);
        assert.equal(JSON.parse(startLine.slice(1)).length, 15);
        assert.equal(JSON.parse(endLine.slice(1)).length, 29);
      }),
    );
  });

  test('a line of which anything is missing, added or of another type is none', () => {
    const values = (line: string): unknown[] => JSON.parse(line.slice(1));
    fc.assert(
      fc.property(record, fc.nat(), (value, place) => {
        const line = encodeEnd(value);
        const at = place % values(line).length;
        const lines = [
          values(line).toSpliced(at, 1),
          values(line).toSpliced(at, 0, 'more'),
          values(line).with(at, { other: 1 }),
          [...values(line), null],
        ];
        for (const changed of lines) {
          const decoded = decodeCall(line.charAt(0) + JSON.stringify(changed));
          if (decoded === null) continue;
          // Two neighbours of the same type can't be told apart; then the line is too long or too short.
          assert.fail(JSON.stringify(changed));
        }
      }),
    );
  });

  test('anything else is none, and throws nothing', () => {
    const others = ['', 'S', 'E', 'S[]', 'E{}', 'X[]', 'S[1', 'Enull', 'S[null]', encodeStart.name];
    for (const other of others) assert.equal(decodeCall(other), null, other);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (other) => assert.equal(decodeCall(other), null)));
    fc.assert(fc.property(fc.json(), (other) => assert.equal(decodeCall(`S${other}`), null)));
  });

  test('a start is no end and an end no start', () => {
    fc.assert(
      fc.property(start, (value) =>
        assert.equal(decodeCall(encodeStart(value).replace(/^S/, 'E').replace(/^s/, 'e')), null),
      ),
    );
    fc.assert(
      fc.property(record, (value) =>
        assert.equal(decodeCall(encodeEnd(value).replace(/^E/, 'S').replace(/^e/, 's')), null),
      ),
    );
  });
});
