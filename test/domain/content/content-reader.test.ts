import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FrameReader } from '../../../src/domain/aws/event-stream/frame-reader.ts';
import { encodeExceptionFrame, encodeFrame } from '../../../src/domain/aws/event-stream/frame-writer.ts';
import type { ContentOptions } from '../../../src/domain/content/body-text.ts';
import { createContentReader, requestContent } from '../../../src/domain/content/content-reader.ts';
import { compileRedaction, NO_REDACTION } from '../../../src/domain/content/redaction.ts';

const OPTIONS: ContentOptions = { bytesMax: 64 * 1024, redaction: NO_REDACTION };

function event(type: string, payload: object): Buffer {
  const headers = [
    [':event-type', type],
    [':content-type', 'application/json'],
    [':message-type', 'event'],
  ] as const;
  return encodeFrame(headers, Buffer.from(JSON.stringify(payload)));
}

function chunk(payload: object): Buffer {
  return event('chunk', { bytes: Buffer.from(JSON.stringify(payload)).toString('base64'), p: 'abcd' });
}

function streamText(operation: string, frames: readonly Buffer[], options = OPTIONS): string | null {
  const reader = createContentReader(operation, options);
  const watch = new FrameReader({ onFrame: (frame) => reader.frame(frame) });
  for (const frame of frames) watch.push(frame);
  assert.equal(watch.corrupt, false);
  return reader.end();
}

function streamed(operation: string, frames: readonly Buffer[], options = OPTIONS): unknown {
  return JSON.parse(streamText(operation, frames, options) ?? 'null');
}

const CONVERSE_STREAM = 'bedrock-runtime:ConverseStream';
const WITH_TOOL = [
  event('messageStart', { role: 'assistant', p: 'ab' }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Weather: ' } } }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'a tool.' } } }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'sig' } } }),
  event('contentBlockStop', { contentBlockIndex: 0 }),
  event('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Let me ' }, p: 'abc' }),
  event('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'look – grüße.' } }),
  event('contentBlockStop', { contentBlockIndex: 1 }),
  event('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 't1', name: 'weather' } } }),
  event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"city":' } } }),
  event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '"Berlin","days":2}' } } }),
  event('contentBlockStop', { contentBlockIndex: 2 }),
  event('messageStop', { stopReason: 'tool_use', p: 'a' }),
  event('metadata', { usage: { inputTokens: 5, outputTokens: 7 }, metrics: { latencyMs: 400 }, p: 'abcdef' }),
];

test('a ConverseStream with tool use reads as Converse would have answered', () => {
  assert.deepEqual(streamed(CONVERSE_STREAM, WITH_TOOL), {
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Weather: a tool.', signature: 'sig' } } },
          { text: 'Let me look – grüße.' },
          { toolUse: { toolUseId: 't1', name: 'weather', input: { city: 'Berlin', days: 2 } } },
        ],
      },
    },
    stopReason: 'tool_use',
    usage: { inputTokens: 5, outputTokens: 7 },
    metrics: { latencyMs: 400 },
  });
});

test('a stream that was cut says what it had said, its tool use closed', () => {
  const frames = [...WITH_TOOL.slice(0, 10), encodeExceptionFrame('throttlingException', 'Too many.')];
  assert.deepEqual(streamed(CONVERSE_STREAM, frames.slice(4)), {
    output: {
      message: {
        role: 'assistant',
        content: [
          { text: 'Let me look – grüße.' },
          { toolUse: { toolUseId: 't1', name: 'weather', input: { _truncated: true } } },
        ],
      },
    },
    exception: { type: 'throttlingException', message: 'Too many.' },
  });
});

const INVOKE_STREAM = 'bedrock-runtime:InvokeModelWithResponseStream';

test('a stream of Anthropic reads as the message it is', () => {
  const frames = [
    chunk({
      type: 'message_start',
      message: {
        id: 'm1',
        type: 'message',
        role: 'assistant',
        model: 'claude',
        content: [],
        usage: { input_tokens: 9, output_tokens: 1 },
      },
    }),
    chunk({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } }),
    chunk({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm, ' } }),
    chunk({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'yes.' } }),
    chunk({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'sig' } }),
    chunk({ type: 'content_block_stop', index: 0 }),
    chunk({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }),
    chunk({ type: 'ping' }),
    chunk({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hello' } }),
    chunk({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: ', you.' } }),
    chunk({
      type: 'content_block_start',
      index: 2,
      content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
    }),
    chunk({ type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '' } }),
    chunk({ type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":[1' } }),
    chunk({ type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: ',2]}' } }),
    chunk({
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 12 },
    }),
    chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 9, outputTokenCount: 12 } }),
  ];
  assert.deepEqual(streamed(INVOKE_STREAM, frames), {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [
      { type: 'thinking', thinking: 'Hm, yes.', signature: 'sig' },
      { type: 'text', text: 'Hello, you.' },
      { type: 'tool_use', id: 't', name: 'f', input: { a: [1, 2] } },
    ],
    usage: { input_tokens: 9, output_tokens: 12 },
    stop_reason: 'tool_use',
    stop_sequence: null,
    'amazon-bedrock-invocationMetrics': { inputTokenCount: 9, outputTokenCount: 12 },
  });
});

