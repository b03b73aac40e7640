import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { needs } from '../support/needs.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CALLS, MESSAGES, STREAMS } from './boto3/calls.ts';
import { startBoto3, type Boto3, type Boto3Client, type Boto3Outcome } from './boto3/driver.ts';
import { FORBIDDEN_ARN, MODEL } from './examples.ts';

/** boto3: the key as access key id or in a header, or as a bearer token, which it sends over TLS alone since 1.44. */

/** A request the gateway itself answers, and how boto3 tells of it. */
interface Refused {
  readonly what: string;
  readonly client?: Omit<Boto3Client, 'endpoint'>;
  readonly path?: string;
  readonly modelId?: string;
  /** Status, class and code. */
  readonly raised: string;
}

describe('boto3', needs('python3 with boto3'), () => {
  let gateway: TestGateway;
  let boto3: Boto3;

  before(async () => {
    boto3 = startBoto3();
    gateway = await startTestGateway();
  });
  afterEach(() => {
    gateway.simulator.clearFaults();
    gateway.simulator.clearRequests();
  });
  after(async () => {
    boto3.close();
    await gateway.close();
  });

  /** How the key is carried where nothing else is said. */
  const keyed = (): Boto3Client => ({ endpoint: `${gateway.origin}/bedrock`, accessKeyId: MASTER_KEY });
  const converse = (client: Partial<Boto3Client> = {}): Promise<Boto3Outcome> =>
    boto3.call({
      service: 'bedrock-runtime',
      method: 'converse',
      args: { modelId: MODEL, messages: MESSAGES },
      client: { ...keyed(), ...client },
    });

  for (const { operation, region = 'us-east-1', ...asked } of CALLS) {
    test(`${asked.service}: ${asked.method}`, async () => {
      const { answer, error } = await boto3.call({ ...asked, client: keyed() });
      assert.equal(error, undefined);
      assert.ok(answer);
      const seen = gateway
        .forwarded()
        .map((request) => [request.service, request.operation, request.signature, request.scope?.split('/')[1]]);
      assert.deepEqual(seen, [[asked.service, operation, 'valid', region]]);
    });
  }

  for (const { first, last, ...asked } of STREAMS) {
    test(`${asked.service}: ${asked.method}, event by event`, async () => {
      const { events, error } = await boto3.call({ ...asked, client: keyed() });
      assert.equal(error, undefined);
      assert.ok(events.length > 2);
      assert.deepEqual(Object.keys(events[0] ?? {}), [first]);
      assert.deepEqual(Object.keys(events.at(-1) ?? {}), [last]);
    });
  }

  for (const client of [
    { accessKeyId: MASTER_KEY },
    { accessKeyId: `Bearer ${MASTER_KEY}` },
    { accessKeyId: MASTER_KEY, sessionToken: 'of no importance' },
    { headers: { litellm_user_api_key: `Bearer ${MASTER_KEY}` } },
    { headers: { 'x-litellm-api-key': MASTER_KEY } },
  ]) {
    test(`takes the key as ${JSON.stringify(client).replaceAll(MASTER_KEY, 'sk-…')}`, async () => {
      const { error } = await boto3.call({
        service: 'bedrock-agent-runtime',
        method: 'retrieve',
        args: { knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'rock' } },
        client: { endpoint: `${gateway.origin}/bedrock`, ...client },
      });
      assert.equal(error, undefined);
    });
  }

  for (const [status, exception] of [
    [429, 'ThrottlingException'],
    [400, 'ValidationException'],
    [403, 'AccessDeniedException'],
    [404, 'ResourceNotFoundException'],
    [424, 'ModelErrorException'],
    [503, 'ServiceUnavailableException'],
  ] as const) {
    test(`raises Bedrock's ${exception}`, async () => {
      gateway.simulator.inject({ kind: 'error', status, exception, message: 'Said by Bedrock.' });
      const { error } = await converse();
      const requestId = gateway.forwarded()[0]?.requestId;
      const message = 'Said by Bedrock.';
      assert.deepEqual(error, { class: exception, code: exception, message, status, requestId });
    });
  }

  test('raises an exception in the middle of a stream, after the events before it', async () => {
    gateway.simulator.inject({
      kind: 'exception-frame',
      afterFrames: 3,
      exception: 'throttlingException',
      message: 'Said by Bedrock.',
    });
    const args = { modelId: MODEL, messages: MESSAGES };
    const client = keyed();
    const { events, error } = await boto3.call({ service: 'bedrock-runtime', method: 'converse_stream', args, client });
    assert.equal(events.length, 3);
    assert.equal(error?.class, 'EventStreamError');
    assert.equal(error.code, 'throttlingException');
    assert.equal(error.message, 'Said by Bedrock.');
  });

  test('retries what Bedrock throttled once', async () => {
    gateway.simulator.inject({ kind: 'error', status: 429, exception: 'ThrottlingException', count: 1 });
    const { error } = await converse({ attempts: 2 });
    assert.equal(error, undefined);
    assert.equal(gateway.forwarded().length, 2);
  });

  const refusals: readonly Refused[] = [
    {
      what: 'a wrong key',
      client: { accessKeyId: 'sk-wrong' },
      raised: '403 ClientError UnrecognizedClientException',
    },
    {
      what: 'an unknown access key id',
      client: { accessKeyId: 'AKIAUNKNOWN' },
      raised: '403 ClientError UnrecognizedClientException',
    },
    {
      what: 'a wrong key in a header over a right one',
      client: { accessKeyId: MASTER_KEY, headers: { 'x-api-key': 'sk-wrong' } },
      raised: '401 ClientError UnrecognizedClientException',
    },
    {
      what: 'a path that is no operation',
      path: '/bedrock/nowhere',
      raised: '404 ClientError UnknownOperationException',
    },
    {
      what: 'a region that is not allowed',
      modelId: FORBIDDEN_ARN,
      raised: '403 AccessDeniedException AccessDeniedException',
    },
  ];
  for (const { what, client = { accessKeyId: MASTER_KEY }, path = '/bedrock', modelId = MODEL, raised } of refusals) {
    test(`raises the gateway's refusal of ${what}: ${raised}`, async () => {
      const { error } = await boto3.call({
        service: 'bedrock-runtime',
        method: 'converse',
        args: { modelId, messages: MESSAGES },
        client: { endpoint: `${gateway.origin}${path}`, ...client },
      });
      assert.equal(`${error?.status} ${error?.class} ${error?.code}`, raised);
      assert.deepEqual(gateway.forwarded(), []);
    });
  }

  test('raises 413 for a body over the bound', async () => {
    const { error } = await boto3.call({
      service: 'bedrock-agent',
      method: 'create_agent',
      args: { agentName: 'large', instruction: 'x'.repeat(33 * 1024 * 1024) },
      client: keyed(),
    });
    assert.deepEqual([error?.status, error?.class], [413, 'ValidationException']);
    assert.deepEqual(gateway.forwarded(), []);
  });
});

describe('boto3 over TLS', needs('python3 with boto3', 'openssl'), () => {
  test('http/1.1 by ALPN, unary and stream', async () => {
    const selfSigned = makeSelfSigned();
    const boto3 = startBoto3();
    const env = { OUTCROP_TLS_CERT: selfSigned.certFile, OUTCROP_TLS_KEY: selfSigned.keyFile };
    const gateway = await startTestGateway({ env });
    try {
      const client = { endpoint: `${gateway.origin}/bedrock`, bearer: MASTER_KEY, authority: selfSigned.certFile };
      const args = { modelId: MODEL, messages: MESSAGES };
      const unary = await boto3.call({ service: 'bedrock-runtime', method: 'converse', args, client });
      assert.equal(unary.error, undefined);
      const stream = await boto3.call({ service: 'bedrock-runtime', method: 'converse_stream', args, client });
      assert.deepEqual(Object.keys(stream.events.at(-1) ?? {}), ['metadata']);
    } finally {
      boto3.close();
      selfSigned.remove();
      await gateway.close();
    }
  });
});
