import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SIMULATOR_CREDENTIALS, startSimulator } from '../../simulator/index.ts';
import type { Simulator } from '../../simulator/index.ts';
import { isObject } from '../../simulator/json.ts';
import type { JsonObject } from '../../simulator/json.ts';
import { call } from './support.ts';

const QUESTION = 'What is an outcrop?';
const QUESTION_TOKENS = Math.ceil(QUESTION.length / 4);
const METRICS = 'amazon-bedrock-invocationMetrics';
const PROFILE_ARN = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc';

interface Family {
  readonly name: string;
  readonly modelId: string;
  readonly body: JsonObject;
  /** The text of a whole answer. */
  readonly text: (answer: JsonObject) => unknown;
  /** Input and output tokens as the body says them. */
  readonly usage: (answer: JsonObject) => readonly unknown[];
  /** The text of one streamed chunk; undefined when it has none. */
  readonly chunkText: (chunk: JsonObject) => unknown;
}

/** Follows names and indices into JSON. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((parent, key) => {
    if (Array.isArray(parent)) return typeof key === 'number' ? parent[key] : undefined;
    return isObject(parent) ? parent[key] : undefined;
  }, value);
}

const FAMILIES: readonly Family[] = [
  {
    name: 'Anthropic',
    modelId: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    body: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 1000,
      messages: [{ role: 'user', content: [{ type: 'text', text: QUESTION }] }],
    },
    text: (answer) => at(answer, 'content', 0, 'text'),
    usage: (answer) => [at(answer, 'usage', 'input_tokens'), at(answer, 'usage', 'output_tokens')],
    chunkText: (chunk) => at(chunk, 'delta', 'text'),
  },
  {
    name: 'Nova',
    modelId: 'amazon.nova-lite-v1:0',
    body: { schemaVersion: 'messages-v1', messages: [{ role: 'user', content: [{ text: QUESTION }] }] },
    text: (answer) => at(answer, 'output', 'message', 'content', 0, 'text'),
    usage: (answer) => [at(answer, 'usage', 'inputTokens'), at(answer, 'usage', 'outputTokens')],
    chunkText: (chunk) => at(chunk, 'contentBlockDelta', 'delta', 'text'),
  },
  {
    name: 'Llama',
    modelId: 'us.meta.llama3-3-70b-instruct-v1:0',
    body: { prompt: QUESTION },
    text: (answer) => answer['generation'],
    usage: (answer) => [answer['prompt_token_count'], answer['generation_token_count']],
    chunkText: (chunk) => chunk['generation'],
  },
  {
    name: 'Titan text',
    modelId: 'amazon.titan-text-express-v1',
    body: { inputText: QUESTION, textGenerationConfig: { maxTokenCount: 1000 } },
    text: (answer) => at(answer, 'results', 0, 'outputText'),
    usage: (answer) => [answer['inputTextTokenCount'], at(answer, 'results', 0, 'tokenCount')],
    chunkText: (chunk) => chunk['outputText'],
  },
];

describe('InvokeModel', () => {
  let simulator: Simulator;
  let client: BedrockRuntimeClient;
  before(async () => {
    simulator = await startSimulator({ unknownHeaders: 'ignore' });
    client = new BedrockRuntimeClient({
      endpoint: simulator.origins['bedrock-runtime'],
      region: 'us-east-1',
      credentials: SIMULATOR_CREDENTIALS,
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler(),
    });
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });

  const invoke = async (modelId: string, body: unknown): Promise<JsonObject> => {
    const { body: bytes } = await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    return parse(bytes);
  };
  const invokeStream = async (modelId: string, body: unknown): Promise<JsonObject[]> => {
    const input = { modelId, body: JSON.stringify(body) };
    const answer = await client.send(new InvokeModelWithResponseStreamCommand(input));
    assert.equal(answer.contentType, 'application/json');
    const chunks: JsonObject[] = [];
    for await (const event of answer.body ?? []) chunks.push(parse(event.chunk?.bytes));
    return chunks;
  };

  for (const { name, modelId, body, text, usage, chunkText } of FAMILIES) {
    it(`answers ${name} in its shape, with usage in body and headers`, async () => {
      const answer = await invoke(modelId, body);
      const reply = String(text(answer));
      assert.ok(reply.startsWith(`You asked: "${QUESTION}"`));
      const tokens = [QUESTION_TOKENS, Math.ceil(reply.length / 4)];
      assert.deepEqual(usage(answer), tokens);

      const origin = simulator.origins['bedrock-runtime'];
      const path = `/model/${encodeURIComponent(modelId)}/invoke`;
      const headers = { 'x-amzn-bedrock-service-tier': 'priority' };
      const raw = await call({ origin, path, headers, body: JSON.stringify(body) });
      assert.equal(raw.headers['x-amzn-bedrock-input-token-count'], String(tokens[0]));
      assert.equal(raw.headers['x-amzn-bedrock-output-token-count'], String(tokens[1]));
      assert.equal(raw.headers['x-amzn-bedrock-cache-read-input-token-count'], '0');
      assert.equal(raw.headers['x-amzn-bedrock-cache-write-input-token-count'], '0');
      assert.equal(raw.headers['x-amzn-bedrock-service-tier'], 'priority');
    });

    it(`streams the same ${name} text, with the usage in the last chunk`, async () => {
      const answer = await invoke(modelId, body);
      const chunks = await invokeStream(modelId, body);
      assert.ok(chunks.length >= 20);
      assert.equal(chunks.flatMap((chunk) => textOf(chunkText(chunk))).join(''), text(answer));
      const [inputTokenCount, outputTokenCount] = usage(answer);
      assert.ok(chunks.slice(0, -1).every((chunk) => !(METRICS in chunk)));
      const metrics = chunks.at(-1)?.[METRICS];
      assert.equal(at(metrics, 'inputTokenCount'), inputTokenCount);
      assert.equal(at(metrics, 'outputTokenCount'), outputTokenCount);
    });

    it(`recognises ${name} by its body when the id is the ARN of a profile`, async () => {
      const answer = await invoke(PROFILE_ARN, { ...body, inferenceConfig: {} });
      assert.equal(typeof text(answer), 'string');
    });
  }

  it('tells Anthropic usage at the start and at the end of a stream', async () => {
    const [family] = FAMILIES;
    const usage = { inputTokens: 3, cacheReadInputTokens: 5, cacheWriteInputTokens: 7, outputTokens: 11 };
    const chunks = await invokeStream(family?.modelId ?? '', { ...family?.body, simulator: { usage } });
    const start = chunks.find((chunk) => chunk['type'] === 'message_start');
    assert.equal(at(start, 'message', 'usage', 'input_tokens'), 3);
    assert.equal(at(start, 'message', 'usage', 'cache_read_input_tokens'), 5);
    assert.equal(at(start, 'message', 'usage', 'cache_creation_input_tokens'), 7);
    const end = chunks.find((chunk) => chunk['type'] === 'message_delta');
    assert.equal(at(end, 'usage', 'output_tokens'), 11);
    assert.equal(chunks.at(-1)?.['type'], 'message_stop');
    assert.equal(at(chunks.at(-1), METRICS, 'cacheReadInputTokenCount'), 5);
  });

  it('embeds with Titan, equal texts alike', async () => {
    const modelId = 'amazon.titan-embed-text-v2:0';
    const one = await invoke(modelId, { inputText: QUESTION, dimensions: 256 });
    const same = await invoke(modelId, { inputText: QUESTION, dimensions: 256 });
    const other = await invoke(modelId, { inputText: 'Something else', dimensions: 256 });
    assert.equal(Object(one['embedding']).length, 256);
    assert.deepEqual(one['embedding'], same['embedding']);
    assert.notDeepEqual(one['embedding'], other['embedding']);
    assert.equal(one['inputTextTokenCount'], QUESTION_TOKENS);
    await assert.rejects(invokeStream(modelId, { inputText: QUESTION }), { name: 'ValidationException' });
  });

  it('embeds and reranks with Cohere', async () => {
    const embedded = await invoke('cohere.embed-multilingual-v3', { texts: ['a', 'b'], input_type: 'search_query' });
    assert.equal(Object(embedded['embeddings']).length, 2);
    const documents = ['a cat', 'an outcrop of bedrock', 'bedrock'];
    const query = 'bedrock outcrop';
    const ranked = await invoke('cohere.rerank-v3-5:0', { api_version: 2, query, documents, top_n: 2 });
    assert.deepEqual(ranked['results'], [
      { index: 1, relevance_score: 1 },
      { index: 2, relevance_score: 0.5 },
    ]);
  });

  it('takes the size of the stream of simulator.stream from its body', async () => {
    const chunks = await invokeStream('simulator.stream', { chunks: 7, textBytes: 9 });
    assert.equal(chunks.length, 8);
    assert.deepEqual(
      chunks.slice(0, 7).map((chunk) => String(chunk['outputText']).length),
      Array.from({ length: 7 }, () => 9),
    );
  });

  const MALFORMED: readonly (readonly [what: string, modelId: string, body: string])[] = [
    ['no JSON', 'amazon.nova-lite-v1:0', '{"messages":'],
    ['JSON that is no object', 'amazon.nova-lite-v1:0', '[]'],
    ['bytes that are no UTF-8', 'amazon.nova-lite-v1:0', Buffer.from([0xff]).toString('latin1')],
    ['an Anthropic body without max_tokens', 'anthropic.claude-v1', '{"anthropic_version":"x","messages":[]}'],
    ['a Llama body without a prompt', 'meta.llama3-8b-instruct-v1:0', '{"max_gen_len":1}'],
  ];
  for (const [what, modelId, body] of MALFORMED) {
    it(`refuses ${what}`, async () => {
      const sent = client.send(new InvokeModelCommand({ modelId, body: Buffer.from(body, 'latin1') }));
      await assert.rejects(sent, { name: 'ValidationException' });
    });
  }
});

function textOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}

function parse(bytes: Uint8Array | undefined): JsonObject {
  const value: unknown = JSON.parse(Buffer.from(bytes ?? []).toString());
  assert.ok(isObject(value));
  return value;
}
