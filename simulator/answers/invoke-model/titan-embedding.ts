import { numberAt, textAt } from '../../json.ts';
import { embeddingOf } from './embedding.ts';
import type { ModelFamily } from './family.ts';

const DIMENSIONS_MAX = 1024;

/** Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html */
export const titanEmbedding: ModelFamily = {
  vendor: 'amazon.titan-embed',
  required: ['inputText'],
  recognises: (body) => 'inputText' in body,

  read: (body) => ({ prompt: textAt(body, 'inputText') ?? '', question: '', tokensMax: 0 }),

  answer({ body, usage }) {
    const dimensions = Math.min(numberAt(body, 'dimensions') ?? DIMENSIONS_MAX, DIMENSIONS_MAX);
    const embedding = embeddingOf(textAt(body, 'inputText') ?? '', dimensions);
    return { embedding, embeddingsByType: { float: embedding }, inputTextTokenCount: usage.inputTokens };
  },
};
