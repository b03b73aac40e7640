import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ProtoWriter } from '../../../src/domain/otlp/proto-writer.ts';
import { decode, listOf, messageOf } from './decode.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary-ascii', maxLength: 20_000, size: 'max' }),
  fc.integer({ min: 0, max: 300 }).map((length) => 'é'.repeat(length)),
);

test('whatever is written is read, messages in messages of any length too', () => {
  const isSame = fc.property(fc.array(anyText, { maxLength: 6 }), (texts) => {
    const writer = new ProtoWriter();
    for (let round = 0; round < 2; round++) {
      writer.reset();
      for (const text of texts) {
        const attribute = writer.open(1);
        writer.text(1, text);
        const value = writer.open(2);
        writer.text(1, text);
        writer.close(value);
        writer.close(attribute);
      }
      const { attributes = [] } = decode('Resource', writer.finish());
      assert.deepEqual(
        listOf(attributes).map(({ key, value }) => [key, messageOf(value)['string_value']]),
        texts.map((text) => [text, text]),
      );
    }
  });
  fc.assert(isSame, { numRuns: 500 });
});

test('numbers of any size keep their value', () => {
  const isSame = fc.property(
    fc.maxSafeNat(),
    fc.double({ noNaN: true }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    (whole, real, nanos) => {
      const writer = new ProtoWriter();
      writer.integer(3, whole);
      assert.equal(decode('AnyValue', writer.finish())['int_value'], whole);
      writer.reset();
      writer.double(4, real);
      assert.equal(decode('AnyValue', writer.finish())['double_value'], real);
      writer.reset();
      writer.fixed64(7, nanos);
      assert.equal(decode('Span', writer.finish())['start_time_unix_nano'], nanos);
    },
  );
  fc.assert(isSame, { numRuns: 1000 });
});
