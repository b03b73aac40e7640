import { arrayAt, numberAt, textAt } from '../../json.ts';
import type { JsonObject } from '../../json.ts';
import { rank } from '../relevance.ts';
import type { ModelFamily } from './family.ts';

/** Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-rerank.html */
export const cohereRerank: ModelFamily = {
  vendor: 'cohere.rerank',
  required: ['documents', 'query', 'api_version'],
  recognises: (body) => 'documents' in body && 'query' in body,

  read: (body) => ({
    prompt: [textAt(body, 'query') ?? '', ...documentsOf(body)].join(''),
    question: '',
    tokensMax: 0,
  }),

  answer({ body }) {
    const ranked = rank(textAt(body, 'query') ?? '', documentsOf(body), numberAt(body, 'top_n') ?? Infinity);
    return { results: ranked.map(({ index, score }) => ({ index, relevance_score: score })) };
  },
};

function documentsOf(body: JsonObject): readonly string[] {
  return arrayAt(body, 'documents').map((document) =>
    typeof document === 'string' ? document : JSON.stringify(document),
  );
}
