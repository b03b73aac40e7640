import { arrayAt } from '../../json.ts';
import type { JsonObject } from '../../json.ts';
import { embeddingOf } from './embedding.ts';
import type { ModelFamily } from './family.ts';

const DIMENSIONS = 1024;

/** Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html */
export const cohereEmbed: ModelFamily = {
  vendor: 'cohere.embed',
  required: ['texts', 'input_type'],
  recognises: (body) => 'texts' in body,

  read: (body) => ({ prompt: textsOf(body).join(''), question: '', tokensMax: 0 }),

  answer({ body }) {
    const texts = textsOf(body);
    return {
      id: 'simulator',
      response_type: 'embeddings_floats',
      embeddings: texts.map((text) => embeddingOf(text, DIMENSIONS)),
      texts,
    };
  },
};

function textsOf(body: JsonObject): readonly string[] {
  return arrayAt(body, 'texts').filter((text) => typeof text === 'string');
}
