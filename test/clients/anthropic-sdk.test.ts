import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { MODEL, PROFILE_ARN } from './examples.ts';

/** Anthropic's SDK for Bedrock: InvokeModel in HTTP/1.1, with plain colons in paths. */

const QUESTION = {
  model: MODEL,
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'What is an outcrop?' }],
};

let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway();
});
afterEach(() => {
  gateway.simulator.clearFaults();
  gateway.simulator.clearRequests();
});
after(() => gateway.close());

function connect(apiKey = MASTER_KEY): AnthropicBedrock {
  return new AnthropicBedrock({ baseURL: `${gateway.origin}/bedrock`, awsRegion: 'us-east-1', maxRetries: 0, apiKey });
}

describe('the key is carried', () => {
  const base = () => ({ baseURL: `${gateway.origin}/bedrock`, awsRegion: 'us-east-1', maxRetries: 0, apiKey: null });
  const clients = {
    'as API key': () => connect(),
    'as access key id': () => new AnthropicBedrock({ ...base(), awsAccessKey: MASTER_KEY, awsSecretKey: 'unused' }),
    'in a header of its own': () =>
      new AnthropicBedrock({ ...base(), skipAuth: true, defaultHeaders: { 'x-api-key': MASTER_KEY } }),
  };
  for (const [how, client] of Object.entries(clients)) {
    test(how, async () => {
      const { content, stop_reason, usage } = await client().messages.create(QUESTION);
      assert.match(JSON.stringify(content), /What is an outcrop\?/);
      assert.equal(stop_reason, 'end_turn');
      assert.ok(usage.input_tokens > 0);
      assert.equal(gateway.forwarded()[0]?.signature, 'valid');
    });
  }
});

test('a stream, event by event', async () => {
  const stream = await connect().messages.create({ ...QUESTION, stream: true });
  const kinds: string[] = [];
  let text = '';
  for await (const event of stream) {
    kinds.push(event.type);
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
  }
  assert.equal(kinds[0], 'message_start');
  assert.equal(kinds.at(-1), 'message_stop');
  assert.match(text, /What is an outcrop\?/);
});

test('plain colons and betas arrive as they were sent', async () => {
  await connect().beta.messages.create({ ...QUESTION, betas: ['context-1m-2025-08-07'] });
  const [request] = gateway.forwarded();
  assert.equal(request?.rawPath, `/model/${MODEL}/invoke`);
  const headers = Object.fromEntries(request.rawHeaders);
  assert.equal(headers['anthropic-beta'], 'context-1m-2025-08-07');
  assert.match(request.body.toString(), /"anthropic_beta":\["context-1m-2025-08-07"\]/);
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('x-stainless')),
    [],
  );
});

test('an ARN model goes to its own region', async () => {
  await connect().messages.create({ ...QUESTION, model: PROFILE_ARN });
  const [request] = gateway.forwarded();
  assert.equal(request?.labels['modelId'], PROFILE_ARN);
  assert.match(request.scope ?? '', /\/us-west-2\//);
});

describe('errors are raised as its own classes', () => {
  const { RateLimitError, BadRequestError, PermissionDeniedError, AuthenticationError, APIError } = AnthropicBedrock;
  const modelled = [
    [429, 'ThrottlingException', RateLimitError],
    [400, 'ValidationException', BadRequestError],
    [403, 'AccessDeniedException', PermissionDeniedError],
  ] as const;
  for (const [status, exception, Class] of modelled) {
    test(exception, async () => {
      gateway.simulator.inject({ kind: 'error', status, exception, message: 'Said by Bedrock.' });
      await assert.rejects(connect().messages.create(QUESTION), (error) => {
        assert.ok(error instanceof Class);
        assert.match(error.message, /Said by Bedrock\./);
        return true;
      });
    });
  }

  test('in the middle of a stream', async () => {
    gateway.simulator.inject({
      kind: 'exception-frame',
      afterFrames: 3,
      exception: 'throttlingException',
      message: 'Said by Bedrock.',
    });
    const stream = await connect().messages.create({ ...QUESTION, stream: true });
    const kinds: string[] = [];
    await assert.rejects(
      async () => {
        for await (const event of stream) kinds.push(event.type);
      },
      (error) => error instanceof APIError && error.message.includes('Said by Bedrock.'),
    );
    assert.equal(kinds.length, 3);
  });

  test("the gateway's own for a wrong key", async () => {
    await assert.rejects(connect('sk-wrong').messages.create(QUESTION), (error) => {
      assert.ok(error instanceof AuthenticationError);
      assert.match(error.message, /The API key in the request is not valid here/);
      return true;
    });
    assert.deepEqual(gateway.forwarded(), []);
  });
});
