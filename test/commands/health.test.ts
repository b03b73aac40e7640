import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { runOutcrop } from './run-outcrop.ts';

test('a running gateway is healthy, and one that has ended is not', async () => {
  const running = await startTestGateway();
  const env = { OUTCROP_PORT: String(running.gateway.port), OUTCROP_MASTER_KEY: 'sk-any' };
  assert.deepEqual(await runOutcrop(['health'], { env }), { code: 0, output: 'healthy\n', errors: '' });
  await running.close();
  assert.deepEqual(await runOutcrop(['health'], { env }), { code: 1, output: 'not healthy\n', errors: '' });
});

test('so is one that speaks TLS with a certificate for another name', needs('openssl'), async () => {
  const tls = makeSelfSigned();
  const env = { OUTCROP_TLS_CERT: tls.certFile, OUTCROP_TLS_KEY: tls.keyFile };
  const running = await startTestGateway({ env });
  const { code } = await runOutcrop(['health', '--port', String(running.gateway.port)], { env });
  await running.close();
  tls.remove();
  assert.equal(code, 0);
});
