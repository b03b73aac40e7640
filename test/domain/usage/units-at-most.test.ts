import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputFacts } from '../../../src/domain/usage/request-size.ts';
import { unitsAtMost } from '../../../src/domain/usage/units-at-most.ts';
import { requestFor } from './fixtures.ts';

const RERANK_MODEL = 'arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0';
const CONVERSE = 'bedrock-runtime:Converse';
const INVOKE = 'bedrock-runtime:InvokeModel';
const TRACED = ['X-Amzn-Bedrock-Trace', 'ENABLED', 'X-Amzn-Bedrock-GuardrailIdentifier', 'gr1'];

interface Case {
  readonly what: string;
  readonly operation: string;
  readonly modelId?: string;
  readonly body: object | string;
  readonly headers?: readonly string[];
  readonly outputTokens?: number | null;
  /** Unit and quantity; null where nothing bounds it. */
  readonly units: Readonly<Record<string, number>> | null;
}

const policies = (units: number, images = 0): Readonly<Record<string, number>> => ({
  topicPolicyUnits: units,
  contentPolicyUnits: units,
  sensitiveInformationPolicyUnits: units,
  contextualGroundingPolicyUnits: units,
  automatedReasoningPolicyUnits: units,
  ...(images === 0 ? {} : { contentPolicyImageUnits: images }),
});