const FAMILIES: readonly (readonly [family: string, chunks: readonly object[], text: string])[] = [
  [
    'Titan',
    [
      { outputText: 'One ', index: 0 },
      { outputText: 'two.', completionReason: 'FINISH' },
    ],
    'One two.',
  ],
  ['Llama', [{ generation: 'One ' }, { generation: 'two.', stop_reason: 'stop' }], 'One two.'],
  ['Mistral', [{ outputs: [{ text: 'One ' }] }, { outputs: [{ text: 'two.', stop_reason: 'stop' }] }], 'One two.'],
  [
    'Cohere',
    [
      { text: 'One ', event_type: 'text-generation' },
      { text: 'two.', is_finished: true },
    ],
    'One two.',
  ],
  [
    'OpenAI',
    [{ choices: [{ delta: { content: 'One ' } }] }, { choices: [{ delta: { content: 'two.' } }] }],
    'One two.',
  ],
];

for (const [family, chunks, text] of FAMILIES) {
  test(`chunks of ${family} read as one text`, () => {
    assert.deepEqual(streamed(INVOKE_STREAM, chunks.map(chunk)), { text, lastChunk: chunks.at(-1) });
  });
}

test('chunks of Nova read as an answer of Converse', () => {
  const frames = [
    chunk({ messageStart: { role: 'assistant' } }),
    chunk({ contentBlockDelta: { delta: { text: 'Hi ' }, contentBlockIndex: 0 } }),
    chunk({ contentBlockDelta: { delta: { text: 'there.' }, contentBlockIndex: 0 } }),
    chunk({ messageStop: { stopReason: 'end_turn' } }),
  ];
  assert.deepEqual(streamed(INVOKE_STREAM, frames), {
    output: { message: { role: 'assistant', content: [{ text: 'Hi there.' }] } },
    stopReason: 'end_turn',
  });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('an InvokeAgent with trace reads as its completion, and what led to it', () => {
  const file = randomBytes(2000);
  const frames = [
    event('trace', {
      agentId: 'A',
      sessionId: 's',
      trace: { orchestrationTrace: { rationale: { text: 'I should look.' } } },
    }),
    event('chunk', { bytes: base64('The answer '), attribution: { citations: [{ retrievedReferences: [] }] } }),
    event('chunk', { bytes: base64('is 42.') }),
    event('files', { files: [{ name: 'a.png', type: 'image/png', bytes: file.toString('base64') }] }),
    event('returnControl', { invocationId: 'i', invocationInputs: [{ functionInvocationInput: { function: 'f' } }] }),
  ];
  assert.deepEqual(streamed('bedrock-agent-runtime:InvokeAgent', frames), {
    completion: 'The answer is 42.',
    citations: [{ retrievedReferences: [] }],
    files: [
      {
        files: [
          {
            name: 'a.png',
            type: 'image/png',
            bytes: { bytes: 2000, sha256: createHash('sha256').update(file).digest('hex') },
          },
        ],
      },
    ],
    returnControl: [{ invocationId: 'i', invocationInputs: [{ functionInvocationInput: { function: 'f' } }] }],
    traces: [{ orchestrationTrace: { rationale: { text: 'I should look.' } } }],
  });
});

test('a RetrieveAndGenerateStream reads as one text; of an unknown stream the events are kept', () => {
  const frames = [
    event('output', { text: 'One ' }),
    event('output', { text: 'two.' }),
    event('citation', { citation: { x: 1 } }),
  ];
  assert.deepEqual(streamed('bedrock-agent-runtime:RetrieveAndGenerateStream', frames), {
    output: { text: 'One two.' },
    events: [{ citation: { citation: { x: 1 } } }],
  });
  assert.deepEqual(streamed('bedrock-agent-runtime:InvokeFlow', frames.slice(0, 1)), {
    events: [{ output: { text: 'One ' } }],
  });
});

test('an ApplyGuardrail and other answers without a stream are kept as they are', () => {
  const answer = { action: 'GUARDRAIL_INTERVENED', outputs: [{ text: 'No.' }], usage: { topicPolicyUnits: 1 } };
  const reader = createContentReader('bedrock-runtime:ApplyGuardrail', OPTIONS);
  const bytes = Buffer.from(JSON.stringify(answer, null, 2));
  reader.push(bytes.subarray(0, 20));
  reader.push(bytes.subarray(20));
  assert.deepEqual(JSON.parse(reader.end() ?? ''), answer);
  assert.equal(createContentReader('bedrock-runtime:ApplyGuardrail', OPTIONS).end(), null);
  const request = { source: 'INPUT', content: [{ text: { text: 'Tell me.' } }] };
  assert.deepEqual(JSON.parse(requestContent(Buffer.from(JSON.stringify(request)), OPTIONS, true) ?? ''), request);
  assert.equal(requestContent(new Uint8Array(0), OPTIONS, true), null);
  const broken = Buffer.from('{"password":"secret", messages: [}');
  assert.equal(requestContent(broken, OPTIONS, true), `{"_notJson":true,"bytes":${broken.length}}`);
  assert.equal(requestContent(Buffer.from('no JSON at all'), OPTIONS, true), 'no JSON at all');
});

test('what is redacted is found in streams too: across events, and by name in a tool use that broke off', () => {
  const redaction = compileRedaction(['pin', 'usage'], ['sk-[a-z]{8}']);
  const frames = [
    event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'The key is sk-ab' } }),
    event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'cdefgh, keep it.' } }),
    event('contentBlockStart', { contentBlockIndex: 1, start: { toolUse: { toolUseId: 't', name: 'pay' } } }),
    event('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '{"to":"me","pin":"12' } } }),
    event('metadata', { usage: { inputTokens: 5 } }),
  ];
  assert.deepEqual(streamed(CONVERSE_STREAM, frames, { ...OPTIONS, redaction }), {
    output: {
      message: {
        role: 'assistant',
        content: [
          { text: 'The key is [redacted], keep it.' },
          { toolUse: { toolUseId: 't', name: 'pay', input: { to: 'me', pin: '[redacted]', _truncated: true } } },
        ],
      },
    },
    usage: '[redacted]',
  });
});

