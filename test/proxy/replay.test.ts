import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestGateway } from '../support/test-gateway.ts';
import { CONVERSE, issueKey, send, signedHeaders } from '../support/virtual-keys.ts';

/** What a signed request gets that comes twice, and how often the log says so. */
const ROWS = [
  { setting: {}, again: 200, warnings: 0 },
  { setting: { OUTCROP_SIGV4_REPLAY: 'allow' }, again: 200, warnings: 0 },
  { setting: { OUTCROP_SIGV4_REPLAY: 'warn' }, again: 200, warnings: 1 },
  { setting: { OUTCROP_SIGV4_REPLAY: 'deny' }, again: 403, warnings: 1 },
] as const;

for (const { setting, again, warnings } of ROWS) {
  test(`a signed request that comes again is answered ${again} with ${JSON.stringify(setting)}`, async (context) => {
    const gateway = await startTestGateway({ env: setting });
    context.after(() => gateway.close());
    const key = await issueKey(gateway.origin);
    const headers = await signedHeaders(gateway.origin, CONVERSE, key);
    assert.equal((await send(gateway.origin, CONVERSE, headers)).status, 200);

    const repeated = await send(gateway.origin, CONVERSE, headers);
    assert.equal(repeated.status, again, await repeated.clone().text());
    if (again === 403) assert.equal(repeated.headers.get('x-amzn-errortype'), 'InvalidSignatureException');
    const said = gateway.logged.filter(({ message }) => message === 'a signed request has come again');
    assert.equal(said.length, warnings);
    for (const { facts } of said) assert.equal(facts['keyId'], key.id);
    assert.doesNotMatch(
      JSON.stringify(said),
      new RegExp(/Signature=([0-9a-f]+)/.exec(headers['authorization'] ?? '')?.[1] ?? '-'),
    );

    const later = await signedHeaders(gateway.origin, CONVERSE, key, { timeMs: Date.now() + 2000 });
    assert.equal((await send(gateway.origin, CONVERSE, later)).status, 200, 'signed anew');
    const bearer = { authorization: `Bearer ${key.bearer}` };
    for (let count = 0; count < 2; count += 1) assert.equal((await send(gateway.origin, CONVERSE, bearer)).status, 200);
  });
}
