import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { BedrockClient, ListFoundationModelsCommand } from '@aws-sdk/client-bedrock';
import { BedrockAgentRuntimeClient, InvokeAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import {
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type BedrockRuntimeClient,
} from '@aws-sdk/client-bedrock-runtime';
import { needs } from '../support/needs.ts';
import { createTrust, makeSelfSigned } from '../support/self-signed.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { AS_ACCESS_KEY, baseConfig, BEARER, connectRuntime, QUESTION } from './sdk/connect.ts';
import { CLAUDE_BODY, MODEL, PROFILE_ARN } from './examples.ts';

/** The AWS SDK for JavaScript v3, with the HTTP/2 handler it takes for model and agent calls and HTTP/1 for the rest. */

let gateway: TestGateway;
let runtime: BedrockRuntimeClient;

before(async () => {
  gateway = await startTestGateway();
  runtime = connectRuntime(gateway.origin);
});
afterEach(() => gateway.simulator.clearRequests());
after(async () => {
  runtime.destroy();
  await gateway.close();
});

describe('answers', () => {
  test('Converse', async () => {
    const { output, usage, stopReason } = await runtime.send(
      new ConverseCommand({ modelId: MODEL, messages: QUESTION }),
    );
    assert.match(output?.message?.content?.[0]?.text ?? '', /What is an outcrop\?/);
    assert.equal(stopReason, 'end_turn');
    assert.ok((usage?.inputTokens ?? 0) > 0);
  });

  test('ConverseStream, event by event', async () => {
    const { stream } = await runtime.send(new ConverseStreamCommand({ modelId: MODEL, messages: QUESTION }));
    const kinds: string[] = [];
    let text = '';
    for await (const event of stream ?? []) {
      kinds.push(...Object.keys(event));
      text += event.contentBlockDelta?.delta?.text ?? '';
    }
    assert.match(text, /What is an outcrop\?/);
    assert.equal(kinds[0], 'messageStart');
    assert.deepEqual(kinds.slice(-2), ['messageStop', 'metadata']);
  });

  test('InvokeModel, with and without a content type', async () => {
    for (const contentType of [undefined, 'application/json']) {
      const { body } = await runtime.send(new InvokeModelCommand({ modelId: MODEL, contentType, body: CLAUDE_BODY }));
      assert.match(body.transformToString(), /"stop_reason":"end_turn"/);
    }
    const sent = gateway.forwarded().map(({ rawHeaders }) => Object.fromEntries(rawHeaders)['content-type']);
    assert.deepEqual(sent, ['application/octet-stream', 'application/json']);
  });

  test('InvokeModelWithResponseStream', async () => {
    const command = new InvokeModelWithResponseStreamCommand({ modelId: MODEL, body: CLAUDE_BODY });
    const { body } = await runtime.send(command);
    let text = '';
    for await (const event of body ?? []) text += new TextDecoder().decode(event.chunk?.bytes);
    assert.match(text, /message_start.*message_stop/);
  });

  test('InvokeAgent, whose client can only sign', async () => {
    const command = new InvokeAgentCommand({
      agentId: 'AGENT12345',
      agentAliasId: 'ALIAS12345',
      sessionId: 'session-1',
      inputText: 'What is an outcrop?',
    });
    const agents = new BedrockAgentRuntimeClient({ ...baseConfig(gateway.origin), ...AS_ACCESS_KEY });
    const { completion, sessionId } = await agents.send(command);
    let text = '';
    for await (const { chunk } of completion ?? []) text += new TextDecoder().decode(chunk?.bytes);
    assert.match(text, /What is an outcrop\?/);
    agents.destroy();
    assert.equal(sessionId, 'session-1');
  });

  test('an ARN model goes to its own region', async () => {
    const { stream } = await runtime.send(new ConverseStreamCommand({ modelId: PROFILE_ARN, messages: QUESTION }));
    for await (const event of stream ?? []) assert.ok(event);
    const [request] = gateway.forwarded();
    assert.equal(request?.labels['modelId'], PROFILE_ARN);
    assert.match(request?.scope ?? '', /^\d{8}\/us-west-2\/bedrock\/aws4_request$/);
  });

  test('an endpoint that ends in a slash, which makes a doubled one', async () => {
    const client = connectRuntime(gateway.origin, { endpoint: `${gateway.origin}/bedrock/` });
    const { output } = await client.send(new ConverseCommand({ modelId: MODEL, messages: QUESTION }));
    client.destroy();
    assert.ok(output);
    assert.match(gateway.forwarded()[0]?.rawPath ?? '', /^\/model\//);
  });

  test('many at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const messages = [{ role: 'user' as const, content: [{ text: `Question ${index}.` }] }];
        return runtime.send(new ConverseCommand({ modelId: MODEL, messages }));
      }),
    );
    answers.forEach(({ output }, index) => {
      assert.match(output?.message?.content?.[0]?.text ?? '', new RegExp(`"Question ${index}\\."`));
    });
  });
});

describe('over TLS', needs('openssl'), () => {
  const selfSigned = makeSelfSigned();
  const trust = createTrust(selfSigned.certificate);
  let secure: TestGateway;

  before(async () => {
    trust(true);
    const { certFile, keyFile } = selfSigned;
    secure = await startTestGateway({ env: { OUTCROP_TLS_CERT: certFile, OUTCROP_TLS_KEY: keyFile } });
  });
  after(async () => {
    trust(false);
    selfSigned.remove();
    await secure.close();
  });

  test('h2 by ALPN, as the runtime client insists', async () => {
    const client = connectRuntime(secure.origin);
    const { stream } = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages: QUESTION }));
    const kinds: string[] = [];
    for await (const event of stream ?? []) kinds.push(...Object.keys(event));
    client.destroy();
    assert.equal(kinds.at(-1), 'metadata');
  });

  test('http/1.1, as the other clients speak', async () => {
    const client = new BedrockClient({ ...baseConfig(secure.origin), ...BEARER });
    const { modelSummaries } = await client.send(new ListFoundationModelsCommand({}));
    client.destroy();
    assert.ok((modelSummaries?.length ?? 0) > 0);
  });
});
