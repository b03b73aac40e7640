import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ConverseCommand, ConverseStreamCommand, type BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { InvokeAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { SERVICE_IDS } from '../../simulator/index.ts';
import { OPERATIONS } from '../../src/domain/operations/table.ts';
import { MODEL, PROFILE_ARN } from './examples.ts';
import { runCommand } from './run-command.ts';
import { connectRuntime, QUESTION } from './sdk/connect.ts';
import { exampleInput } from './sdk/example-input.ts';
import { examplesFor } from './sdk/operation-examples.ts';
import { loadSdkService } from './sdk/sdk-service.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey, type IssuedKey, otherSecret } from '../support/virtual-keys.ts';

/**
 * The AWS SDK for JavaScript with a virtual key's AWS credentials: HTTP/2 for models and agents, HTTP/1 for the rest. It
 * signs as for AWS, and every signature is verified.
 */

const NOT_CARRIED = 'InvokeModelWithBidirectionalStream';
const MINUTE_MS = 60_000;

let gateway: TestGateway;
let key: IssuedKey;

before(async () => {
  // What waits for a body that has come already shall not wait long.
  gateway = await startTestGateway({ env: { OUTCROP_BODY_TIMEOUT_MS: '2000', OUTCROP_HEADERS_TIMEOUT_MS: '2000' } });
  key = await issueKey(gateway.origin, { ...EVERY_OPERATION, act_for_users: true });
});
afterEach(() => gateway.simulator.clearRequests());
after(() => gateway.close());

function configOf({ accessKeyId, secretAccessKey }: IssuedKey): object {
  return {
    endpoint: `${gateway.origin}/bedrock`,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    // Over what the helper for tests with the master key has.
    token: undefined,
    authSchemePreference: undefined,
  };
}

const converse = new ConverseCommand({ modelId: MODEL, messages: QUESTION });

describe('every operation is signed and let through', () => {
  for (const service of SERVICE_IDS) {
    test(service, async () => {
      const sdk = await loadSdkService(service);
      const client = sdk.connect(configOf(key));
      const failures: string[] = [];
      for (const { name } of OPERATIONS.filter((operation) => operation.service === service)) {
        if (name === NOT_CARRIED) continue;
        gateway.simulator.clearRequests();
        const operation = sdk.operation(name);
        const sent = client.send(operation.command(exampleInput(operation.input, examplesFor(service, name))));
        // What Bedrock itself answers is not the matter here: it may not have the resource.
        const outcome = await sent.then(drain).catch((error: unknown) => String(error).slice(0, 500));
        const seen = gateway.forwarded().map((request) => `${request.operation} ${request.signature}`);
        if (seen.join() !== `${name} valid`) failures.push(`${name}: ${seen.join()} ${outcome}`);
      }
      client.destroy();
      assert.deepEqual(failures, []);
    });
  }
});

test('streams of models and agents over HTTP/2', async () => {
  const runtime = connectRuntime(gateway.origin, configOf(key));
  const { stream } = await runtime.send(new ConverseStreamCommand({ modelId: PROFILE_ARN, messages: QUESTION }));
  const kinds: string[] = [];
  for await (const event of stream ?? []) kinds.push(...Object.keys(event));
  assert.deepEqual([kinds[0], kinds.at(-1)], ['messageStart', 'metadata']);
  runtime.destroy();

  const command = new InvokeAgentCommand({
    agentId: 'AGENT12345',
    agentAliasId: 'ALIAS12345',
    sessionId: 's',
    inputText: 'Hello',
  });
  const agents = (await loadSdkService('bedrock-agent-runtime')).connect(configOf(key));
  assert.ok((await drain(await agents.send(command))) > 0);
  agents.destroy();
});

test('the region is that of the signature', async () => {
  await sendWith({ ...configOf(key), region: 'us-west-2' });
  assert.match(gateway.forwarded()[0]?.scope ?? '', /\/us-west-2\/bedrock\//);
});

describe('is refused with the exception that the SDK raises', () => {
  const CONFIGS: readonly (readonly [string, () => object, string])[] = [
    ['a wrong secret', () => configOf({ ...key, secretAccessKey: otherSecret(key) }), 'InvalidSignatureException'],
    [
      'an access key id that nobody has',
      () => configOf({ ...key, accessKeyId: `${key.accessKeyId.slice(0, -4)}AAAA` }),
      'UnrecognizedClientException',
    ],
    [
      'a clock that is slow',
      () => ({ ...configOf(key), systemClockOffset: -6 * MINUTE_MS }),
      'InvalidSignatureException',
    ],
    [
      'a clock that is fast',
      () => ({ ...configOf(key), systemClockOffset: 6 * MINUTE_MS }),
      'InvalidSignatureException',
    ],
    [
      'a session token',
      () => ({ ...configOf(key), credentials: { ...key, sessionToken: 'a-token' } }),
      'InvalidSignatureException',
    ],
    ['a region that is not allowed', () => ({ ...configOf(key), region: 'ap-south-1' }), 'AccessDeniedException'],
  ];
  for (const [what, config, exception] of CONFIGS) {
    test(`${what}: ${exception}`, () => refused(() => sendWith(config()), exception));
  }

  const CHANGES: readonly (readonly [string, (request: SentRequest) => void])[] = [
    ['the body', (request) => (request.body = altered(request.body))],
    ['the path', (request) => (request.path = request.path.replace('sonnet', 'opus'))],
    ['the query', (request) => (request.query = { latest: 'true' })],
    ['a signed header', (request) => (request.headers['content-type'] = 'application/octet-stream')],
    ['the date', (request) => (request.headers['x-amz-date'] = earlier(request.headers['x-amz-date'] ?? ''))],
    ['a header that counts and is not signed', (request) => (request.headers['x-amz-new'] = '1')],
  ];
  for (const [what, change] of CHANGES) {
    test(`${what} changed on the way: InvalidSignatureException`, () =>
      refused(() => sendWith(configOf(key), change), 'InvalidSignatureException'));
  }

  test('what the key was not given: AccessDeniedException', async () => {
    const restricted = await issueKey(gateway.origin, { models: ['amazon.nova-*'] });
    await refused(() => sendWith(configOf(restricted)), 'AccessDeniedException');
  });
});

test('AWS_BEARER_TOKEN_BEDROCK is all that a program needs', async () => {
  const { bearer } = await issueKey(gateway.origin);
  const program = `
    import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
    const { output } = await new BedrockRuntimeClient().send(
      new ConverseCommand({ modelId: '${MODEL}', messages: ${JSON.stringify(QUESTION)} }),
    );
    console.log(output.message.content[0].text);`;
  const { stdout, stderr } = await runCommand(process.execPath, ['--input-type=module', '-'], {
    stdin: program,
    env: {
      AWS_ENDPOINT_URL: `${gateway.origin}/bedrock`,
      AWS_REGION: 'us-east-1',
      AWS_BEARER_TOKEN_BEDROCK: bearer,
    },
  });
  assert.match(stdout, /outcrop/, stderr);
});

test('two variables and an endpoint are all that a program needs, for every kind of service', async () => {
  const { accessKeyId, secretAccessKey } = await issueKey(gateway.origin);
  const program = `
    import { BedrockClient, ListFoundationModelsCommand } from '@aws-sdk/client-bedrock';
    import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
    import { BedrockAgentRuntimeClient, RetrieveCommand } from '@aws-sdk/client-bedrock-agent-runtime';
    const { stream } = await new BedrockRuntimeClient().send(
      new ConverseStreamCommand({ modelId: '${MODEL}', messages: ${JSON.stringify(QUESTION)} }),
    );
    const seen = [];
    for await (const event of stream) seen.push(Object.keys(event)[0]);
    const { modelSummaries } = await new BedrockClient().send(new ListFoundationModelsCommand());
    const { retrievalResults } = await new BedrockAgentRuntimeClient().send(
      new RetrieveCommand({ knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'rock' } }),
    );
    console.log(seen.at(-1), modelSummaries.length > 0, retrievalResults.length > 0);`;
  const { stdout, stderr } = await runCommand(process.execPath, ['--input-type=module', '-'], {
    stdin: program,
    env: {
      AWS_ENDPOINT_URL: `${gateway.origin}/bedrock`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  assert.equal(stdout, 'metadata true true\n', stderr);
  assert.deepEqual(
    gateway.forwarded().map(({ operation, signature }) => `${operation} ${signature}`),
    ['ConverseStream valid', 'ListFoundationModels valid', 'Retrieve valid'],
  );
});

/** What goes out, after it has been signed. */
interface SentRequest {
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
}

async function sendWith(config: object, change?: (request: SentRequest) => void): Promise<void> {
  const client: BedrockRuntimeClient = connectRuntime(gateway.origin, config);
  if (change !== undefined) {
    client.middlewareStack.add(
      (next) => (args) => {
        if (isSentRequest(args.request)) change(args.request);
        return next(args);
      },
      // Nothing comes after this step but the network.
      { step: 'deserialize', priority: 'low', name: 'changed on the way' },
    );
  }
  try {
    await client.send(converse);
  } finally {
    client.destroy();
  }
}

function isSentRequest(request: unknown): request is SentRequest {
  return typeof request === 'object' && request !== null && 'headers' in request && 'path' in request;
}

async function refused(send: () => Promise<void>, exception: string): Promise<void> {
  await assert.rejects(send, (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.name, exception, error.message);
    assert.ok(!error.message.includes(key.secretAccessKey));
    return true;
  });
  assert.deepEqual(gateway.forwarded(), []);
}

function altered(body: unknown): string {
  assert.ok(typeof body === 'string' || body instanceof Uint8Array);
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  return text.replace('outcrop', 'outcorp');
}

function earlier(amzDate: string): string {
  return amzDate.replace(/\d\dZ$/, (seconds) => (seconds === '00Z' ? '01Z' : '00Z'));
}

/** Reads an answer's stream to its end. @returns how many events it had */
async function drain(answer: unknown): Promise<number> {
  let events = 0;
  for (const member of typeof answer === 'object' && answer !== null ? Object.values(answer) : []) {
    if (!isStream(member)) continue;
    for await (const event of member) events += event === undefined ? 0 : 1;
  }
  return events;
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
