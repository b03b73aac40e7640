import type { JsonObject } from '../../json.ts';
import { numberAt, objectsAt } from '../../json.ts';
import { wholeText } from '../reply.ts';
import type { Invocation, ModelFamily } from './family.ts';
import { contentText } from './family.ts';

/** Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html */
export const anthropic: ModelFamily = {
  vendor: 'anthropic.',
  required: ['anthropic_version', 'max_tokens', 'messages'],
  recognises: (body) => 'anthropic_version' in body,

  read(body) {
    const contents = objectsAt(body, 'messages').map((message) => contentText(message['content']));
    return {
      prompt: [contentText(body['system']), ...contents].join(''),
      question: contents.at(-1) ?? '',
      tokensMax: numberAt(body, 'max_tokens'),
    };
  },

  answer({ modelId, reply, usage }) {
    return {
      ...message(modelId),
      content: [{ type: 'text', text: wholeText(reply) }],
      stop_reason: reply.stopReason,
      stop_sequence: null,
      usage: { ...inputUsage(usage), output_tokens: usage.outputTokens },
    };
  },

  *chunks({ modelId, reply, usage }) {
    const start = { ...message(modelId), content: [], stop_reason: null, stop_sequence: null };
    yield { type: 'message_start', message: { ...start, usage: { ...inputUsage(usage), output_tokens: 1 } } };
    yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    for (const text of reply.pieces()) {
      yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } };
    }
    yield { type: 'content_block_stop', index: 0 };
    yield {
      type: 'message_delta',
      delta: { stop_reason: reply.stopReason, stop_sequence: null },
      usage: { output_tokens: usage.outputTokens },
    };
    return { type: 'message_stop' };
  },
};

function message(modelId: string): JsonObject {
  return { id: 'msg_bdrk_simulator', type: 'message', role: 'assistant', model: modelId };
}

function inputUsage(usage: Invocation['usage']): JsonObject {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens } = usage;
  return {
    input_tokens: inputTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cacheReadTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: cacheWriteTokens - cacheWrite1hTokens,
      ephemeral_1h_input_tokens: cacheWrite1hTokens,
    },
  };
}
