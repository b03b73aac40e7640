import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { createAmazonBedrock, type AmazonBedrockProvider } from '@ai-sdk/amazon-bedrock';
import { APICallError, embed, generateText, rerank, streamText } from 'ai';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { MODEL, PROFILE_ARN } from './examples.ts';

/** The AI SDK: Converse and its stream in HTTP/1.1; one base URL and one bearer token for models and for Rerank. */

const ASKED = { prompt: 'What is an outcrop?', maxRetries: 0 };

let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway();
});
afterEach(() => {
  gateway.simulator.clearFaults();
  gateway.simulator.clearRequests();
});
after(() => gateway.close());

function connect(apiKey = MASTER_KEY): AmazonBedrockProvider {
  return createAmazonBedrock({ baseURL: `${gateway.origin}/bedrock`, region: 'us-east-1', apiKey });
}

describe('answers', () => {
  test('generateText, with the key as API key and as access key id', async () => {
    const signing = createAmazonBedrock({
      baseURL: `${gateway.origin}/bedrock`,
      region: 'us-east-1',
      accessKeyId: MASTER_KEY,
      secretAccessKey: 'unused',
    });
    for (const bedrock of [connect(), signing]) {
      const { text, usage } = await generateText({ model: bedrock(MODEL), ...ASKED });
      assert.match(text, /What is an outcrop\?/);
      assert.ok((usage.inputTokens ?? 0) > 0);
    }
  });

  test('streamText, piece by piece', async () => {
    const { textStream, finishReason } = streamText({ model: connect()(MODEL), ...ASKED });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    assert.ok(pieces.length > 5);
    assert.match(pieces.join(''), /What is an outcrop\?/);
    assert.equal(await finishReason, 'stop');
  });

  test('an ARN model goes to its own region', async () => {
    await generateText({ model: connect()(PROFILE_ARN), ...ASKED });
    const [request] = gateway.forwarded();
    assert.equal(request?.labels['modelId'], PROFILE_ARN);
    assert.match(request.scope ?? '', /\/us-west-2\//);
  });

  test('embed', async () => {
    const { embedding } = await embed({
      model: connect().embedding('amazon.titan-embed-text-v2:0'),
      value: 'rock',
      maxRetries: 0,
    });
    assert.ok(embedding.length > 10);
  });

  test('rerank, which is another service at the same base URL', async () => {
    const { ranking } = await rerank({
      model: connect().reranking('cohere.rerank-v3-5:0'),
      query: 'rock',
      documents: ['a cloud', 'a rock'],
      maxRetries: 0,
    });
    assert.equal(ranking[0]?.originalIndex, 1);
    const seen = gateway.simulator
      .requests()
      .map(({ service, operation, signature }) => [service, operation, signature]);
    assert.deepEqual(seen, [['bedrock-agent-runtime', 'Rerank', 'valid']]);
  });
});

describe('errors are raised with status and message', () => {
  for (const [status, exception] of [
    [429, 'ThrottlingException'],
    [400, 'ValidationException'],
    [403, 'AccessDeniedException'],
  ] as const) {
    test(exception, async () => {
      gateway.simulator.inject({ kind: 'error', status, exception, message: 'Said by Bedrock.' });
      await assert.rejects(generateText({ model: connect()(MODEL), ...ASKED }), (error) => {
        assert.ok(APICallError.isInstance(error));
        assert.equal(error.statusCode, status);
        assert.match(error.message, /Said by Bedrock\./);
        return true;
      });
    });
  }

  test("the gateway's own for a wrong key", async () => {
    await assert.rejects(generateText({ model: connect('sk-wrong')(MODEL), ...ASKED }), (error) => {
      assert.ok(APICallError.isInstance(error));
      assert.equal(error.statusCode, 401);
      assert.match(error.message, /The API key in the request is not valid here/);
      return true;
    });
    assert.deepEqual(gateway.forwarded(), []);
  });

  test('in the middle of a stream', async () => {
    gateway.simulator.inject({
      kind: 'exception-frame',
      afterFrames: 3,
      exception: 'throttlingException',
      message: 'Said by Bedrock.',
    });
    const errors: unknown[] = [];
    const { fullStream } = streamText({
      model: connect()(MODEL),
      ...ASKED,
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    const kinds: string[] = [];
    for await (const part of fullStream) kinds.push(part.type);
    assert.match(JSON.stringify(errors), /Said by Bedrock\./);
    assert.ok(kinds.includes('error'));
  });
});
