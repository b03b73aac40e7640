import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { JsonOutline } from '../../../src/domain/usage/json-outline.ts';
import type { OutlinePlan } from '../../../src/domain/usage/json-outline.ts';

const PLAN: OutlinePlan = {
  members: new Set(['a', 'b', 'in.a', 'in.deep.a', 'ü']),
  counted: new Set(['list', 'in.list']),
  opened: new Set(['in', 'in.deep']),
};

function outline(text: string | Buffer, cuts: readonly number[] = []): JsonOutline {
  const bytes = Buffer.from(text);
  const read = new JsonOutline(PLAN);
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    read.push(Buffer.from(bytes.subarray(start, end)));
    start = end;
  }
  return read;
}

/** The same by building the whole tree. */
function expected(value: Record<string, unknown>): unknown[] {
  const inner = isRecord(value['in']) ? value['in'] : {};
  const deep = isRecord(inner['deep']) ? inner['deep'] : {};
  return [value['a'], value['b'], inner['a'], deep['a'], countOf(value, 'list'), countOf(inner, 'list')];
}

function seen(read: JsonOutline): unknown[] {
  const members = ['a', 'b', 'in.a', 'in.deep.a'].map((path) => read.member(path));
  return [...members, read.count('list'), read.count('in.list')];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Numbers and the like are not counted: no list of these is of interest. */
function countOf(value: Record<string, unknown>, name: string): number | null {
  if (!Object.hasOwn(value, name)) return null;
  const list = value[name];
  if (!Array.isArray(list)) return 0;
  return list.filter((item) => typeof item === 'string' || (typeof item === 'object' && item !== null)).length;
}

const anyJson = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
const anyObject = fc.record(
  {
    a: anyJson,
    b: anyJson,
    list: fc.oneof(fc.array(anyJson), anyJson),
    other: anyJson,
    in: fc.oneof(
      anyJson,
      fc.record(
        {
          a: anyJson,
          list: fc.array(anyJson),
          deep: fc.oneof(anyJson, fc.record({ a: anyJson, x: anyJson }, { requiredKeys: [] })),
        },
        { requiredKeys: [] },
      ),
    ),
    'odd " \\ name': anyJson,
  },
  { requiredKeys: [] },
);

test('whatever the object and however it arrives, the outline is what a parser would have found', () => {
  const isSame = fc.property(
    anyObject,
    fc.array(fc.nat(4000), { maxLength: 8 }),
    fc.constantFrom(0, 2),
    (value, cuts, indent) => {
      const text = Buffer.from(JSON.stringify(value, null, indent));
      const ends = cuts.map((cut) => cut % (text.length + 1)).sort((one, other) => one - other);
      const read = outline(text, ends);
      const parsed: unknown = JSON.parse(text.toString());
      assert.ok(isRecord(parsed));
      assert.deepEqual(seen(read), expected(parsed));
      assert.deepEqual([read.whole, read.repeated, read.incomplete], [true, false, false]);
    },
  );
  fc.assert(isSame, { numRuns: 10_000 });
});

test('a cut object has the members that were complete, and is not whole', () => {
  const text = '{"a":{"x":[1,2]},"list":["p","q"],"b":12345}';
  for (let end = 0; end < text.length; end++) {
    const read = outline(text.slice(0, end));
    assert.equal(read.whole, false);
    assert.deepEqual(read.member('a'), end > text.indexOf(',"list"') ? { x: [1, 2] } : undefined, text.slice(0, end));
    assert.equal(read.count('list'), end > text.indexOf(',"b"') ? 2 : null);
    assert.equal(read.member('b'), undefined, 'half of a number is no number');
  }
});

test('names and texts in any spelling', () => {
  assert.equal(outline('{"\\u0061":"\\u00fc\\"}"}').member('a'), 'ü"}');
  assert.equal(outline('{ "a" : "grüße" }').member('a'), 'grüße');
  assert.equal(outline(String.raw`{"x":"\\","a":1}`).member('a'), 1);
  assert.equal(outline(String.raw`{"x":"\\\"","a":2}`).member('a'), 2);
  assert.equal(outline('{"x":"{\\"a\\":3","b":{"a":4}}').member('a'), undefined);
});

test('a name that stands twice is told of, and the last one counts', () => {
  for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"a":1,"x":{"a":9},"a":2}']) {
    const read = outline(text);
    assert.deepEqual([read.member('a'), read.repeated], [2, true]);
  }
  assert.equal(outline('{"x":1,"x":2,"y":{"a":1},"a":1}').repeated, false);
  assert.equal(outline('{"in":{"a":1},"in":{"b":2}}').repeated, true);
  assert.equal(outline('{"a":{"x":1,"x":2}}').repeated, true);
  assert.equal(outline('{"a":[{"y":{"x":1,"\\u0078":2}}]}').repeated, true);
  assert.equal(outline('{"a":[{"x":":"},{"x":{"x":1}}],"y":{"x":1,"x":2}}').repeated, false);
  assert.equal(outline('{"in":{"a":1},"in":{"a":2}}').repeated, true);
});

test('what is too long to keep is left out and told of, and what follows is read', () => {
  const long = 'x'.repeat(300 * 1024);
  for (const cuts of [[], [10, 100_000, 250_000]]) {
    const read = outline(JSON.stringify({ other: long, a: long, b: 1, list: [long, long] }), cuts);
    assert.deepEqual([read.member('a'), read.member('b'), read.count('list')], [undefined, 1, 2]);
    assert.deepEqual([read.incomplete, read.whole], [true, true]);
  }
  const longName = outline(`{"${'n'.repeat(100_000)}":1,"a":2}`, [1000, 50_000]);
  assert.equal(longName.member('a'), 2);
});

test('what is no object, or more than one, says nothing but the first', () => {
  for (const text of ['', '[{"a":1}]', '"a"', '12', 'null', '}{', ']', '\u0000']) {
    assert.deepEqual([outline(text).member('a'), outline(text).whole], [undefined, false], text);
  }
  const two = outline('{"a":1} {"a":2,"b":3}');
  assert.deepEqual([two.member('a'), two.member('b'), two.whole, two.repeated], [1, undefined, true, false]);
  assert.deepEqual([outline('{}').whole, outline('{}').incomplete], [true, false]);
});

test('nesting of any depth costs no stack', () => {
  const deep = outline(`{"other":${'['.repeat(200_000)}${']'.repeat(200_000)},"a":1}`);
  assert.equal(deep.member('a'), 1);
  const wanted = outline(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)},"b":1}`);
  assert.equal(wanted.member('b'), 1);
});

test('time is linear in the text, whatever stands in it', () => {
  const size = 2_000_000;
  const texts = [
    '"'.repeat(size),
    '\\'.repeat(size),
    '{"a":"' + '\\"'.repeat(size / 2),
    '[{'.repeat(size / 2),
    '{"":'.repeat(size / 4),
    ','.repeat(size),
    ':'.repeat(size),
  ];
  for (const text of texts) {
    const started = performance.now();
    outline(
      text,
      Array.from({ length: size / 16_384 }, (_, index) => index * 16_384),
    );
    const took = performance.now() - started;
    assert.ok(took < 1_000, `${text.slice(0, 6)}…: ${took} ms`);
  }
});
