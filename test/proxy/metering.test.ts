import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { issueKey } from '../support/virtual-keys.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const BODY = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'What is an outcrop?' }] }] });

const answer = z.object({ usage: z.object({ inputTokens: z.number(), outputTokens: z.number() }) });

describe('what a call costs', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ env: { OUTCROP_FORWARD_ATTRIBUTION: 'true' } });
  });
  after(() => gateway.close());

  const converse = (bearer: string, path = `/bedrock/model/${MODEL}/converse`, body = BODY): Promise<Response> =>
    fetch(gateway.origin + path, { method: 'POST', headers: { authorization: `Bearer ${bearer}` }, body });

  it('is said in the head of a short answer, to the nano-dollar', async () => {
    const { bearer } = await issueKey(gateway.origin);
    const response = await converse(bearer);
    const { usage } = answer.parse(await response.json());
    // $0.25 and $1.25 per million tokens.
    const nanos = usage.inputTokens * 250 + usage.outputTokens * 1250;
    const expected = `0.${String(nanos).padStart(9, '0')}`;
    assert.equal(response.headers.get('x-outcrop-cost-usd'), expected);
    assert.equal(response.headers.get('x-litellm-response-cost'), expected);
  });

  it('is told to AWS by alias where the operation has a place for it', async () => {
    const { bearer } = await issueKey(gateway.origin, { key_alias: 'Üben & more' });
    gateway.simulator.clearRequests();
    const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 10, messages: [] });
    const response = await converse(bearer, `/bedrock/model/${MODEL}/invoke`, body);
    assert.equal(response.status, 200, await response.text());
    const headers = Object.fromEntries(gateway.simulator.requests()[0]?.rawHeaders ?? []);
    assert.equal(headers['x-amzn-bedrock-request-metadata'], '{"outcrop_key":"_ben _ more"}');
  });
});
