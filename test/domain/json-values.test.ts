import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { JSON_DEPTH_MAX } from '../../src/domain/json-scanner.ts';
import { readJsonString } from '../../src/domain/json-values.ts';
import type { JsonString } from '../../src/domain/json-values.ts';

const encoder = new TextEncoder();
const read = (text: string, ...path: string[]): JsonString => readJsonString(encoder.encode(text), path);
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const CASES: readonly [json: string, path: readonly string[], expected: JsonString['kind'], value?: string][] = [
  ['{"a":"b"}', ['a'], 'found', 'b'],
  [' { "x" : [ 1 , {} ] ,\r\n\t"a" : "b" } ', ['a'], 'found', 'b'],
  ['{"\\u0061":"b"}', ['a'], 'found', 'b'],
  ['{"a":"\\"\\\\\\u00e9\\n"}', ['a'], 'found', '"\\é\n'],
  ['{"x":"a\\\\","a":"b"}', ['a'], 'found', 'b'],
  ['{"x":"\\",\\"a\\":\\"no"}', ['a'], 'absent'],
  ['{"x":{"a":"b"}}', ['a'], 'absent'],
  ['{"x":{"a":"b"}}', ['x', 'a'], 'found', 'b'],
  ['{"x":[{"a":"b"}]}', ['x', 'a'], 'malformed'],
  ['{}', ['a'], 'absent'],
  ['{"a":null}', ['a'], 'absent'],
  ['{"x":null}', ['x', 'a'], 'absent'],
  ['{"A":"b"}', ['a'], 'absent'],
  ['{"a":"b","a":"c"}', ['a'], 'duplicate'],
  ['{"a":"b","\\u0061":"b"}', ['a'], 'duplicate'],
  ['{"a":"b","x":1,"a":null}', ['a'], 'duplicate'],
  ['{"x":{"a":"b"},"x":{}}', ['x', 'a'], 'duplicate'],
  ['{"x":{"a":"b","a":"b"}}', ['x', 'a'], 'duplicate'],
  ['{"y":1,"y":2,"a":"b"}', ['a'], 'found', 'b'],
  ['{"a":1}', ['a'], 'malformed'],
  ['{"a":{}}', ['a'], 'malformed'],
  ['{"a":["b"]}', ['a'], 'malformed'],
  ['', ['a'], 'malformed'],
  ['[]', ['a'], 'malformed'],
  ['"a"', ['a'], 'malformed'],
  ['{"a":"b"', ['a'], 'malformed'],
  ['{"a":"b"}}', ['a'], 'malformed'],
  ['{"a":"b"} x', ['a'], 'malformed'],
  ['{"a":"b",}', ['a'], 'malformed'],
  ['{"a":"b" "c":1}', ['a'], 'malformed'],
  ['{"a":"b","x":[1,]}', ['a'], 'malformed'],
  ['{"a":"b","x":[1}}', ['a'], 'malformed'],
  ['{"a":"b","x":}', ['a'], 'malformed'],
  ['{"a":"b","x":/**/1}', ['a'], 'malformed'],
  ["{'a':'b'}", ['a'], 'malformed'],
  ['{a:"b"}', ['a'], 'malformed'],
  ['{"a":"\n"}', ['a'], 'malformed'],
  ['{"a":"\\x"}', ['a'], 'malformed'],
  ['{"a":"b\\', ['a'], 'malformed'],
  ['\ufeff{"a":"b"}', ['a'], 'malformed'],
];

for (const [json, path, kind, value] of CASES) {
  test(`${path.join('.')} of ${JSON.stringify(json)} is ${value ?? kind}`, () => {
    assert.deepEqual(read(json, ...path), value === undefined ? { kind } : { kind, value });
  });
}

test('bytes that are not UTF-8 in a value are malformed, not replaced', () => {
  const body = Buffer.from([...encoder.encode('{"a":"'), 0xff, ...encoder.encode('"}')]);
  assert.deepEqual(readJsonString(body, ['a']), { kind: 'malformed' });
});

test('nesting beyond the bound is malformed and does not end the stack', () => {
  assert.equal(read(`{"x":${nested(JSON_DEPTH_MAX)},"a":"b"}`, 'a').kind, 'found');
  assert.equal(read(`{"x":${nested(JSON_DEPTH_MAX + 1)},"a":"b"}`, 'a').kind, 'malformed');
  assert.equal(read(`{"x":${nested(1_000_000)},"a":"b"}`, 'a').kind, 'malformed');
});

test('a megabyte of backslashes is read in linear time', () => {
  const backslashes = '\\\\'.repeat(500_000);
  assert.equal(read(`{"x":"${backslashes}","y":"${'\\"'.repeat(500_000)}","a":"b"}`, 'a').kind, 'found');
});

test('agrees with JSON.parse on every object whose names are distinct', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.string(), (object, name, value) => {
      const text = JSON.stringify({ ...object, [name]: value });
      assert.deepEqual(read(text, name), { kind: 'found', value });
    }),
    { numRuns: 1000, seed: 2 },
  );
});

test('is total over arbitrary bytes and over mutated JSON', () => {
  const kinds = new Set(['found', 'absent', 'duplicate', 'malformed']);
  const mutated = fc
    .tuple(fc.json(), fc.nat(), fc.nat(255))
    .map(([text, at, byte]) => encoder.encode(`{"a":"b","x":${text}}`).with(at % (text.length + 13), byte));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (body) => {
      assert.ok(kinds.has(readJsonString(body, ['a']).kind));
    }),
    { numRuns: 20_000, seed: 2 },
  );
});
