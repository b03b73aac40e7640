import { numberAt, objectAt, objectsAt } from '../../json.ts';
import type { JsonObject } from '../../json.ts';
import { wholeText } from '../reply.ts';
import type { Invocation, ModelFamily } from './family.ts';
import { contentText } from './family.ts';

/** Source: https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html */
export const nova: ModelFamily = {
  vendor: 'amazon.nova',
  required: ['messages'],
  recognises: (body) => 'schemaVersion' in body || ('messages' in body && 'inferenceConfig' in body),

  read(body) {
    const contents = objectsAt(body, 'messages').map((message) => contentText(message['content']));
    const config = objectAt(body, 'inferenceConfig');
    return {
      prompt: [contentText(body['system']), ...contents].join(''),
      question: contents.at(-1) ?? '',
      tokensMax: numberAt(config, 'maxTokens') ?? numberAt(config, 'max_new_tokens'),
    };
  },

  answer({ reply, usage }) {
    return {
      output: { message: { content: [{ text: wholeText(reply) }], role: 'assistant' } },
      stopReason: reply.stopReason,
      usage: usageMembers(usage),
    };
  },

  *chunks({ reply, usage }) {
    yield { messageStart: { role: 'assistant' } };
    for (const text of reply.pieces()) yield { contentBlockDelta: { delta: { text }, contentBlockIndex: 0 } };
    yield { contentBlockStop: { contentBlockIndex: 0 } };
    yield { messageStop: { stopReason: reply.stopReason } };
    return { metadata: { usage: usageMembers(usage), metrics: {}, trace: {} } };
  },
};

function usageMembers({
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheWriteTokens,
}: Invocation['usage']): JsonObject {
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens,
    cacheReadInputTokenCount: cacheReadTokens,
    cacheWriteInputTokenCount: cacheWriteTokens,
  };
}
