import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { FrameReader } from '../../../src/domain/aws/event-stream/frame-reader.ts';
import { encodeExceptionFrame } from '../../../src/domain/aws/event-stream/frame-writer.ts';
import { isTextStream, OutputGuess } from '../../../src/domain/limits/output-guess.ts';
import { chunkFrame, eventFrame } from '../usage/fixtures.ts';

function guessOf(...frames: readonly Buffer[]): number {
  const guess = new OutputGuess();
  const reader = new FrameReader({ onFrame: (frame) => guess.frame(frame) });
  for (const frame of frames) reader.push(frame);
  return guess.tokens;
}

function delta(delta: object): Buffer {
  return eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta, p: 'abcdefghijklmnopqrstuvwxyz' });
}

describe('how much output has gone by', () => {
  const tenTokens = 'x'.repeat(40);
  const cases: readonly (readonly [name: string, frames: readonly Buffer[], tokens: number])[] = [
    ['text of Converse, without its padding', [delta({ text: tenTokens })], 10],
    ['what it thinks aloud', [delta({ reasoningContent: { text: tenTokens } })], 10],
    ['but not the signature of that', [delta({ reasoningContent: { signature: tenTokens } })], 0],
    ['input of tools', [delta({ toolUse: { input: tenTokens } })], 10],
    ['bytes, not characters', [delta({ text: '岩'.repeat(40) })], 30],
    ['a token for each piece at least', Array.from({ length: 12 }, () => delta({ text: 'x' })), 12],
    [
      'Anthropic',
      [chunkFrame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: tenTokens } })],
      10,
    ],
    [
      'tools of Anthropic',
      [chunkFrame({ type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: tenTokens } })],
      10,
    ],
    ['Titan', [chunkFrame({ outputText: tenTokens, index: 0 })], 10],
    ['Llama', [chunkFrame({ generation: tenTokens, stop_reason: null })], 10],
    ['Nova', [chunkFrame({ contentBlockDelta: { delta: { text: tenTokens }, contentBlockIndex: 0 } })], 10],
    ['OpenAI', [chunkFrame({ choices: [{ index: 0, delta: { role: 'assistant', content: tenTokens } }] })], 10],
    [
      'Cohere, which repeats itself at the end',
      [chunkFrame({ text: tenTokens }), chunkFrame({ response: { text: tenTokens } })],
      10,
    ],
    [
      'nothing for what is around it',
      [
        eventFrame('messageStart', { role: 'assistant' }),
        eventFrame('metadata', { usage: { outputTokens: 500 }, metrics: { latencyMs: 1 } }),
        chunkFrame({ type: 'message_start', message: { id: tenTokens, model: tenTokens, content: [] } }),
        encodeExceptionFrame('throttlingException', tenTokens),
      ],
      0,
    ],
  ];
  for (const [name, frames, tokens] of cases) {
    test(name, () => assert.equal(guessOf(...frames), tokens));
  }

  test('is never more than there are bytes, nor less than a fourth of them', () => {
    const property = fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 })), (texts) => {
      const bytes = Buffer.byteLength(texts.join(''));
      const tokens = guessOf(...texts.map((text) => delta({ text })));
      assert.ok(tokens <= bytes && tokens >= Math.floor(bytes / 4));
    });
    fc.assert(property);
  });

  test('is not told by what is no JSON', () => {
    const property = fc.property(fc.json(), fc.boolean(), (json, isChunk) => {
      const payload: unknown = JSON.parse(json);
      assert.ok(guessOf(isChunk ? chunkFrame(payload) : eventFrame('contentBlockDelta', payload)) >= 0);
    });
    fc.assert(property);
  });
});

test('only streams of text can be ended somewhere', () => {
  const names = ['Converse', 'ConverseStream', 'InvokeModel', 'InvokeModelWithResponseStream'];
  const streams = names.filter((name) => isTextStream({ service: 'bedrock-runtime', name }));
  assert.deepEqual(streams, ['ConverseStream', 'InvokeModelWithResponseStream']);
  assert.equal(isTextStream({ service: 'bedrock-agent-runtime', name: 'InvokeAgent' }), false);
});
