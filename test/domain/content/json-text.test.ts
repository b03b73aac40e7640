import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { BodyText } from '../../../src/domain/content/body-text.ts';
import { compileRedaction, NO_REDACTION, type Redaction } from '../../../src/domain/content/redaction.ts';

const KIB = 1024;

interface Given {
  readonly bytesMax?: number;
  readonly redaction?: Redaction;
  /** Where the body is cut into chunks. */
  readonly cuts?: readonly number[];
}

function read(body: Buffer | string, { bytesMax = 64 * KIB, redaction = NO_REDACTION, cuts = [] }: Given = {}): string {
  const bytes = Buffer.from(body);
  const text = new BodyText({ bytesMax, redaction });
  let at = 0;
  for (const cut of [...cuts.map((one) => one % (bytes.length + 1)).sort((one, other) => one - other), bytes.length]) {
    text.push(bytes.subarray(at, cut));
    at = cut;
  }
  return text.end() ?? '';
}

function json(value: unknown, given?: Given): unknown {
  return JSON.parse(read(JSON.stringify(value), given));
}

function facts(bytes: Uint8Array): object {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

const anyCuts = fc.array(fc.nat(5000), { maxLength: 6 });

test('JSON says the same as before, however it arrives in pieces', () => {
  const isSame = fc.property(fc.jsonValue({ maxDepth: 6 }), anyCuts, fc.constantFrom(0, 2), (value, cuts, spaces) => {
    const isStructured = typeof value === 'object' && value !== null;
    const body = JSON.stringify(isStructured ? value : { value }, null, spaces);
    assert.deepEqual(JSON.parse(read(body, { cuts })), JSON.parse(body), body);
  });
  fc.assert(isSame, { numRuns: 5000 });
});

test('escapes are kept, wherever a piece ends', () => {
  const body = String.raw`{"a\"b":"\\","c":"\\\"","d":"\u00e9\ud83d\ude00é😀","e":["\\\\","x"]}`;
  for (let cut = 0; cut <= Buffer.byteLength(body); cut++) {
    assert.deepEqual(JSON.parse(read(body, { cuts: [cut] })), JSON.parse(body), `cut at ${cut}`);
  }
});

const image = randomBytes(3001);
const base64 = image.toString('base64');

const MEDIA: readonly (readonly [what: string, body: unknown, written: unknown])[] = [
  [
    'an image of Converse',
    {
      messages: [
        { role: 'user', content: [{ image: { format: 'png', source: { bytes: base64 } } }, { text: 'What?' }] },
      ],
    },
    {
      messages: [
        { role: 'user', content: [{ image: { format: 'png', source: { bytes: facts(image) } } }, { text: 'What?' }] },
      ],
    },
  ],
  [
    'a small document of Converse',
    { document: { name: 'a', source: { bytes: Buffer.from('hi there').toString('base64') } } },
    { document: { name: 'a', source: { bytes: facts(Buffer.from('hi there')) } } },
  ],
  [
    'an image of Anthropic',
    { source: { type: 'base64', media_type: 'image/png', data: base64 } },
    { source: { type: 'base64', media_type: 'image/png', data: facts(image) } },
  ],
  [
    'images a model made',
    { images: [base64, base64], error: null },
    { images: [facts(image), facts(image)], error: null },
  ],
  ['a data URL', { image_url: { url: `data:image/png;base64,${base64}` } }, { image_url: { url: facts(image) } }],
  [
    'bytes under any name',
    { artifacts: [{ finishReason: 'SUCCESS', whatever: base64 }] },
    { artifacts: [{ finishReason: 'SUCCESS', whatever: facts(image) }] },
  ],
  ['bytes without padding', { video: base64.replaceAll('=', '') }, { video: facts(image) }],
];

for (const [what, body, written] of MEDIA) {
  test(`${what} becomes its size and hash`, () => {
    assert.deepEqual(json(body), written);
    const isSame = fc.property(anyCuts, (cuts) => assert.deepEqual(json(body, { cuts }), written));
    fc.assert(isSame, { numRuns: 200 });
  });
}

test('base64 is read however it is escaped', () => {
  const spellings = [
    base64.replaceAll('/', String.raw`\/`),
    base64
      .replaceAll('+', String.raw`\u002B`)
      .replaceAll('/', String.raw`\u002f`)
      .replaceAll('=', String.raw`\u003d`),
  ];
  for (const spelling of spellings) {
    const body = `{"bytes":"${spelling}"}`;
    for (const cut of [1, 12, 20, 140, 141, 142, 143, 144, 145, 146, 1000, 1001, 1002, 1003]) {
      assert.deepEqual(JSON.parse(read(body, { cuts: [cut] })), { bytes: facts(image) });
    }
  }
});

test('a text is no bytes, however long its words are', () => {
  const values = {
    data: 'forty-two',
    image: 'cat',
    text: `${'A'.repeat(5000)} and more`,
    bytes: 'two words',
    id: 'a'.repeat(200),
  };
  assert.deepEqual(json(values), values);
});

test('what is written stays within its bound and is JSON', () => {
  const isBounded = fc.property(
    fc.jsonValue({ maxDepth: 5 }),
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.integer({ min: 64, max: 600 }),
    (value, text, bytesMax) => {
      const written = read(JSON.stringify({ text, value, list: [text, value, text] }), { bytesMax });
      assert.ok(Buffer.byteLength(written) <= bytesMax, `${Buffer.byteLength(written)} of ${bytesMax}`);
      JSON.parse(written);
    },
  );
  fc.assert(isBounded, { numRuns: 3000 });
});

test('what is left out at the end is said', () => {
  const written = json(
    { first: 'a', messages: [{ text: 'b '.repeat(250) }, { text: 'c' }], last: 1 },
    { bytesMax: 120 },
  );
  assert.deepEqual(written, { first: 'a', messages: [{ text: `${'b '.repeat(30)}…` }], _truncated: true });
});

test('a body that broke off is closed', () => {
  assert.deepEqual(JSON.parse(read('{"a":[1,{"b":"c')), { a: [1, { b: 'c' }], _truncated: true });
  assert.deepEqual(JSON.parse(read('{"a":[1,{"b":tru')), { a: [1, {}], _truncated: true });
});

test('fields are left out by name and by path, whole', () => {
  const redaction = compileRedaction(['Password', 'messages.*.content', 'user.ssn'], []);
  const body = {
    password: { hash: 'x', salt: ['y'] },
    messages: [
      { role: 'user', content: [{ text: 'secret' }] },
      { role: 'assistant', content: 'secret' },
    ],
    user: { ssn: 123, name: 'n', deep: { ssn: 1 } },
    deep: { list: [{ PASSWORD: null }], content: 'kept' },
  };
  const isSame = fc.property(anyCuts, (cuts) => {
    assert.deepEqual(json(body, { redaction, cuts }), {
      password: '[redacted]',
      messages: [
        { role: 'user', content: '[redacted]' },
        { role: 'assistant', content: '[redacted]' },
      ],
      user: { ssn: '[redacted]', name: 'n', deep: { ssn: 1 } },
      deep: { list: [{ PASSWORD: '[redacted]' }], content: 'kept' },
    });
  });
  fc.assert(isSame, { numRuns: 300 });
});

test('patterns are found in values, names and numbers, escaped or not', () => {
  const redaction = compileRedaction([], [String.raw`\d{13,19}`, 'sk-[a-z]{4,}', 'é{3}']);
  const body = String.raw`{"card":4111111111111111,"sk-abcdef":"x","text":"a \"sk-zzzz\" \u0073k-qqqq","u":"ééé é"}`;
  assert.deepEqual(JSON.parse(read(body, { redaction })), {
    card: '[redacted]',
    '[redacted]': 'x',
    text: 'a "[redacted]" [redacted]',
    u: '[redacted] é',
  });
});

test('no part of a secret is left by a cut, wherever it is', () => {
  const secret = 'sk-abcdefghijklmnopqrst';
  const redaction = compileRedaction([], ['sk-[a-z]{20}']);
  for (let before = 0; before < 120; before++) {
    const written = read(JSON.stringify({ text: `${'.'.repeat(before)}${secret}${'.'.repeat(600)}` }), {
      redaction,
      bytesMax: 100,
    });
    assert.doesNotMatch(written, /sk-|abc/, written);
    assert.ok(Buffer.byteLength(written) <= 100);
  }
});

test('another text is kept as it is, of bytes their size and hash', () => {
  const events = 'data: {"a":1}\n\ndata: grüße\n';
  assert.equal(read(events), events);
  assert.equal(read('a'.repeat(200), { bytesMax: 100 }), `${'a'.repeat(97)}…`);
  assert.equal(read(`${'a'.repeat(95)}€€€€${'b'.repeat(600)}`, { bytesMax: 100 }), `${'a'.repeat(95)}…`);
  const video = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypmp42'), randomBytes(100_000)]);
  assert.deepEqual(JSON.parse(read(video, { cuts: [5, 70_000] })), facts(video));
  assert.equal(read(''), '');
  assert.equal(read('{"a":1}\n{"b":2}\n'), '{"a":1}\n{"b":2}');
});

test('whatever comes, it stays within the bound and throws nothing', () => {
  const parts = ['{', '}', '[', ']', '"', ',', ':', '\\', 'u', '0', ' ', '1', 'é', 'password', 'null', '\n'];
  const redaction = compileRedaction(['password', 'a.*.b'], ['[0-9]{2,}', 'nu.']);
  const isTotal = fc.property(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: fc.constantFrom(...parts), maxLength: 200 }).map((text) => Buffer.from(`{${text}`)),
    ),
    anyCuts,
    fc.integer({ min: 128, max: 300 }),
    (body, cuts, bytesMax) => {
      assert.ok(Buffer.byteLength(read(body, { cuts, redaction, bytesMax })) <= bytesMax);
    },
  );
  fc.assert(isTotal, { numRuns: 20_000 });
});

test('a field that is left out stays out of what is no JSON', () => {
  const redaction = compileRedaction(['password'], []);
  for (const body of [
    '{"password":"hunter2"',
    '{"password" : "hunter2',
    '[{"password":["hunter2"',
    '{"a":1 "password":{"x":"hunter2"}}]',
  ]) {
    assert.doesNotMatch(read(body, { redaction }), /hunter2/, body);
  }
});

test('many megabytes are read in linear time, and little of them is kept', () => {
  const megabytes = (count: number): number => {
    const big = Buffer.from(
      JSON.stringify({ images: Array.from({ length: count }, () => 'A'.repeat(1024 * KIB)), text: 'x' }),
    );
    const started = performance.now();
    const text = new BodyText({ bytesMax: 64 * KIB, redaction: NO_REDACTION });
    for (let at = 0; at < big.length; at += 16 * KIB) text.push(big.subarray(at, at + 16 * KIB));
    const written = text.end() ?? '';
    assert.ok(written.length < 200 * count && written.endsWith('"text":"x"}'));
    return performance.now() - started;
  };
  megabytes(2);
  const ratio = megabytes(16) / megabytes(2);
  assert.ok(ratio < 40, `eight times the size took ${ratio.toFixed(0)} times as long`);
});
