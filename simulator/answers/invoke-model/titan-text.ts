import { numberAt, objectAt, textAt } from '../../json.ts';
import { tokensOf, wholeText } from '../reply.ts';
import type { ModelFamily } from './family.ts';

/** Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html */
export const titanText: ModelFamily = {
  vendor: 'amazon.titan-t',
  required: ['inputText'],
  recognises: (body) => 'textGenerationConfig' in body,

  read(body) {
    const prompt = textAt(body, 'inputText') ?? '';
    return {
      prompt,
      question: prompt,
      tokensMax: numberAt(objectAt(body, 'textGenerationConfig'), 'maxTokenCount'),
    };
  },

  answer({ reply, usage }) {
    return {
      inputTextTokenCount: usage.inputTokens,
      results: [
        {
          tokenCount: usage.outputTokens,
          outputText: wholeText(reply),
          completionReason: completionReason(reply.stopReason),
        },
      ],
    };
  },

  *chunks({ reply, usage }) {
    const members = { index: 0, inputTextTokenCount: usage.inputTokens };
    let characters = 0;
    for (const outputText of reply.pieces()) {
      characters += outputText.length;
      yield { ...members, outputText, totalOutputTextTokenCount: tokensOf(characters), completionReason: null };
    }
    return {
      ...members,
      outputText: '',
      totalOutputTextTokenCount: usage.outputTokens,
      completionReason: completionReason(reply.stopReason),
    };
  },
};

function completionReason(reason: 'end_turn' | 'max_tokens'): string {
  return reason === 'max_tokens' ? 'LENGTH' : 'FINISH';
}
