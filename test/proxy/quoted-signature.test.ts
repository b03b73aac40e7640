import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { SIMULATOR_CREDENTIALS } from '../../simulator/index.ts';
import { Receiver } from '../sinks/receiver.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { CONVERSE, issueKey, send } from '../support/virtual-keys.ts';

const TOKEN = 'a-session-token-of-the-gateway';

test('what AWS quotes of a signature that it refuses, the session token with it, reaches neither client nor sink nor log', async () => {
  const receiver = new Receiver();
  await receiver.start();
  const env = {
    OUTCROP_SINKS: 'generic_api',
    OUTCROP_RECORD_CONTENT: 'true',
    GENERIC_LOGGER_ENDPOINT: receiver.origin,
  };
  const gateway = await startTestGateway({
    env,
    simulator: { credentials: { ...SIMULATOR_CREDENTIALS, secretAccessKey: 'another', sessionToken: TOKEN } },
    loadCredentials: async () => ({ ...SIMULATOR_CREDENTIALS, sessionToken: TOKEN }),
  });
  after(() => gateway.close());
  const { bearer } = await issueKey(gateway.origin);
  const answer = await send(gateway.origin, CONVERSE, { authorization: `Bearer ${bearer}` });
  const text = await answer.text();
  assert.equal(answer.status, 403);
  assert.match(answer.headers.get('x-amzn-errortype') ?? '', /^InvalidSignatureException/);
  assert.equal(answer.headers.get('content-length'), String(text.length));
  assert.match(text, /AWS refused the signature made with the gateway's own credentials/);
  // The quotation was made, so that there was something to withhold.
  assert.match(gateway.forwarded()[0]?.refusal ?? '', new RegExp(TOKEN));
  await gateway.close();
  const told = receiver.received.map((request) => request.text).join();
  assert.match(told, /AWS refused the signature/);
  assert.doesNotMatch(text + told + JSON.stringify(gateway.logged), new RegExp(TOKEN));
});
