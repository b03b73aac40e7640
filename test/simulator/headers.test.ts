import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startSimulator } from '../../simulator/index.ts';
import type { Simulator } from '../../simulator/index.ts';
import { call, question, send, sign } from './support.ts';

const PATH = '/model/amazon.nova-lite-v1%3A0/converse';

describe('headers', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  const converse = (headers: Record<string, string>) =>
    call({ origin: simulator.origins['bedrock-runtime'], path: PATH, headers, body: question('Hello') });

  const LEAKED = [
    'cookie',
    'x-api-key',
    'api-key',
    'litellm_user_api_key',
    'x-litellm-api-key',
    'amz-sdk-invocation-id',
    'amz-sdk-request',
    'x-amz-user-agent',
    'x-amz-target',
    'x-forwarded-for',
    'x-stainless-lang',
    'origin',
    'expect-ct',
  ];
  for (const name of LEAKED) {
    it(`that should have stayed behind are refused by name: ${name}`, async () => {
      const { status, headers, body } = await converse({ [name]: 'x' });
      assert.equal(status, 400);
      assert.equal(headers['x-amzn-errortype'], 'ValidationException');
      assert.equal(body.toString(), `{"message":"Headers that should not have travelled: ${name}."}`);
    });
  }

  const TRAVELLING: readonly (readonly [name: string, value: string])[] = [
    ['accept', 'application/json'],
    ['accept-encoding', 'identity'],
    ['anthropic-beta', 'x'],
    ['mcp-session-id', 'x'],
    ['x-amzn-bedrock-something-new', 'x'],
    ['traceparent', '00-1-2-00'],
    ['tracestate', 'x'],
    ['baggage', 'x'],
    ['user-agent', 'x'],
    ['x-outcrop-loop', '1'],
  ];
  for (const [name, value] of TRAVELLING) {
    it(`that travel are accepted: ${name}`, async () => {
      assert.equal((await converse({ [name]: value })).status, 200);
    });
  }

  it('that ask for a compressed answer are refused', async () => {
    assert.equal((await converse({ 'accept-encoding': 'gzip' })).status, 400);
  });

  it('that an operation models are accepted there and refused elsewhere', async () => {
    const origin = simulator.origins['bedrock-agentcore'];
    const headers = { 'x-amzn-code-interpreter-session-id': 'x' };
    const service = 'bedrock-agentcore';
    const invoke = '/code-interpreters/c1/tools/invoke';
    const body = '{"name":"executeCode"}';
    assert.equal((await call({ origin, path: invoke, headers, service, body })).status, 200);
    assert.equal((await converse(headers)).status, 400);
  });

  it('that decide something are refused when they come twice', async () => {
    const origin = simulator.origins['bedrock-runtime'];
    const signed = await sign({
      origin,
      path: PATH,
      headers: { 'content-type': 'application/json' },
      body: question('Hello'),
    });
    // Headers given as a flat list are sent as they stand.
    const twice = [...Object.entries(signed.headers).flat(), 'content-type', 'text/plain'];
    const { status, body } = await send(origin, { ...signed, headers: twice });
    assert.equal(status, 400);
    assert.match(body.toString(), /sent more than once: content-type/);
  });

  it('that nobody knows are ignored when the simulator is told to', async () => {
    const lenient = await startSimulator({ unknownHeaders: 'ignore' });
    try {
      const origin = lenient.origins['bedrock-runtime'];
      const headers = { cookie: 'x', 'amz-sdk-request': 'attempt=1' };
      assert.equal((await call({ origin, path: PATH, headers, body: question('Hello') })).status, 200);
    } finally {
      await lenient.close();
    }
  });
});
