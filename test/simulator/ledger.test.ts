import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_BEARER_TOKEN, startSimulator } from '../../simulator/index.ts';
import type { ServiceId, Simulator } from '../../simulator/index.ts';
import { call, question, send, sign } from './support.ts';

const PATH = '/model/amazon.nova-lite-v1%3A0/converse';

describe('the ledger', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator({ recordsMax: 3, recordedBodyBytesMax: 1000, hashResponses: false });
  });
  after(() => simulator.close());

  const origin = () => simulator.origins['bedrock-runtime'];
  const numbers = () => simulator.requests().map(({ number }) => number);

  it('says what arrived, who signed it and how it was answered', async () => {
    const signed = await sign({ origin: origin(), path: PATH, query: { 'a b': 'c' }, body: question('Hello') });
    await send(origin(), signed);
    const [record] = simulator.requests();
    assert.equal(record?.service, 'bedrock-runtime');
    assert.equal(record?.operation, 'Converse');
    assert.equal(record?.method, 'POST');
    assert.equal(record?.target, `${PATH}?a%20b=c`);
    assert.equal(record?.rawPath, PATH);
    assert.deepEqual(record?.labels, { modelId: 'amazon.nova-lite-v1:0' });
    assert.deepEqual(record?.query, { 'a b': 'c' });
    assert.deepEqual(record?.body, signed.body);
    assert.equal(record?.signature, 'valid');
    assert.equal(record?.accessKeyId, 'AKIASIMULATOR0000000');
    assert.match(record?.scope ?? '', /^\d{8}\/us-east-1\/bedrock\/aws4_request$/);
    assert.equal(record?.status, 200);
    assert.equal(record?.ended, 'completed');
    assert.equal(record?.refusal, undefined);
    assert.equal(record?.responseSha256, undefined);
    const sent = Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]);
    for (const pair of sent) {
      const got = record?.rawHeaders.map(([name, value]) => [name.toLowerCase(), value]) ?? [];
      assert.ok(
        got.some((other) => other.join() === pair.join()),
        pair.join(': '),
      );
    }
  });

  it('says why a request was refused', async () => {
    simulator.clearRequests();
    await call({ origin: origin(), path: PATH, region: 'ap-south-1', body: question('Hello') });
    await call({ origin: origin(), path: '/nowhere' });
    const [wrong, unknown] = simulator.requests();
    assert.equal(wrong?.signature, 'refused');
    assert.equal(wrong?.status, 403);
    assert.match(wrong?.refusal ?? '', /^InvalidSignatureException: Credential should be scoped to a valid region/);
    assert.equal(unknown?.signature, 'unchecked');
    assert.equal(unknown?.operation, undefined);
    assert.equal(unknown?.status, 404);
  });

  const BEARER: readonly (readonly [service: ServiceId, method: string, path: string, status: number])[] = [
    ['bedrock', 'GET', '/foundation-models', 200],
    ['bedrock-runtime', 'POST', '/guardrail-checks/invoke', 400],
    ['bedrock-agent', 'GET', '/agents/A1/', 403],
    ['bedrock-agent-runtime', 'POST', '/rerank', 403],
    ['bedrock-agentcore', 'POST', '/harnesses/invoke', 403],
  ];
  for (const [service, method, path, status] of BEARER) {
    it(`shows that ${service} ${status === 403 ? 'takes no' : 'takes a'} bearer key`, async () => {
      simulator.clearRequests();
      const headers = { authorization: `Bearer ${SIMULATOR_BEARER_TOKEN}` };
      const answer = await send(simulator.origins[service], { method, target: path, headers, body: Buffer.from('') });
      assert.equal(answer.status, status);
      assert.equal(simulator.requests()[0]?.signature, status === 403 ? 'refused' : 'bearer');
    });
  }

  it('keeps the newest requests, as many and as large as it may', async () => {
    simulator.clearRequests();
    for (let count = 0; count < 4; count += 1) await call({ origin: origin(), path: PATH, body: question('Hello') });
    const kept = numbers();
    assert.equal(kept.length, 3);
    await call({ origin: origin(), path: PATH, body: question('x'.repeat(900)) });
    assert.deepEqual(numbers(), [(kept.at(-1) ?? 0) + 1]);
  });

  it('lets a test wait for what it will say', async () => {
    simulator.clearRequests();
    const both = simulator.until(() => simulator.requests().filter(({ ended }) => ended === 'completed').length === 2);
    await Promise.all([
      call({ origin: origin(), path: PATH, body: question('One') }),
      call({ origin: origin(), path: PATH, body: question('Two') }),
      both,
    ]);
    assert.equal(simulator.requests().length, 2);
  });
});
