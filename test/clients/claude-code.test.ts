import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { http1Request, type Http1Answer } from './http1-request.ts';
import { FORBIDDEN_ARN, MODEL, PROFILE_ARN } from './examples.ts';

/** Claude Code's requests as they stand on the wire, and the statuses that keep it from repeating them for minutes. */

/** As it writes ARNs: colons plain, slashes escaped. */
const ENCODED_ARN = PROFILE_ARN.replace('/', '%2F');
const USER_AGENT = 'claude-cli/2.1.197 (external, cli)';
const SENT = {
  'user-agent': USER_AGENT,
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'content-type': 'application/json',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
  'anthropic-dangerous-direct-browser-access': 'true',
  'x-app': 'cli',
  'x-claude-code-session-id': '0f0f0f0f-0000-4000-8000-000000000000',
  'x-stainless-lang': 'js',
  'x-stainless-retry-count': '0',
  'x-amzn-bedrock-service-tier': 'priority',
};
/** What it asks is some 85 KB of system prompt and tools. */
const BODY = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  anthropic_beta: ['claude-code-20250219', 'interleaved-thinking-2025-05-14'],
  max_tokens: 100,
  system: [{ type: 'text', text: 'You are a coding agent. '.repeat(3500), cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: 'What is an outcrop?' }],
});

let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway();
});
afterEach(() => {
  gateway.simulator.clearFaults();
  gateway.simulator.clearRequests();
});
after(() => gateway.close());

function ask(target: string, credentials: Readonly<Record<string, string>>): Promise<Http1Answer> {
  const headers = { ...SENT, ...credentials };
  return http1Request(gateway.origin, { method: 'POST', target, headers, body: BODY });
}

describe('a request', () => {
  const carriers = [
    { authorization: `Bearer ${MASTER_KEY}` },
    { 'x-api-key': MASTER_KEY },
    { 'x-litellm-api-key': `Bearer ${MASTER_KEY}` },
  ];
  for (const credentials of carriers) {
    test(`with ${Object.keys(credentials).join()} arrives whole`, async () => {
      const answer = await ask(`/bedrock/model/${MODEL}/invoke-with-response-stream`, credentials);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'application/vnd.amazon.eventstream');
      const [request] = gateway.forwarded();
      assert.equal(request?.rawPath, `/model/${MODEL}/invoke-with-response-stream`);
      assert.equal(request.body.toString(), BODY);
      const { 'accept-encoding': encoding, ...headers } = Object.fromEntries(request.rawHeaders);
      assert.equal(encoding, 'identity');
      for (const name of ['anthropic-beta', 'anthropic-version', 'x-amzn-bedrock-service-tier', 'user-agent'] as const)
        assert.equal(headers[name], SENT[name]);
      assert.deepEqual(
        Object.keys(headers).filter((name) => /^x-(stainless|app|claude|api)/.test(name)),
        [],
      );
    });
  }

  test('for an application inference profile goes to its region', async () => {
    const { status } = await ask(`/bedrock/model/${ENCODED_ARN}/invoke`, { authorization: `Bearer ${MASTER_KEY}` });
    assert.equal(status, 200);
    const [request] = gateway.forwarded();
    assert.equal(request?.rawPath, `/model/${ENCODED_ARN}/invoke`);
    assert.match(request.scope ?? '', /\/us-west-2\//);
  });

  test('with a query arrives with it', async () => {
    const credentials = { authorization: `Bearer ${MASTER_KEY}` };
    const { status } = await ask(`/bedrock/model/${MODEL}/count-tokens?beta=true`, credentials);
    // The body is none of CountTokens, which is for the simulator to say.
    assert.equal(status, 400);
    assert.equal(gateway.forwarded()[0]?.target, `/model/${MODEL}/count-tokens?beta=true`);
  });
});

describe('the list of inference profiles, fetched at its start', () => {
  const list = (headers: Readonly<Record<string, string>>): Promise<Http1Answer> =>
    http1Request(gateway.origin, {
      method: 'GET',
      target: '/bedrock/inference-profiles?type=SYSTEM_DEFINED&maxResults=1000',
      headers: { 'user-agent': USER_AGENT, ...headers },
    });

  test('is answered to the holder of a key', async () => {
    const answer = await list({ authorization: `Bearer ${MASTER_KEY}` });
    assert.equal(answer.status, 200);
    assert.match(answer.body.toString(), /"inferenceProfileId":"us\.anthropic/);
    assert.equal(gateway.forwarded()[0]?.service, 'bedrock');
  });

  test('gets 403 without one, which Claude Code goes on from', async () => {
    const answer = await list({});
    assert.equal(answer.status, 403);
    assert.deepEqual(gateway.forwarded(), []);
  });
});

describe('a refusal that is 403 to others is 400 to Claude Code, which repeats a 403 eleven times', () => {
  const forbidden = `/bedrock/model/${FORBIDDEN_ARN.replace('/', '%2F')}/invoke`;
  const unknownKeyId =
    'AWS4-HMAC-SHA256 Credential=AKIAUNKNOWN/20260102/us-east-1/bedrock/aws4_request, ' +
    `SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
  const refusals = [
    { what: 'a region that is not allowed', target: forbidden, credentials: { authorization: `Bearer ${MASTER_KEY}` } },
    {
      what: 'an unknown access key id',
      target: `/bedrock/model/${MODEL}/invoke`,
      credentials: { authorization: unknownKeyId },
    },
  ];
  for (const { what, target, credentials } of refusals) {
    test(what, async () => {
      assert.equal((await ask(target, { ...credentials, 'user-agent': 'claude-cli/2.1.197' })).status, 400);
      assert.equal((await ask(target, { ...credentials, 'user-agent': 'another/1.0' })).status, 403);
      assert.deepEqual(gateway.forwarded(), []);
    });
  }

  test("but Bedrock's own 403 stays as it is", async () => {
    gateway.simulator.inject({ kind: 'error', status: 403, exception: 'AccessDeniedException' });
    const answer = await ask(`/bedrock/model/${MODEL}/invoke`, { authorization: `Bearer ${MASTER_KEY}` });
    assert.equal(answer.status, 403);
  });
});
