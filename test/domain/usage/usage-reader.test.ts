import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createUsageReader } from '../../../src/domain/usage/create-usage-reader.ts';
import { USAGE_UNITS } from '../../../src/domain/usage/usage.ts';
import type { Usage, UsageUnit } from '../../../src/domain/usage/usage.ts';
import { chunkFrame, eventFrame, FIXTURES, requestFor, usageOf } from './fixtures.ts';
import type { Fixture } from './fixtures.ts';

for (const fixture of FIXTURES) {
  test(fixture.name, () => assert.deepEqual(usageOf(fixture, fixture.answer, [], true), fixture.usage));
}

const anyFixture = fc.constantFrom(...FIXTURES);
const anyCuts = fc.array(fc.nat(20_000), { maxLength: 12 });

function within(cuts: readonly number[], length: number): number[] {
  return cuts.map((cut) => cut % (length + 1)).sort((one, other) => one - other);
}

test('however an answer arrives in pieces, its usage is the same', () => {
  const isSame = fc.property(anyFixture, anyCuts, (fixture, cuts) => {
    assert.deepEqual(usageOf(fixture, fixture.answer, within(cuts, fixture.answer.length), true), fixture.usage);
  });
  fc.assert(isSame, { numRuns: 10_000 });
  for (const fixture of FIXTURES) {
    const everyByte = Array.from({ length: fixture.answer.length }, (_, index) => index);
    assert.deepEqual(usageOf(fixture, fixture.answer, everyByte, true), fixture.usage, fixture.name);
  }
});

/** Cache writes of both lifetimes count as one: which they are may stand where the answer was cut. */
function totals(usage: Usage): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { unit, quantity } of usage.lines) {
    const name = unit === 'cacheWrite1hTokens' ? 'cacheWrite5mTokens' : unit;
    sums.set(name, (sums.get(name) ?? 0) + quantity);
  }
  return sums;
}

/** Units whose headers alone say how much, whatever comes of the body. */
function isLowerBound(part: Usage, whole: Usage): boolean {
  const wholeTotals = totals(whole);
  return [...totals(part)].every(([unit, quantity]) => quantity <= (wholeTotals.get(unit) ?? 0));
}

/** Models that make images or rank do not charge by the tokens their headers count, which only the body tells. */
const hasMisleadingHeaders = ({ headers, usage }: Fixture): boolean =>
  headers.length > 0 &&
  usage.lines.some(({ unit }) => unit === 'outputImages' || unit === 'searchQueries' || unit === 'cacheReadTokens');

test('an answer cut anywhere says no more than the whole, and that it is not all', () => {
  for (const fixture of FIXTURES) {
    for (let end = 0; end < fixture.answer.length; end++) {
      const part = usageOf(fixture, fixture.answer.subarray(0, end), [], false);
      const where = `${fixture.name}, cut at ${end}: ${JSON.stringify(part.lines)}`;
      if (fixture.usage.source === 'free' || fixture.usage.source === 'request') continue;
      assert.equal(part.complete, false, where);
      if (!hasMisleadingHeaders(fixture)) assert.ok(isLowerBound(part, fixture.usage), where);
    }
  }
});

test('a JSON answer that breaks off where HTTP sees its end says that it is not all', () => {
  const objects = FIXTURES.filter(({ isStream, answer, usage }) => {
    return !isStream && usage.source === 'answer' && answer.toString().startsWith('{');
  });
  assert.ok(objects.length > 10);
  for (const fixture of objects) {
    for (let end = 0; end < fixture.answer.length; end++) {
      const part = usageOf(fixture, fixture.answer.subarray(0, end), [], true);
      assert.equal(part.complete, false, `${fixture.name}, cut at ${end}: ${JSON.stringify(part.lines)}`);
    }
  }
});

test('a stream that was cut keeps what it had said', () => {
  const start = {
    type: 'message_start',
    message: { usage: { input_tokens: 900, cache_read_input_tokens: 30, output_tokens: 3 } },
  };
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Once' } };
  const fixture = FIXTURES.find(({ isStream }) => isStream);
  assert.ok(fixture);
  const cut = usageOf(
    {
      ...fixture,
      request: requestFor('bedrock-runtime:InvokeModelWithResponseStream', { modelId: 'anthropic.claude-x' }),
      headers: [],
    },
    Buffer.concat([chunkFrame(start), chunkFrame(delta)]),
    [],
    false,
  );
  assert.deepEqual(cut, {
    lines: [
      { unit: 'inputTokens', quantity: 900, modelId: null, variant: null },
      { unit: 'outputTokens', quantity: 3, modelId: null, variant: null },
      { unit: 'cacheReadTokens', quantity: 30, modelId: null, variant: null },
    ],
    source: 'answer',
    complete: false,
    serviceTier: null,
    latencyOptimized: false,
  });
});

test('images to embed are counted though the request is gone when its answer ends', () => {
  const inputs = [{ content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } }] }];
  const request = requestFor('bedrock-runtime:InvokeModel', { modelId: 'cohere.embed-v4:0', body: { inputs } });
  const reader = createUsageReader(request, 200, ['X-Amzn-Bedrock-Input-Token-Count', '7']);
  request.letGoOfBody();
  reader.push(Buffer.from('{"embeddings":{"float":[[0.1]]}}'));
  const lines = reader.end(true).lines.map(({ unit, quantity }) => [unit, quantity]);
  assert.deepEqual(lines, [
    ['inputTokens', 7],
    ['inputImages', 1],
  ]);
});

