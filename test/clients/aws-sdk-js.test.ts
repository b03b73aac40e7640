import assert from 'node:assert/strict';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { after, afterEach, before, describe, test } from 'node:test';
import { BedrockClient, ListFoundationModelsCommand } from '@aws-sdk/client-bedrock';
import {
  BedrockAgentClient,
  CreateAgentCommand,
  ValidationException as AgentValidationException,
} from '@aws-sdk/client-bedrock-agent';
import {
  BedrockAgentRuntimeClient,
  InvokeAgentCommand,
  RetrieveCommand,
  ThrottlingException as AgentThrottlingException,
} from '@aws-sdk/client-bedrock-agent-runtime';
import {
  AccessDeniedException,
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  ConverseStreamCommand,
  InternalServerException,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ModelStreamErrorException,
  ModelTimeoutException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ServiceUnavailableException,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import { needs } from '../support/needs.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/** The AWS SDK for JavaScript v3, with the HTTP/2 handler it takes for model and agent calls and HTTP/1 for the rest. */

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const PROFILE_ARN = 'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123';
const BEARER = { token: { token: MASTER_KEY }, authSchemePreference: ['httpBearerAuth'] };
const AS_ACCESS_KEY = { credentials: { accessKeyId: MASTER_KEY, secretAccessKey: 'unused' } };
const QUESTION = [{ role: 'user' as const, content: [{ text: 'What is an outcrop?' }] }];
const CLAUDE_BODY = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'What is an outcrop?' }],
});

type Ask = (client: BedrockRuntimeClient) => Promise<unknown>;

/** A request the gateway itself answers, and how the SDK tells of it. */
interface Refused {
  readonly what: string;
  readonly config?: object;
  readonly path?: string;
  readonly ask: Ask;
  readonly answer: string;
}

let gateway: TestGateway;
let runtime: BedrockRuntimeClient;
let agents: BedrockAgentRuntimeClient;

