import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { needs } from '../support/needs.ts';
import { CALLS, MESSAGES, STREAMS } from './boto3/calls.ts';
import { FORBIDDEN_ARN, MODEL } from './examples.ts';
import { runCommand } from './run-command.ts';
import { createTrust, makeSelfSigned } from '../support/self-signed.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey, type IssuedKey, otherSecret } from '../support/virtual-keys.ts';

/** boto3 with an endpoint and a virtual key's AWS credentials in its environment, and nothing else. */

const PROGRAM = fileURLToPath(new URL('virtual-boto3.py', import.meta.url));

const outcomes = z.array(z.object({ events: z.array(z.string()).optional(), raised: z.string().optional() }));

interface Call {
  readonly service: string;
  readonly method: string;
  readonly args?: object;
  /** Over what the environment says. */
  readonly keys?: object;
  readonly changes?: {
    readonly headers?: Readonly<Record<string, string>>;
    /** In path and body. */
    readonly replace?: readonly [string, string];
    readonly clockSeconds?: number;
  };
}

const CONVERSE = { service: 'bedrock-runtime', method: 'converse', args: { modelId: MODEL, messages: MESSAGES } };
const RETRIEVE = {
  service: 'bedrock-agent-runtime',
  method: 'retrieve',
  args: { knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'rock' } },
};

describe('boto3', needs('python3 with boto3'), () => {
  let gateway: TestGateway;
  let key: IssuedKey;

  before(async () => {
    gateway = await startTestGateway();
    key = await issueKey(gateway.origin, EVERY_OPERATION);
  });
  afterEach(() => gateway.simulator.clearRequests());
  after(() => gateway.close());

  /** All in one process: it takes longer to start than most calls. */
  const boto3 = async (calls: readonly Call[], env: Readonly<Record<string, string>>) => {
    const { exitCode, stdout, stderr } = await runCommand('python3', [PROGRAM], {
      stdin: JSON.stringify(calls),
      env: {
        AWS_ENDPOINT_URL: `${gateway.origin}/bedrock`,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_MAX_ATTEMPTS: '1',
        ...env,
      },
    });
    assert.equal(exitCode, 0, stderr);
    return outcomes.parse(JSON.parse(stdout));
  };
  const pair = ({ accessKeyId, secretAccessKey }: IssuedKey): Record<string, string> => ({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });

  test('calls every service, and reads streams', async () => {
    const calls = [...CALLS, ...STREAMS].map(({ service, method, args }) => ({
      service,
      method,
      ...(args && { args }),
    }));
    const came = await boto3(calls, pair(key));
    const expected = [
      ...CALLS.map(({ service, method }) => `${service} ${method}: ok`),
      ...STREAMS.map(({ service, method, first, last }) => `${service} ${method}: ${first} … ${last}`),
    ];
    const seen = came.map(({ events = [], raised }, index) => {
      const outcome = raised ?? (events.length === 0 ? 'ok' : `${events[0]} … ${events.at(-1)}`);
      return `${calls[index]?.service} ${calls[index]?.method}: ${outcome}`;
    });
    assert.deepEqual(seen, expected);
    const requests = gateway.forwarded();
    assert.equal(requests.length, calls.length);
    assert.ok(requests.every(({ signature }) => signature === 'valid'));
    assert.ok(!JSON.stringify(requests).includes(key.accessKeyId), 'the virtual access key id went to Bedrock');
  });

  const INVALID = '403 ClientError InvalidSignatureException';
  const REFUSED: readonly { readonly what: string; readonly call: Call; readonly raised: string }[] = [
    { what: 'a slow clock', call: { ...CONVERSE, changes: { clockSeconds: -360 } }, raised: INVALID },
    { what: 'a fast clock', call: { ...CONVERSE, changes: { clockSeconds: 360 } }, raised: INVALID },
    { what: 'another body', call: { ...RETRIEVE, changes: { replace: ['"rock"', '"rack"'] } }, raised: INVALID },
    { what: 'another path', call: { ...CONVERSE, changes: { replace: ['sonnet', 'opus'] } }, raised: INVALID },
    {
      what: 'another content type',
      call: { ...CONVERSE, changes: { headers: { 'Content-Type': 'text/plain' } } },
      raised: INVALID,
    },
    {
      what: 'a header that was put in',
      call: { ...CONVERSE, changes: { headers: { 'X-Amz-Put-In': '1' } } },
      raised: INVALID,
    },
    { what: 'a session token', call: { ...CONVERSE, keys: { aws_session_token: 'a-token' } }, raised: INVALID },
    {
      what: 'a region that is not allowed',
      call: { ...CONVERSE, args: { modelId: FORBIDDEN_ARN, messages: MESSAGES } },
      raised: '403 AccessDeniedException AccessDeniedException',
    },
  ];

  test('raises for what is wrong or was changed on the way, and Bedrock hears of none', async () => {
    // What is explicit comes before the environment only as a whole.
    const explicit = { aws_access_key_id: key.accessKeyId, aws_secret_access_key: key.secretAccessKey };
    const calls = REFUSED.map(({ call }) => (call.keys ? { ...call, keys: { ...explicit, ...call.keys } } : call));
    const came = await boto3(calls, pair(key));
    assert.deepEqual(
      came.map(({ raised }, index) => `${REFUSED[index]?.what}: ${raised}`),
      REFUSED.map(({ what, raised }) => `${what}: ${raised}`),
    );
    assert.deepEqual(gateway.forwarded(), []);
  });

  test('raises for a wrong secret and for an access key id that nobody has', async () => {
    const [wrong] = await boto3([CONVERSE], { ...pair(key), AWS_SECRET_ACCESS_KEY: otherSecret(key) });
    assert.equal(wrong?.raised, INVALID);
    const [unknown] = await boto3([CONVERSE], { ...pair(key), AWS_ACCESS_KEY_ID: 'AKOCAAAAAAAAAAAAAAAA' });
    assert.equal(unknown?.raised, '403 ClientError UnrecognizedClientException');
    assert.deepEqual(gateway.forwarded(), []);
  });

  test(
    'AWS_BEARER_TOKEN_BEDROCK is enough for models, over TLS; the key as access key id for the rest',
    needs('openssl'),
    async () => {
      const tls = makeSelfSigned();
      const trust = createTrust(tls.certificate);
      trust(true);
      const secure = await startTestGateway({ env: { OUTCROP_TLS_CERT: tls.certFile, OUTCROP_TLS_KEY: tls.keyFile } });
      try {
        const { bearer } = await issueKey(secure.origin);
        const models = { service: 'bedrock', method: 'list_foundation_models' };
        const env = {
          AWS_ENDPOINT_URL: `${secure.origin}/bedrock`,
          AWS_CA_BUNDLE: tls.certFile,
          AWS_BEARER_TOKEN_BEDROCK: bearer,
          AWS_ACCESS_KEY_ID: bearer,
          AWS_SECRET_ACCESS_KEY: 'unused',
        };
        const came = await boto3([CONVERSE, models, RETRIEVE], env);
        assert.deepEqual(came, [{ events: [] }, { events: [] }, { events: [] }]);
      } finally {
        trust(false);
        await secure.close();
        tls.remove();
      }
    },
  );

  test('the default grant of a key stops short of other operations, with an exception that says so', async () => {
    const [came] = await boto3(
      [{ service: 'bedrock-agent', method: 'list_agents' }],
      pair(await issueKey(gateway.origin)),
    );
    assert.equal(came?.raised, '403 AccessDeniedException AccessDeniedException');
  });
});
