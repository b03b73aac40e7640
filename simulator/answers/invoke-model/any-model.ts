import { wholeText } from '../reply.ts';
import type { JsonObject } from '../../json.ts';
import { numberAt, objectsAt, textAt } from '../../json.ts';
import type { ModelFamily } from './family.ts';
import { contentText } from './family.ts';

/** The last resort, for the models without a family here, and for `simulator.stream`: a plain body that takes any prompt. */
export const anyModel: ModelFamily = {
  vendor: '',
  required: [],
  recognises: () => true,

  read(body) {
    const prompt = promptOf(body);
    return { prompt, question: prompt, tokensMax: numberAt(body, 'max_tokens') };
  },

  answer: ({ reply }) => ({ outputText: wholeText(reply), stopReason: reply.stopReason }),

  *chunks({ reply }) {
    for (const outputText of reply.pieces()) yield { outputText };
    return { stopReason: reply.stopReason };
  },
};

function promptOf(body: JsonObject): string {
  const messages = objectsAt(body, 'messages').map((message) => contentText(message['content']));
  return textAt(body, 'prompt') ?? textAt(body, 'inputText') ?? textAt(body, 'message') ?? messages.join('');
}
