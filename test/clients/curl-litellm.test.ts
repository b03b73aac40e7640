import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { needs } from '../support/needs.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { startBoto3, type Boto3, type Boto3Client } from './boto3/driver.ts';
import { runCommand, type CommandResult } from './run-command.ts';

/**
 * What LiteLLM documents for its Bedrock pass-through, with nothing changed but the port: curl lines, the agent client of
 * boto3 with its header hook, and LangChain's key where an access key id belongs. Both without a master key and with one.
 */

const CONVERSE_BODY = '{"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}';
const INVOKE_BODY = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hello' }],
});

interface Line {
  readonly path: string;
  readonly body: string;
  readonly operation: string;
  readonly service: string;
  readonly answers: RegExp;
}

const LINES: readonly Line[] = [
  {
    path: '/bedrock/model/cohere.command-r-v1:0/converse',
    body: CONVERSE_BODY,
    operation: 'Converse',
    service: 'bedrock-runtime',
    answers: /"stopReason":"end_turn"/,
  },
  {
    path: '/bedrock/model/cohere.command-r-v1:0/converse-stream',
    body: CONVERSE_BODY,
    operation: 'ConverseStream',
    service: 'bedrock-runtime',
    answers: /messageStart[\s\S]*messageStop[\s\S]*metadata/,
  },
  {
    path: '/bedrock/model/anthropic.claude-3-sonnet-20240229-v1:0/invoke',
    body: INVOKE_BODY,
    operation: 'InvokeModel',
    service: 'bedrock-runtime',
    answers: /"stop_reason":"end_turn"/,
  },
  {
    path: '/bedrock/model/anthropic.claude-3-sonnet-20240229-v1:0/invoke-with-response-stream',
    body: INVOKE_BODY,
    operation: 'InvokeModelWithResponseStream',
    service: 'bedrock-runtime',
    answers: /"bytes":/,
  },
  {
    path: '/bedrock/guardrail/guardrailIdentifier/version/guardrailVersion/apply',
    body: '{"content": [{"text": {"text": "Hello world"}}], "source": "INPUT"}',
    operation: 'ApplyGuardrail',
    service: 'bedrock-runtime',
    answers: /"action":"NONE"/,
  },
  {
    path: '/bedrock/knowledgebases/knowledgeBaseId/retrieve',
    body: '{"nextToken": "string", "retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 3}}, "retrievalQuery": {"text": "string"}}',
    operation: 'Retrieve',
    service: 'bedrock-agent-runtime',
    answers: /"retrievalResults":/,
  },
];

const AGENT = {
  service: 'bedrock-agent-runtime',
  method: 'invoke_agent',
  args: { agentId: 'L1RT58GYRW', agentAliasId: 'MFPSBCXYTW', sessionId: '12345', inputText: 'Hello' },
};

const LITELLM_ENV = {
  AWS_REGION: '',
  AWS_REGION_NAME: 'us-east-1',
};