const CASES: readonly Case[] = [
  { what: 'a model call', operation: CONVERSE, modelId: 'amazon.nova-lite-v1:0', body: { messages: [] }, units: {} },
  {
    what: 'a reranker of 101 documents',
    operation: INVOKE,
    modelId: 'cohere.rerank-v3-5:0',
    body: { query: 'x', documents: Array.from({ length: 101 }, () => 'x') },
    units: { searchQueries: 2 },
  },
  {
    what: 'a reranker of long documents: one more for each 512 tokens, those of the query among them',
    operation: INVOKE,
    modelId: 'cohere.rerank-v3-5:0',
    body: { query: 'x'.repeat(112), documents: Array.from({ length: 100 }, () => 'x'.repeat(800 - 2)) },
    units: { searchQueries: 2 },
  },
  {
    what: 'a reranker of one long document among short ones',
    operation: INVOKE,
    modelId: 'cohere.rerank-v3-5:0',
    body: { query: 'x', documents: ['x'.repeat(60_000), ...Array.from({ length: 99 }, () => 'x')] },
    units: { searchQueries: 3 },
  },
  {
    what: 'a reranker with a query that leaves no room: a chunk for each byte',
    operation: INVOKE,
    modelId: 'cohere.rerank-v3-5:0',
    body: { query: 'x'.repeat(600), documents: ['x'.repeat(998)] },
    units: { searchQueries: 10 },
  },
  {
    what: 'Rerank',
    operation: 'bedrock-agent-runtime:Rerank',
    body: {
      queries: [{ type: 'TEXT', textQuery: { text: 'x' } }],
      sources: [{}, {}],
      rerankingConfiguration: { bedrockRerankingConfiguration: { modelConfiguration: { modelArn: RERANK_MODEL } } },
    },
    units: { searchQueries: 1 },
  },
  { what: 'Retrieve', operation: 'bedrock-agent-runtime:Retrieve', body: {}, units: { requests: 1 } },
  {
    what: 'a video of six seconds',
    operation: 'bedrock-runtime:StartAsyncInvoke',
    body: { modelId: 'amazon.nova-reel-v1:0', modelInput: { videoGenerationConfig: { durationSeconds: 6 } } },
    units: { outputVideoSeconds: 6 },
  },
  {
    what: 'work of which nothing is told',
    operation: 'bedrock-runtime:StartAsyncInvoke',
    body: { modelId: 'somebody.model', modelInput: {} },
    units: null,
  },
  {
    what: 'images',
    operation: INVOKE,
    modelId: 'amazon.nova-canvas-v1:0',
    body: { taskType: 'TEXT_IMAGE', imageGenerationConfig: { numberOfImages: 3, width: 1024, height: 1024 } },
    units: { outputImages: 3 },
  },
  {
    what: 'an image of a model that makes one',
    operation: INVOKE,
    modelId: 'stability.sd3-5-large-v1:0',
    body: { prompt: 'x' },
    units: { outputImages: 1 },
  },
  {
    what: 'images, but not how many',
    operation: INVOKE,
    modelId: 'amazon.nova-canvas-v1:0',
    body: { imageGenerationConfig: { numberOfImages: 'many' } },
    units: null,
  },
  {
    what: 'an embedding of an image',
    operation: INVOKE,
    modelId: 'amazon.titan-embed-image-v1',
    body: { inputText: 'x', inputImage: 'aGk=' },
    units: { inputImages: 1 },
  },
  {
    what: 'a guardrail: as many units as the body has thousands of bytes, and one for each text',
    operation: 'bedrock-runtime:ApplyGuardrail',
    body: { source: 'INPUT', content: [{ text: { text: 'x'.repeat(2500) } }, { text: { text: 'y' } }] },
    units: policies(2 + 3),
  },
  {
    what: 'a guardrail of an image',
    operation: 'bedrock-runtime:ApplyGuardrail',
    body: { source: 'INPUT', content: [{ image: { format: 'png', source: { bytes: 'x'.repeat(5000) } } }] },
    units: policies(1 + 1, 1),
  },
  {
    what: 'a guardrail whose texts stand twice: nobody knows which ones count',
    operation: 'bedrock-runtime:ApplyGuardrail',
    body: '{"content":[{"text":{"text":"a"}},{"text":{"text":"b"}}],"content":[]}',
    units: null,
  },
  {
    what: 'a video whose seconds stand twice',
    operation: 'bedrock-runtime:StartAsyncInvoke',
    body: '{"modelId":"amazon.nova-reel-v1:0","modelInput":{"videoGenerationConfig":{"durationSeconds":120,"durationSeconds":6}}}',
    units: null,
  },
  {
    what: 'checks',
    operation: 'bedrock-runtime:InvokeGuardrailChecks',
    body: { messages: [{ role: 'user', content: [{ text: 'x'.repeat(1500) }] }], checks: { promptAttack: {} } },
    units: { guardrailCheckTextUnits: 3 * 2 },
  },
  {
    what: 'a model call with a guardrail that is not traced: its use will not be told',
    operation: CONVERSE,
    modelId: 'amazon.nova-lite-v1:0',
    body: { messages: [], guardrailConfig: { guardrailIdentifier: 'gr1' } },
    units: {},
  },
  {
    what: 'one that is traced: 16 characters for each token that may come out',
    operation: 'bedrock-runtime:ConverseStream',
    modelId: 'amazon.nova-lite-v1:0',
    body: { messages: [], guardrailConfig: { guardrailIdentifier: 'gr1', trace: 'enabled_full' } },
    outputTokens: 500,
    units: policies(2 + 9),
  },
  {
    what: 'one whose output nothing bounds',
    operation: CONVERSE,
    modelId: 'amazon.nova-lite-v1:0',
    body: { messages: [], guardrailConfig: { guardrailIdentifier: 'gr1', trace: 'enabled' } },
    outputTokens: null,
    units: null,
  },
  {
    what: 'the same by headers',
    operation: INVOKE,
    modelId: 'anthropic.claude-x',
    body: { anthropic_version: 'v', max_tokens: 100 },
    headers: TRACED,
    outputTokens: 100,
    units: policies(2 + 2),
  },
];

for (const { what, operation, modelId, body, headers = [], outputTokens = 0, units } of CASES) {
  test(`beside tokens may be charged: ${what}`, () => {
    const request = requestFor(operation, { modelId: modelId ?? null, body, headers });
    const lines = unitsAtMost(request, inputFacts(request), outputTokens);
    const found = new Map<string, number>();
    for (const { unit, quantity } of lines ?? []) found.set(unit, (found.get(unit) ?? 0) + quantity);
    assert.deepEqual(lines === null ? null : Object.fromEntries(found), units);
  });
}