test('a long stream is kept up to the bound, whatever its events are', () => {
  const delta = (text: string): Buffer => event('contentBlockDelta', { contentBlockIndex: 0, delta: { text } });
  const options = { ...OPTIONS, bytesMax: 4096 };
  const long =
    streamText(
      CONVERSE_STREAM,
      Array.from({ length: 5000 }, (_, index) => delta(`word ${index} `)),
      options,
    ) ?? '';
  assert.ok(long.length <= 4096 && long.length > 4000 && long.endsWith('"_truncated":true}'), long.slice(-60));
  JSON.parse(long);
  const tools = Array.from({ length: 5000 }, (_, index) =>
    event('contentBlockStart', { contentBlockIndex: index, start: { toolUse: { toolUseId: `t${index}`, name: 'f' } } }),
  );
  assert.ok((streamText(CONVERSE_STREAM, tools, options) ?? '').length <= 4096);
  const traces = Array.from({ length: 500 }, () => event('trace', { trace: { rationale: 'why '.repeat(50) } }));
  assert.ok((streamText('bedrock-agent-runtime:InvokeAgent', traces, options) ?? '').length <= 4096);
  assert.deepEqual(streamed(CONVERSE_STREAM, [delta('x'.repeat(70_000)), delta('after')]), {
    output: { message: { role: 'assistant', content: [{ text: 'after' }] } },
    _eventsTooLong: 1,
  });
});

test('whatever comes, a reader says something or nothing and throws nothing', () => {
  const types = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'metadata', 'chunk', 'trace', 'output', ''];
  const operations = [CONVERSE_STREAM, INVOKE_STREAM, 'bedrock-agent-runtime:InvokeAgent', 'x:Y'];
  const anyPayload = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string({ maxLength: 20 }),
    fc.json({ maxDepth: 3 }).map((text) => JSON.stringify({ bytes: base64(text), delta: { text } })),
  );
  const isTotal = fc.property(
    fc.constantFrom(...operations),
    fc.array(fc.tuple(fc.constantFrom(...types), fc.constantFrom('event', 'exception', undefined), anyPayload)),
    (operation, events) => {
      const reader = createContentReader(operation, { ...OPTIONS, bytesMax: 512 });
      for (const [eventType, messageType, payload] of events) {
        const headers = new Map<string, never>();
        reader.frame({
          eventType,
          messageType,
          exceptionType: undefined,
          headers,
          payload: Buffer.from(payload),
          bytes: 0,
        });
      }
      JSON.parse(reader.end() ?? 'null');
    },
  );
  fc.assert(isTotal, { numRuns: 5000 });
});
