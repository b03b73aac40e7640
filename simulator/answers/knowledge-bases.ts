import { eventFrame } from '../event-stream.ts';
import type { JsonObject } from '../json.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer, streamAnswer } from './answer.ts';
import { rank } from './relevance.ts';
import type { Reply } from './reply.ts';
import { paceOf, replyTo, wholeText } from './reply.ts';
import { checkRequired } from './required.ts';
import { sessionIdOf } from './session.ts';

/** The operations that search: Retrieve, RetrieveAndGenerate and its stream, AgenticRetrieveStream, Rerank. None says what it used. */

const PASSAGES = [
  'Bedrock is the solid rock that lies under loose soil, sand and gravel.',
  'An outcrop is a place where bedrock comes to the surface and can be seen.',
  'Geologists read outcrops to learn how the layers of a region were laid down and folded.',
  'A gateway stands between clients and a service and decides who may pass.',
  'Granite outcrops weather slowly, because their crystals hold each other.',
];
const RESULTS_DEFAULT = 5;
const SESSION_HEADER = 'x-amzn-bedrock-knowledge-base-session-id';

export function retrieve(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['retrievalQuery']);
  const search = objectAt(objectAt(body, 'retrievalConfiguration'), 'vectorSearchConfiguration');
  const query = textAt(objectAt(body, 'retrievalQuery'), 'text') ?? '';
  const ranked = rank(query, PASSAGES, numberAt(search, 'numberOfResults') ?? RESULTS_DEFAULT);
  return jsonAnswer({
    retrievalResults: ranked.map(({ index, score }) => ({ ...reference(index), score })),
  });
}

export function retrieveAndGenerate(asked: Asked): Answer {
  const { sessionId, reply } = generate(asked);
  const text = wholeText(reply);
  return jsonAnswer({ sessionId, output: { text }, citations: [citation(text)] });
}

export function retrieveAndGenerateStream(asked: Asked): Answer {
  const { body, sessionId, reply } = generate(asked);
  return streamAnswer(frames(reply), paceOf(body, asked.pace), { [SESSION_HEADER]: sessionId });
}

export function agenticRetrieveStream(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['messages', 'retrievers', 'agenticRetrieveConfiguration']);
  const question = textAt(objectAt(objectsAt(body, 'messages').at(-1) ?? {}, 'content'), 'text') ?? '';
  const pace = paceOf(body, asked.pace);
  return streamAnswer(agenticFrames(replyTo(question, pace, asked.clock)), pace);
}

export function rerank(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['queries', 'sources', 'rerankingConfiguration']);
  const query = textAt(objectAt(objectsAt(body, 'queries')[0] ?? {}, 'textQuery'), 'text') ?? '';
  const documents = objectsAt(body, 'sources').map((source) => documentText(objectAt(source, 'inlineDocumentSource')));
  const configuration = objectAt(objectAt(body, 'rerankingConfiguration'), 'bedrockRerankingConfiguration');
  const ranked = rank(query, documents, numberAt(configuration, 'numberOfResults') ?? documents.length);
  return jsonAnswer({ results: ranked.map(({ index, score }) => ({ index, relevanceScore: score })) });
}

function generate(asked: Asked): { readonly body: JsonObject; readonly sessionId: string; readonly reply: Reply } {
  const body = asked.json();
  checkRequired(body, ['input']);
  const question = textAt(objectAt(body, 'input'), 'text') ?? '';
  const sessionId = textAt(body, 'sessionId') ?? sessionIdOf(question);
  return { body, sessionId, reply: replyTo(question, paceOf(body, asked.pace), asked.clock) };
}

function* frames(reply: Reply): Iterable<Buffer> {
  let text = '';
  for (const piece of reply.pieces()) {
    text += piece;
    yield eventFrame('output', { text: piece });
  }
  const cited = citation(text);
  yield eventFrame('citation', { citation: cited, ...cited });
}

function* agenticFrames(reply: Reply): Iterable<Buffer> {
  let answer = '';
  for (const text of reply.pieces()) {
    answer += text;
    yield eventFrame('responseEvent', { text });
  }
  yield eventFrame('result', { results: [], generatedResponse: { answer } });
}

function citation(text: string): JsonObject {
  return {
    generatedResponsePart: { textResponsePart: { span: { start: 0, end: text.length }, text } },
    retrievedReferences: [reference(1)],
  };
}

function reference(index: number): JsonObject {
  return {
    content: { type: 'TEXT', text: PASSAGES[index] },
    location: { type: 'S3', s3Location: { uri: `s3://simulator/passage-${index}.txt` } },
    metadata: { 'x-amz-bedrock-kb-source-uri': `s3://simulator/passage-${index}.txt` },
  };
}

function documentText(source: JsonObject): string {
  return textAt(objectAt(source, 'textDocument'), 'text') ?? JSON.stringify(source['jsonDocument'] ?? '');
}
