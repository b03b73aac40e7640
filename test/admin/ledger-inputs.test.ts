import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { splitList } from '../../src/admin/ledger-inputs.ts';

test('a list is split at its commas, whatever its values are', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (values) => {
      const text = values.map((value) => value.replaceAll(/[\\,]/g, '\\$&')).join(',');
      assert.deepEqual(splitList(text), values);
    }),
  );
  assert.deepEqual(splitList(''), ['']);
  assert.deepEqual(splitList('a,,b\\c\\'), ['a', '', 'b\\c\\']);
});
