import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputMessages, outputMessage } from '../../../src/domain/otlp/messages.ts';

test('messages of Converse', () => {
  const request = {
    system: [{ text: 'Be brief.' }],
    messages: [
      {
        role: 'user',
        content: [{ text: 'Weather?' }, { image: { format: 'png', source: { bytes: { bytes: 5, sha256: 'ab' } } } }],
      },
      {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.' } } },
          { toolUse: { toolUseId: 't', name: 'weather', input: { city: 'Paris' } } },
        ],
      },
      { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ text: 'rainy' }] } }] },
    ],
  };
  assert.deepEqual(inputMessages(JSON.stringify(request)), {
    system: [{ type: 'text', content: 'Be brief.' }],
    messages: [
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'Weather?' },
          { type: 'image', image: { format: 'png', source: { bytes: { bytes: 5, sha256: 'ab' } } } },
        ],
      },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Hm.' },
          { type: 'tool_call', id: 't', name: 'weather', arguments: { city: 'Paris' } },
        ],
      },
      { role: 'user', parts: [{ type: 'tool_call_response', id: 't', response: [{ text: 'rainy' }] }] },
    ],
  });
});

test('messages of Anthropic', () => {
  const request = {
    system: 'Be brief.',
    messages: [
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.' },
          { type: 'tool_use', id: 't', name: 'f', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't', content: 'done' },
          { type: 'text', text: 'And?' },
        ],
      },
    ],
  };
  const { messages, system } = inputMessages(JSON.stringify(request));
  assert.deepEqual(system, [{ type: 'text', content: 'Be brief.' }]);
  assert.deepEqual(
    messages.map(({ parts }) => parts),
    [
      [{ type: 'text', content: 'Hi' }],
      [
        { type: 'reasoning', content: 'Hm.' },
        { type: 'tool_call', id: 't', name: 'f', arguments: {} },
      ],
      [
        { type: 'tool_call_response', id: 't', response: 'done' },
        { type: 'text', content: 'And?' },
      ],
    ],
  );
});

test('other requests are one message: their prompt, or their text', () => {
  const user = (content: string): object => ({
    messages: [{ role: 'user', parts: [{ type: 'text', content }] }],
    system: [],
  });
  assert.deepEqual(inputMessages('{"inputText":"Hi"}'), user('Hi'));
  assert.deepEqual(inputMessages('{"prompt":"Hi","max_tokens":5}'), user('Hi'));
  assert.deepEqual(inputMessages('{"source":"INPUT"}'), user('{"source":"INPUT"}'));
  assert.deepEqual(inputMessages('no JSON'), user('no JSON'));
});

const text = (content: string): object[] => [{ type: 'text', content }];
const ANSWERS: readonly (readonly [what: string, response: unknown, parts: readonly object[], reason: string])[] = [
  [
    'Converse',
    { output: { message: { role: 'assistant', content: [{ text: 'Hi.' }] } }, stopReason: 'end_turn' },
    text('Hi.'),
    'stop',
  ],
  [
    'Anthropic',
    { role: 'assistant', content: [{ type: 'text', text: 'Hi.' }], stop_reason: 'max_tokens' },
    text('Hi.'),
    'length',
  ],
  [
    'a tool use',
    {
      output: { message: { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'f', input: {} } }] } },
      stopReason: 'tool_use',
    },
    [{ type: 'tool_call', id: 't', name: 'f', arguments: {} }],
    'tool_call',
  ],
  ['an agent', { completion: 'Hi.', traces: [] }, text('Hi.'), 'stop'],
  ['RetrieveAndGenerate', { output: { text: 'Hi.' } }, text('Hi.'), 'stop'],
  [
    'a guardrail that stepped in',
    { output: { message: { content: [{ text: 'No.' }] } }, stopReason: 'guardrail_intervened' },
    text('No.'),
    'content_filter',
  ],
  ['anything else', { embedding: [1] }, text('{"embedding":[1]}'), 'stop'],
];

for (const [what, response, parts, reason] of ANSWERS) {
  test(`an answer of ${what}`, () => {
    const message = outputMessage(JSON.stringify(response), true);
    assert.deepEqual(message, { role: 'assistant', parts, finish_reason: reason });
  });
}

test('an answer that broke off ended by an error', () => {
  assert.equal(outputMessage('{"output":{"message":{"content":[]}}}', false).finish_reason, 'error');
});
