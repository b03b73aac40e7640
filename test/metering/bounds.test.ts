import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey, type PlainRequest } from '../support/virtual-keys.ts';
import { ask } from './ask.ts';

/** Calls whose most was once reckoned too low: none of them may reach Bedrock on a budget it could pass. */

let running: TestGateway;

before(async () => {
  running = await startTestGateway();
});
after(() => running.close());
beforeEach(() => running.simulator.clearRequests());

function post(modelId: string, operation: string, body: object | string): PlainRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method: 'POST', path: `/bedrock/model/${encodeURIComponent(modelId)}/${operation}`, body: text };
}

const MESSAGES = [{ role: 'user', content: [{ text: 'bedrock' }] }];
const CLAUDE_3_7 = 'us.anthropic.claude-3-7-sonnet-20250219-v1:0';

const CASES: readonly (readonly [what: string, request: PlainRequest, tooSmall: number, enough: number])[] = [
  [
    'a maximum above what the model was thought to give',
    post(CLAUDE_3_7, 'converse', { messages: MESSAGES, inferenceConfig: { maxTokens: 64_000 } }),
    0.9,
    1,
  ],
  [
    'a maximum that stands twice',
    post(CLAUDE_3_7, 'converse', '{"messages":[],"inferenceConfig":{"maxTokens":64000,"maxTokens":1}}'),
    0.9,
    3,
  ],
  [
    'many texts to embed, each of which may fill the context window',
    post('cohere.embed-english-v3', 'invoke', {
      texts: Array.from({ length: 96 }, () => 'rock '.repeat(500)),
      input_type: 'search_document',
    }),
    0.0045,
    0.005,
  ],
  [
    'documents to rerank that count as several each',
    post('cohere.rerank-v3-5:0', 'invoke', {
      api_version: 2,
      query: 'rock',
      documents: Array.from({ length: 100 }, () => 'rock '.repeat(1000)),
    }),
    0.019,
    0.021,
  ],
];

for (const [what, request, tooSmall, enough] of CASES) {
  test(`a hard budget is not passed by ${what}`, async () => {
    const poor = await issueKey(running.origin, { ...EVERY_OPERATION, max_budget: tooSmall });
    const refused = await ask(running.origin, poor.bearer, request);
    assert.deepEqual([refused.status, refused.exception], [400, 'ServiceQuotaExceededException'], refused.text);
    assert.equal(running.simulator.requests().length, 0);
    const rich = await issueKey(running.origin, { ...EVERY_OPERATION, max_budget: enough });
    await ask(running.origin, rich.bearer, request);
    assert.equal(running.simulator.requests().length, 1);
  });
}