before(async () => {
  gateway = await startTestGateway();
  runtime = connect(gateway.origin);
  agents = new BedrockAgentRuntimeClient({ ...baseConfig(gateway.origin), ...AS_ACCESS_KEY });
});
afterEach(() => {
  gateway.simulator.clearFaults();
  gateway.simulator.clearRequests();
});
after(async () => {
  runtime.destroy();
  agents.destroy();
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
    const sent = gateway.simulator.requests().map(({ rawHeaders }) => Object.fromEntries(rawHeaders)['content-type']);
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
    const { completion, sessionId } = await agents.send(command);
    let text = '';
    for await (const { chunk } of completion ?? []) text += new TextDecoder().decode(chunk?.bytes);
    assert.match(text, /What is an outcrop\?/);
    assert.equal(sessionId, 'session-1');
  });

  test('an ARN model goes to its own region', async () => {
    const { stream } = await runtime.send(new ConverseStreamCommand({ modelId: PROFILE_ARN, messages: QUESTION }));
    for await (const event of stream ?? []) assert.ok(event);
    const [request] = gateway.simulator.requests();
    assert.equal(request?.labels['modelId'], PROFILE_ARN);
    assert.match(request?.scope ?? '', /^\d{8}\/us-west-2\/bedrock\/aws4_request$/);
  });

  test('an endpoint that ends in a slash, which makes a doubled one', async () => {
    const client = connect(gateway.origin, { endpoint: `${gateway.origin}/bedrock/` });
    const { output } = await client.send(new ConverseCommand({ modelId: MODEL, messages: QUESTION }));
    client.destroy();
    assert.ok(output);
    assert.match(gateway.simulator.requests()[0]?.rawPath ?? '', /^\/model\//);
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

describe("Bedrock's errors are raised as the SDK's own classes", () => {
  const modelled = [
    [429, 'ThrottlingException', ThrottlingException],
    [400, 'ValidationException', ValidationException],
    [403, 'AccessDeniedException', AccessDeniedException],
    [404, 'ResourceNotFoundException', ResourceNotFoundException],
    [400, 'ServiceQuotaExceededException', ServiceQuotaExceededException],
    [408, 'ModelTimeoutException', ModelTimeoutException],
    [500, 'InternalServerException', InternalServerException],
    [503, 'ServiceUnavailableException', ServiceUnavailableException],
  ] as const;

  for (const [status, exception, Class] of modelled) {
    test(exception, async () => {
      gateway.simulator.inject({ kind: 'error', status, exception, message: 'Said by Bedrock.' });
      const input = { modelId: MODEL, messages: QUESTION };
      const calls = [
        () => runtime.send(new ConverseCommand(input)),
        () => runtime.send(new ConverseStreamCommand(input)),
      ];
      for (const call of calls) {
        await assert.rejects(call, (error) => {
          assert.ok(error instanceof Class);
          assert.equal(error.message, 'Said by Bedrock.');
          assert.equal(error.$metadata.httpStatusCode, status);
          assert.equal(error.$metadata.requestId, gateway.simulator.requests().at(-1)?.requestId);
          return true;
        });
      }
    });
  }

  test('of an agent', async () => {
    gateway.simulator.inject({ kind: 'error', status: 429, exception: 'ThrottlingException' });
    const command = new RetrieveCommand({ knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'rock' } });
    await assert.rejects(agents.send(command), AgentThrottlingException);
  });

  test('in the middle of a stream', async () => {
    const inStream = [
      ['throttlingException', ThrottlingException],
      ['modelStreamErrorException', ModelStreamErrorException],
      ['validationException', ValidationException],
      ['internalServerException', InternalServerException],
      ['serviceUnavailableException', ServiceUnavailableException],
    ] as const;
    for (const [exception, Class] of inStream) {
      gateway.simulator.clearFaults();
      gateway.simulator.inject({ kind: 'exception-frame', afterFrames: 3, exception, message: 'Said by Bedrock.' });
      const { stream } = await runtime.send(new ConverseStreamCommand({ modelId: MODEL, messages: QUESTION }));
      let events = 0;
      await assert.rejects(
        async () => {
          for await (const event of stream ?? []) events += Object.keys(event).length;
        },
        (error) => error instanceof Class && error.message === 'Said by Bedrock.',
      );
      assert.equal(events, 3);
    }
  });

  test('and what Bedrock throttled once is answered by a retry', async () => {
    gateway.simulator.inject({ kind: 'error', status: 429, exception: 'ThrottlingException', count: 1 });
    const client = connect(gateway.origin, { maxAttempts: 3 });
    const { output } = await client.send(new ConverseCommand({ modelId: MODEL, messages: QUESTION }));
    client.destroy();
    assert.ok(output);
    assert.equal(gateway.simulator.requests().length, 2);
  });
});

describe("the gateway's refusals are raised by name", () => {
  const ask: Ask = (client) => client.send(new ConverseCommand({ modelId: MODEL, messages: QUESTION }));
  const askElsewhere: Ask = (client) =>
    client.send(new ConverseCommand({ modelId: PROFILE_ARN.replace('us-west-2', 'ap-south-1'), messages: QUESTION }));
  const unknownAccessKey = {
    credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'unused' },
    authSchemePreference: ['aws.auth#sigv4'],
  };

  const refusals: readonly Refused[] = [
    { what: 'a wrong key', config: { token: { token: 'sk-wrong' } }, ask, answer: '401 UnrecognizedClientException' },
    { what: 'an unknown access key id', config: unknownAccessKey, ask, answer: '403 UnrecognizedClientException' },
    { what: 'a path that is no operation', path: '/bedrock/nowhere', ask, answer: '404 UnknownOperationException' },
    { what: 'a region that is not allowed', ask: askElsewhere, answer: '403 AccessDeniedException' },
  ];

  for (const { what, config = {}, path = '/bedrock', ask, answer } of refusals) {
    test(`${what}: ${answer}`, async () => {
      const client = connect(gateway.origin, { endpoint: `${gateway.origin}${path}`, ...config });
      await assert.rejects(ask(client), (error) => {
        assert.ok(error instanceof BedrockRuntimeServiceException, String(error));
        assert.equal(`${error.$metadata.httpStatusCode} ${error.name}`, answer);
        assert.ok(error.message.length > 10);
        return true;
      });
      client.destroy();
      assert.deepEqual(gateway.simulator.requests(), []);
    });
  }

  test('a large body with a wrong key, over HTTP/2', async () => {
    const client = connect(gateway.origin, { token: { token: 'sk-wrong' } });
    const command = new InvokeModelCommand({ modelId: MODEL, body: new Uint8Array(8 * 1024 * 1024) });
    await assert.rejects(client.send(command), { name: 'UnrecognizedClientException' });
    client.destroy();
    assert.deepEqual(gateway.simulator.requests(), []);
  });

  // Node's own HTTP/2 client takes no answer while it holds more than 10 MB to send, so this is for HTTP/1.1.
  test('a body over the bound: 413 ValidationException', async () => {
    const client = new BedrockAgentClient({ ...baseConfig(gateway.origin), ...AS_ACCESS_KEY });
    const command = new CreateAgentCommand({ agentName: 'large', instruction: 'x'.repeat(33 * 1024 * 1024) });
    await assert.rejects(client.send(command), (error) => {
      assert.ok(error instanceof AgentValidationException, String(error));
      assert.equal(error.$metadata.httpStatusCode, 413);
      return true;
    });
    client.destroy();
    assert.deepEqual(gateway.simulator.requests(), []);
  });
});

describe('over TLS', needs('openssl'), () => {
  const trusted = getCACertificates('default');
  const selfSigned = makeSelfSigned();
  let secure: TestGateway;

  before(async () => {
    setDefaultCACertificates([...trusted, selfSigned.certificate]);
    const { certFile, keyFile } = selfSigned;
    secure = await startTestGateway({ env: { OUTCROP_TLS_CERT: certFile, OUTCROP_TLS_KEY: keyFile } });
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    selfSigned.remove();
    await secure.close();
  });

  test('h2 by ALPN, as the runtime client insists', async () => {
    const client = connect(secure.origin);
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

function baseConfig(origin: string) {
  return { endpoint: `${origin}/bedrock`, region: 'us-east-1', maxAttempts: 1 };
}

function connect(origin: string, config: object = {}): BedrockRuntimeClient {
  return new BedrockRuntimeClient({ ...baseConfig(origin), ...BEARER, ...config });
}
