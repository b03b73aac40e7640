import { numberAt, textAt } from '../../json.ts';
import { tokensOf, wholeText } from '../reply.ts';
import type { ModelFamily } from './family.ts';

/** Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html */
export const llama: ModelFamily = {
  vendor: 'meta.llama',
  required: ['prompt'],
  recognises: (body) => 'prompt' in body,

  read(body) {
    const prompt = textAt(body, 'prompt') ?? '';
    return { prompt, question: prompt, tokensMax: numberAt(body, 'max_gen_len') };
  },

  answer({ reply, usage }) {
    return {
      generation: wholeText(reply),
      prompt_token_count: usage.inputTokens,
      generation_token_count: usage.outputTokens,
      stop_reason: stopReason(reply.stopReason),
    };
  },

  // Only the first chunk says how long the prompt was, and only the last why it stopped.
  *chunks({ reply, usage }) {
    let characters = 0;
    for (const generation of reply.pieces()) {
      yield {
        generation,
        prompt_token_count: characters === 0 ? usage.inputTokens : null,
        generation_token_count: tokensOf(characters + generation.length),
        stop_reason: null,
      };
      characters += generation.length;
    }
    return {
      generation: '',
      prompt_token_count: null,
      generation_token_count: usage.outputTokens,
      stop_reason: stopReason(reply.stopReason),
    };
  },
};

function stopReason(reason: 'end_turn' | 'max_tokens'): string {
  return reason === 'max_tokens' ? 'length' : 'stop';
}