for (const mode of ['without a master key', 'with LITELLM_MASTER_KEY'] as const) {
  const anonymous = mode === 'without a master key';

  describe(`${mode}, curl`, needs('curl'), () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await startLiteLlmLike(anonymous);
    });
    afterEach(() => gateway.simulator.clearRequests());
    after(() => gateway.close());

    for (const { path, body, operation, service, answers } of LINES) {
      test(path, async () => {
        const key = anonymous ? 'anything' : MASTER_KEY;
        const { exitCode, stdout, stderr } = await post(gateway, path, body, [`Authorization: Bearer ${key}`]);
        assert.equal(exitCode, 0, stderr);
        assert.match(stdout, answers);
        const [request, ...others] = gateway.forwarded();
        assert.equal(others.length, 0);
        assert.deepEqual([request?.service, request?.operation, request?.signature], [service, operation, 'valid']);
        assert.equal(request?.rawPath, path.replace('/bedrock', ''));
        assert.equal(request.body.toString(), body);
      });
    }

    test('a key nobody asked for, or none at all', async () => {
      for (const headers of [[], ['x-api-key: anything'], ['Authorization: Bearer sk-wrong']]) {
        const [line] = LINES;
        assert.ok(line);
        const { stdout } = await post(gateway, line.path, line.body, headers);
        if (anonymous) {
          assert.match(stdout, /"stopReason"/);
          continue;
        }
        const answer: unknown = JSON.parse(stdout);
        assert.ok(typeof answer === 'object' && answer !== null && 'error' in answer);
        assert.partialDeepStrictEqual(answer.error, { type: 'auth_error', param: null, code: '401' });
      }
      assert.equal(gateway.forwarded().length, anonymous ? 3 : 0);
    });
  });

  describe(`${mode}, boto3`, needs('python3 with boto3'), () => {
    let gateway: TestGateway;
    let boto3: Boto3;
    before(async () => {
      boto3 = startBoto3();
      gateway = await startLiteLlmLike(anonymous);
    });
    after(async () => {
      boto3.close();
      await gateway.close();
    });

    const carriers: Readonly<Record<string, Omit<Boto3Client, 'endpoint'>>> = {
      'fake AWS keys and a header hook': { headers: { litellm_user_api_key: `Bearer ${MASTER_KEY}` } },
      'fake AWS keys and a header hook without Bearer': { headers: { litellm_user_api_key: MASTER_KEY } },
      'LangChain: "Bearer sk-…" as access key id': { accessKeyId: `Bearer ${MASTER_KEY}`, secretAccessKey: 'bedrock' },
      'LangChain: the key itself as access key id': { accessKeyId: MASTER_KEY, secretAccessKey: 'bedrock' },
    };
    for (const [how, client] of Object.entries(carriers)) {
      test(`an agent's completion, chunk by chunk (${how})`, async () => {
        const { events, error } = await boto3.call({
          ...AGENT,
          client: { ...client, endpoint: `http://0.0.0.0:${gateway.gateway.port}/bedrock` },
        });
        assert.equal(error, undefined);
        assert.ok(events.length > 2);
        assert.deepEqual([...new Set(events.flatMap((event) => Object.keys(event)))], ['chunk']);
      });
    }

    test('fake AWS keys alone', async () => {
      const { events, error } = await boto3.call({ ...AGENT, client: { endpoint: `${gateway.origin}/bedrock` } });
      if (anonymous) assert.ok(events.length > 2);
      else assert.equal(error?.status, 403);
    });
  });
}

test('a refusal over HTTP/2 reaches curl while it is still sending', needs('curl'), async () => {
  const gateway = await startTestGateway();
  const url = `${gateway.origin}/bedrock/model/any/invoke`;
  const argv = ['-sS', '--http2-prior-knowledge', '-X', 'POST', '--data-binary', '@-', '-w', ' %{http_code}', url];
  const { stdout, stderr } = await runCommand('curl', argv, { stdin: 'x'.repeat(1024 * 1024) });
  await gateway.close();
  assert.match(stdout, /UnrecognizedClientException.* 401$/, stderr);
});

/** As LiteLLM is set up: its names for region and key. */
function startLiteLlmLike(anonymous: boolean): Promise<TestGateway> {
  const env = anonymous ? LITELLM_ENV : { ...LITELLM_ENV, LITELLM_MASTER_KEY: MASTER_KEY };
  return startTestGateway({ anonymous: true, env });
}

function post(
  { gateway }: TestGateway,
  path: string,
  body: string,
  headers: readonly string[],
): Promise<CommandResult> {
  const url = `http://0.0.0.0:${gateway.port}${path}`;
  const fields = [...headers, 'Content-Type: application/json'].flatMap((header) => ['-H', header]);
  return runCommand('curl', ['-sS', '-X', 'POST', url, ...fields, '-d', body]);
}
