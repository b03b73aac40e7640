import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { SERVICE_IDS, type ServiceId } from '../../simulator/index.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { http1Request, type Http1Answer } from './http1-request.ts';

/** Who may bring the key in what, which of two carriers counts, and that a wrong key gets nowhere near Bedrock. */

interface Carrier {
  readonly name: string;
  readonly values: (key: string) => readonly string[];
  /** What a wrong key in it is answered. */
  readonly status: 401 | 403;
}

const CUSTOM = 'x-team-key';
const WRONG_KEY = `${MASTER_KEY}-not`;

const bare = (key: string): readonly string[] => [key, `Bearer ${key}`, `bearer  ${key}`];
const inSignature = (key: string): string =>
  `AWS4-HMAC-SHA256 Credential=${key}/20260102/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, ` +
  `Signature=${'0'.repeat(64)}`;

/** In the order of rank. */
const CARRIERS: readonly Carrier[] = [
  { name: CUSTOM, values: bare, status: 401 },
  { name: 'litellm_user_api_key', values: bare, status: 401 },
  { name: 'x-litellm-api-key', values: bare, status: 401 },
  { name: 'authorization', values: (key) => [`Bearer ${key}`, `bearer ${key}`], status: 401 },
  { name: 'api-key', values: bare, status: 401 },
  { name: 'x-api-key', values: bare, status: 401 },
];
const SIGV4: Carrier = {
  name: 'authorization',
  values: (key) => [inSignature(key), inSignature(`Bearer ${key}`)],
  status: 403,
};

/** A request that each service takes. */
const REQUESTS: Readonly<Record<ServiceId, { method: string; target: string; headers?: OutgoingHttpHeaders }>> = {
  bedrock: { method: 'GET', target: '/foundation-models' },
  'bedrock-runtime': { method: 'POST', target: '/model/amazon.nova-lite-v1%3A0/converse' },
  'bedrock-agent': { method: 'PUT', target: '/agents/' },
  'bedrock-agent-runtime': { method: 'POST', target: '/knowledgebases/KB12345678/retrieve' },
  'bedrock-agentcore': { method: 'GET', target: '/memories/memory-1/actor/a/sessions/s/events/e' },
  'bedrock-agentcore-control': { method: 'DELETE', target: '/runtimes/runtime-1/' },
  'bedrock-data-automation': { method: 'PUT', target: '/blueprints/' },
  'bedrock-data-automation-runtime': {
    method: 'POST',
    target: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonBedrockKeystoneRuntimeService.GetDataAutomationStatus',
    },
  },
};

let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway({ env: { OUTCROP_KEY_HEADER: CUSTOM } });
});
after(() => gateway.close());

for (const service of SERVICE_IDS) {
  describe(service, () => {
    test('takes the key in every carrier, with and without "Bearer"', async () => {
      for (const { name, values } of [...CARRIERS, SIGV4]) {
        for (const value of values(MASTER_KEY)) {
          gateway.simulator.clearRequests();
          const { status } = await call(service, { [name]: value });
          assert.notEqual(status, 401, `${name}: ${value}`);
          assert.notEqual(status, 403, `${name}: ${value}`);
          assert.deepEqual(
            gateway.forwarded().map((request) => request.service),
            [service],
          );
        }
      }
    });

    test('refuses a wrong key in every carrier', async () => {
      for (const { name, values, status } of [...CARRIERS, SIGV4]) {
        for (const value of values(WRONG_KEY)) await refused(service, { [name]: value }, status);
      }
    });

    test('refuses a missing or unreadable credential', async () => {
      await refused(service, {}, 401);
      for (const value of ['', 'Bearer', 'Bearer ', MASTER_KEY, `Basic ${MASTER_KEY}`, 'AWS4-HMAC-SHA256 nonsense']) {
        await refused(service, { authorization: value }, 401);
      }
      await refused(service, { 'x-api-key': '' }, 401);
    });
  });
}

describe('of two carriers', () => {
  const pairs = CARRIERS.flatMap((higher, rank) =>
    [...CARRIERS.slice(rank + 1), ...(higher.name === SIGV4.name ? [] : [SIGV4])].map((lower) => ({ higher, lower })),
  );
  const valueOf = ({ values }: Carrier, key: string): string => values(key)[0] ?? '';

  for (const { higher, lower } of pairs) {
    const title = lower === SIGV4 ? `${higher.name} over a signature` : `${higher.name} over ${lower.name}`;
    test(`the higher alone counts: ${title}`, async () => {
      const wrongAbove = { [higher.name]: valueOf(higher, WRONG_KEY), [lower.name]: valueOf(lower, MASTER_KEY) };
      await refused('bedrock-agent-runtime', wrongAbove, 401);
      const rightAbove = { [higher.name]: valueOf(higher, MASTER_KEY), [lower.name]: valueOf(lower, WRONG_KEY) };
      const { status } = await call('bedrock-agent', rightAbove);
      assert.equal(status, 200);
    });
  }

  test('the same twice is refused as malformed, whatever is in them', async () => {
    for (const { name } of CARRIERS) {
      const value = `Bearer ${MASTER_KEY}`;
      await refused('bedrock-runtime', { [name]: [value, value] }, 400, 'ValidationException');
    }
  });
});

async function refused(
  service: ServiceId,
  headers: OutgoingHttpHeaders,
  status: number,
  exception = 'UnrecognizedClientException',
): Promise<void> {
  gateway.simulator.clearRequests();
  const answer = await call(service, headers);
  const what = JSON.stringify(headers);
  assert.equal(answer.status, status, what);
  assert.equal(answer.headers['x-amzn-errortype'], exception, what);
  assert.equal(answer.headers['content-type'], 'application/json');
  const body: unknown = JSON.parse(answer.body.toString());
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  assert.ok(typeof message === 'string' && message.length > 0);
  const type = status === 400 ? 'bad_request_error' : 'auth_error';
  assert.deepEqual(body, { message, __type: exception, error: { message, type, param: null, code: String(status) } });
  assert.ok(!answer.body.includes(MASTER_KEY), 'a key was repeated in the answer');
  assert.equal(gateway.forwarded().length, 0, `Bedrock was contacted: ${what}`);
}

function call(service: ServiceId, credentials: OutgoingHttpHeaders): Promise<Http1Answer> {
  const { method, target, headers = {} } = REQUESTS[service];
  return http1Request(gateway.origin, {
    method,
    target: `/bedrock${target}`,
    headers: { 'content-type': 'application/json', ...headers, ...credentials },
    ...(method === 'GET' ? {} : { body: '{}' }),
  });
}