test('a chunk is read however its JSON is written', () => {
  const metrics = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 5, outputTokenCount: 6 }, '?': '???>>>' };
  const base64 = Buffer.from(JSON.stringify(metrics)).toString('base64');
  assert.ok(base64.includes('/'));
  const spellings = [
    `{"bytes":"${base64}"}`,
    `{"bytes":"${base64.replaceAll('/', String.raw`\/`)}"}`,
    `{ "p" : "abc", "bytes" : "${base64}" }`,
    `{"bytes":"${base64}","p":"abc"}`,
  ];
  for (const spelling of spellings) {
    const request = requestFor('bedrock-runtime:InvokeModelWithResponseStream', { modelId: 'cohere.command-r-v1:0' });
    const reader = createUsageReader(request, 200, []);
    const payload = Buffer.from(spelling);
    reader.frame({
      messageType: 'event',
      eventType: 'chunk',
      exceptionType: undefined,
      headers: new Map(),
      bytes: 0,
      payload,
    });
    assert.deepEqual(
      reader.end(true).lines.map(({ quantity }) => quantity),
      [5, 6],
      spelling,
    );
  }
});

const UNITS = new Set<UsageUnit>(USAGE_UNITS);

const JSON_PARTS = ['{', '}', '[', ']', '"', ',', ':', '\\', 'u', '0', ' ', '1', '.', '-', 'usage', 'images', 'null'];

test('whatever comes, a reader says something and throws nothing', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
    fc.string({ unit: fc.constantFrom(...JSON_PARTS), maxLength: 200 }).map((text) => Buffer.from(text)),
  );
  const isTotal = fc.property(
    anyFixture,
    fc.array(anyBytes, { maxLength: 4 }),
    anyBytes,
    fc.boolean(),
    (fixture, pieces, body, complete) => {
      const request = requestFor(fixture.request.operation.qualifiedName, {
        modelId: fixture.request.modelId,
        body: Buffer.from(body),
      });
      const reader = createUsageReader(request, 200, fixture.headers);
      for (const piece of pieces) {
        reader.push(Buffer.from(piece));
        const frame = {
          exceptionType: undefined,
          headers: new Map<string, never>(),
          bytes: 0,
          payload: Buffer.from(piece),
        };
        for (const eventType of ['metadata', 'chunk', 'trace', 'flowTraceEvent'])
          reader.frame({ ...frame, messageType: 'event', eventType });
      }
      for (const { unit, quantity } of reader.end(complete).lines) {
        assert.ok(UNITS.has(unit));
        assert.ok(quantity > 0 && Number.isFinite(quantity));
      }
    },
  );
  fc.assert(isTotal, { numRuns: 20_000 });
});

test('damage of any byte of a real answer throws nothing', () => {
  const isTotal = fc.property(
    anyFixture,
    fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { minLength: 1, maxLength: 5 }),
    (fixture, damage) => {
      const answer = Buffer.from(fixture.answer);
      for (const [at, value] of damage) answer.writeUInt8(value, at % answer.length);
      usageOf(fixture, answer, [], true);
    },
  );
  fc.assert(isTotal, { numRuns: 10_000 });
});

test('an event too long to be read makes the usage incomplete', () => {
  const request = requestFor('bedrock-runtime:ConverseStream', { modelId: 'amazon.nova-lite-v1:0' });
  const fixture: Fixture = {
    name: '',
    request,
    status: 200,
    headers: [],
    answer: Buffer.alloc(0),
    isStream: true,
    usage: FIXTURES[0]?.usage ?? assert.fail(),
  };
  const long = eventFrame('metadata', { usage: { inputTokens: 1 }, trace: 'x'.repeat(70_000) });
  assert.deepEqual(usageOf(fixture, long, [], true).source, 'unknown');
  const agent = { ...fixture, request: requestFor('bedrock-agent-runtime:InvokeAgent', {}) };
  const step = (text: string): Buffer =>
    eventFrame('trace', {
      trace: {
        orchestrationTrace: {
          modelInvocationOutput: { rawResponse: text, metadata: { usage: { inputTokens: 4, outputTokens: 2 } } },
        },
      },
    });
  const { lines, complete } = usageOf(agent, Buffer.concat([step('short'), step('x'.repeat(70_000))]), [], true);
  assert.deepEqual([lines.map(({ quantity }) => quantity), complete], [[4, 2], false]);
});

test('answers of many megabytes are read to their end, and little of them is kept', () => {
  const image = 'A'.repeat(4 * 1024 * 1024);
  const request = requestFor('bedrock-runtime:InvokeModel', {
    modelId: 'amazon.nova-canvas-v1:0',
    body: { taskType: 'TEXT_IMAGE' },
  });
  const reader = createUsageReader(request, 200, []);
  const answer = Buffer.from(JSON.stringify({ images: [image, image, image], error: null }));
  for (let at = 0; at < answer.length; at += 16_384) reader.push(answer.subarray(at, at + 16_384));
  assert.deepEqual(reader.end(true).lines, [
    { unit: 'outputImages', quantity: 3, modelId: null, variant: '1024x1024/standard' },
  ]);
  const { lines, complete, source } = ((): Usage => {
    const converse = createUsageReader(requestFor('bedrock-runtime:Converse', {}), 200, []);
    converse.push(
      Buffer.from(
        JSON.stringify({ trace: { guardrail: { modelOutput: [image] } }, usage: { inputTokens: 5, outputTokens: 6 } }),
      ),
    );
    return converse.end(true);
  })();
  assert.deepEqual(
    [lines.length, complete, source],
    [2, false, 'answer'],
    'a trace too long to keep leaves the tokens',
  );
});
