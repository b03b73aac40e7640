import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  BedrockAgentClient,
  CreateAgentCommand,
  ValidationException as AgentValidationException,
} from '@aws-sdk/client-bedrock-agent';
import {
  BedrockAgentRuntimeClient,
  RetrieveCommand,
  ThrottlingException as AgentThrottlingException,
} from '@aws-sdk/client-bedrock-agent-runtime';
import {
  AccessDeniedException,
  BedrockRuntimeServiceException,
  ConverseCommand,
  ConverseStreamCommand,
  InternalServerException,
  InvokeModelCommand,
  ModelStreamErrorException,
  ModelTimeoutException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ServiceUnavailableException,
  ThrottlingException,
  ValidationException,
  type BedrockRuntimeClient,
} from '@aws-sdk/client-bedrock-runtime';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { AS_ACCESS_KEY, baseConfig, connectRuntime, QUESTION } from './sdk/connect.ts';
import { FORBIDDEN_ARN, MODEL } from './examples.ts';

/** What the AWS SDK for JavaScript v3 makes of errors: Bedrock's, before and in a stream, and the gateway's own. */

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

before(async () => {
  gateway = await startTestGateway();
  runtime = connectRuntime(gateway.origin);
});
afterEach(() => {
  gateway.simulator.clearFaults();
  gateway.simulator.clearRequests();
});
after(async () => {
  runtime.destroy();
  await gateway.close();
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
          assert.equal(error.$metadata.requestId, gateway.forwarded().at(-1)?.requestId);
          return true;
        });
      }
    });
  }

  test('of an agent', async () => {
    gateway.simulator.inject({ kind: 'error', status: 429, exception: 'ThrottlingException' });
    const command = new RetrieveCommand({ knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'rock' } });
    const agents = new BedrockAgentRuntimeClient({ ...baseConfig(gateway.origin), ...AS_ACCESS_KEY });
    await assert.rejects(agents.send(command), AgentThrottlingException);
    agents.destroy();
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
    const client = connectRuntime(gateway.origin, { maxAttempts: 3 });
    const { output } = await client.send(new ConverseCommand({ modelId: MODEL, messages: QUESTION }));
    client.destroy();
    assert.ok(output);
    assert.equal(gateway.forwarded().length, 2);
  });
});

describe("the gateway's refusals are raised by name", () => {
  const ask: Ask = (client) => client.send(new ConverseCommand({ modelId: MODEL, messages: QUESTION }));
  const askElsewhere: Ask = (client) =>
    client.send(new ConverseCommand({ modelId: FORBIDDEN_ARN, messages: QUESTION }));
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
      const client = connectRuntime(gateway.origin, { endpoint: `${gateway.origin}${path}`, ...config });
      await assert.rejects(ask(client), (error) => {
        assert.ok(error instanceof BedrockRuntimeServiceException, String(error));
        assert.equal(`${error.$metadata.httpStatusCode} ${error.name}`, answer);
        assert.ok(error.message.length > 10);
        return true;
      });
      client.destroy();
      assert.deepEqual(gateway.forwarded(), []);
    });
  }

  test('a large body with a wrong key, over HTTP/2', async () => {
    const client = connectRuntime(gateway.origin, { token: { token: 'sk-wrong' } });
    const command = new InvokeModelCommand({ modelId: MODEL, body: new Uint8Array(8 * 1024 * 1024) });
    await assert.rejects(client.send(command), { name: 'UnrecognizedClientException' });
    client.destroy();
    assert.deepEqual(gateway.forwarded(), []);
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
    assert.deepEqual(gateway.forwarded(), []);
  });
});
