import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { statusOf } from '../support/http2-status.ts';
import { sendRaw } from '../support/raw-http1.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const CONVERSE = '/bedrock/model/amazon.nova-lite-v1%3A0/converse';
const CONVERSE_BODY = '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}';
const RUNTIME_ARN = encodeURIComponent('arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/agent-1');
const INVOKE_RUNTIME = `/bedrock/runtimes/${RUNTIME_ARN}/invocations`;
const USER_ID = 'x-amzn-bedrock-agentcore-runtime-user-id';

let running: TestGateway;
before(async () => (running = await startTestGateway({ anonymous: true })));
after(() => running.close());

interface Sent {
  readonly host?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: readonly string[];
}

async function statusOfPost(
  { host = 'localhost', path = CONVERSE, body = CONVERSE_BODY, headers = [] }: Sent,
  { origin } = running,
) {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    'Connection: close',
    ...headers,
  ];
  const { status } = await sendRaw(origin, `${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return status;
}

/** Refused means: 403, and Bedrock was not contacted. */
async function assertDecision(sent: Sent, isServed: boolean, gateway = running): Promise<void> {
  gateway.simulator.clearRequests();
  assert.equal(await statusOfPost(sent, gateway), isServed ? 200 : 403);
  assert.equal(gateway.simulator.requests().length, isServed ? 1 : 0);
}

describe('without a key, only Hosts that need no name server are served', () => {
  const SERVED = [
    'localhost',
    'localhost:4000',
    'LocalHost',
    '127.0.0.1',
    '127.8.8.8:80',
    '[::1]:4000',
    '0.0.0.0:4000',
    '[::]:4000',
  ];
  const REFUSED = [
    '',
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    'evil.localhost',
    '127.0.0.1.evil.example',
    'localhost.',
    '127.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
    '10.0.0.1',
    'localhost:4000@evil.example',
    'user@localhost',
    'localhost:',
    'localhost:http',
    'localhost evil.example',
    'localhost, evil.example',
  ];
  for (const host of SERVED) void test(`served: ${host}`, () => assertDecision({ host }, true));
  for (const host of REFUSED) void test(`refused: "${host}"`, () => assertDecision({ host }, false));

  test('the same over HTTP/2', async () => {
    for (const [authority, status] of [
      ['localhost:4000', 200],
      ['evil.example', 403],
    ] as const) {
      const session = connect(running.origin);
      const headers = {
        ':method': 'POST',
        ':path': CONVERSE,
        ':authority': authority,
        'content-type': 'application/json',
      };
      const stream = session.request(headers);
      stream.resume();
      stream.end(CONVERSE_BODY);
      assert.equal(await statusOf(stream), status, authority);
      session.destroy();
    }
  });

  test('a host that the operator named is served too, but not to web pages', async () => {
    const named = await startTestGateway({
      anonymous: true,
      env: { OUTCROP_ALLOWED_HOSTS: 'Gateway.internal, other' },
    });
    try {
      await assertDecision({ host: 'gateway.internal:4000' }, true, named);
      await assertDecision({ host: 'GATEWAY.INTERNAL' }, true, named);
      await assertDecision({ host: 'gateway.internal.evil.example' }, false, named);
      await assertDecision({ host: 'gateway.internal', headers: ['Origin: http://gateway.internal'] }, false, named);
    } finally {
      await named.close();
    }
  });
});

describe('without a key, requests of web pages are refused', () => {
  for (const header of [
    'Origin: https://evil.example',
    'Origin: http://localhost:4000',
    'Origin: null',
    'Origin:',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-site',
    'Sec-Fetch-Site: Cross-Site',
    'Sec-Fetch-Site: anything',
  ]) {
    test(`refused: ${header}`, () => assertDecision({ headers: [header] }, false));
    test(`refused with a made-up key: ${header}`, () =>
      assertDecision({ headers: [header, 'Authorization: Bearer sk-1234'] }, false));
  }
  for (const header of ['Sec-Fetch-Site: none', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors']) {
    test(`served: ${header}`, () => assertDecision({ headers: [header] }, true));
  }
  test('a form of a web page, which needs no preflight, is refused', () =>
    assertDecision(
      { headers: ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'] },
      false,
    ));
});

describe('without a key, what may be done', () => {
  test('any bearer key is taken for none, as LiteLLM does', () =>
    assertDecision({ headers: ['Authorization: Bearer anything'] }, true));

  test('control planes are refused, reading included, until the operator allows them', async () => {
    const allowing = await startTestGateway({ anonymous: true, env: { OUTCROP_ALLOW_CONTROL_PLANE: 'true' } });
    try {
      for (const sent of [
        { path: '/bedrock/guardrails', body: '{"name":"g"}' },
        { path: '/bedrock/knowledgebases/', body: '{}' },
        { path: '/bedrock-agentcore-control/runtimes/', body: '{}' },
        { path: '/bedrock-data-automation/blueprints/', body: '{}' },
      ]) {
        running.simulator.clearRequests();
        assert.equal(await statusOfPost(sent), 403, sent.path);
        assert.equal(running.simulator.requests().length, 0);
        await statusOfPost(sent, allowing);
        assert.equal(
          allowing.simulator.requests().at(-1)?.rawPath,
          sent.path.replace(/^\/bedrock[a-z-]*/, ''),
          sent.path,
        );
      }
    } finally {
      await allowing.close();
    }
  });

  test('acting for another user is refused, whatever the operator allowed', async () => {
    await assertDecision({ path: INVOKE_RUNTIME, body: '{}' }, true);
    await assertDecision({ path: INVOKE_RUNTIME, body: '{}', headers: [`${USER_ID}: somebody`] }, false);
    await assertDecision({ path: INVOKE_RUNTIME, body: '{}', headers: [`${USER_ID.toUpperCase()}: somebody`] }, false);
  });
});
