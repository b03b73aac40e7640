import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import { issueKey } from '../support/virtual-keys.ts';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const payload = z.object({
  id: z.string(),
  status: z.string(),
  response_cost: z.number(),
  messages: z.unknown(),
  response: z.unknown(),
});

describe('a gateway with a sink', () => {
  const received: unknown[] = [];
  let receiver: Server;
  let gateway: TestGateway;
  before(async () => {
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const batch = z.array(z.unknown()).parse(JSON.parse(Buffer.concat(chunks).toString()));
        received.push(...batch);
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = addressOf(receiver);
    gateway = await startTestGateway({
      env: {
        OUTCROP_SINKS: 'generic_api',
        OUTCROP_RECORD_CONTENT: 'true',
        OUTCROP_METRICS: 'outcrop',
        GENERIC_LOGGER_ENDPOINT: `http://127.0.0.1:${port}/calls`,
      },
    });
  });
  after(async () => {
    await gateway.close();
    receiver.close();
  });

  it('tells how its sinks do to who holds the master key, and to nobody else', async () => {
    const page = (key: string): Promise<Response> =>
      fetch(`${gateway.origin}/health/sinks`, { headers: { authorization: `Bearer ${key}` } });
    const told = await page(MASTER_KEY);
    assert.equal(told.status, 200);
    const { sinks } = z
      .object({ sinks: z.array(z.object({ name: z.string(), queued: z.number() })) })
      .parse(await told.json());
    assert.deepEqual(
      sinks.map(({ name }) => name),
      ['generic_api'],
    );
    assert.equal((await page('sk-somebody-else-0123456789')).status, 401);
    assert.equal((await fetch(`${gateway.origin}/health/sinks`)).status, 401);
  });

  it('gives each finished call to it, with what was asked and answered, and no key', async () => {
    const { bearer } = await issueKey(gateway.origin);
    const answer = await fetch(`${gateway.origin}/bedrock/model/${MODEL}/converse-stream`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'What is an outcrop?' }] }] }),
    });
    await answer.arrayBuffer();
    const id = answer.headers.get('x-outcrop-request-id');
    const metrics = await fetch(`${gateway.origin}/metrics`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
    assert.match(await metrics.text(), /^outcrop_requests_total\{.*operation="bedrock-runtime:ConverseStream".*\} 1$/m);
    assert.equal((await fetch(`${gateway.origin}/metrics`)).status, 401);
    await gateway.close();
    await until(() => received.length > 0);
    const call = received.map((each) => payload.parse(each)).find((each) => each.id === id);
    assert.equal(call?.status, 'success');
    assert.ok(call.response_cost > 0);
    assert.match(JSON.stringify(call.messages), /What is an outcrop\?/);
    assert.match(JSON.stringify(call.response), /text/);
    for (const secret of [bearer, MASTER_KEY]) assert.doesNotMatch(JSON.stringify(received), new RegExp(secret));
  });
});

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address;
}
