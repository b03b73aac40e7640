import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { heard, openSocket, sendRaw } from '../support/raw-http1.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

let running: TestGateway;

before(async () => {
  // The least there can be: as much as one request of the management API may carry.
  running = await startTestGateway({ env: { OUTCROP_BODY_BYTES_IN_FLIGHT_MAX: String(MIB) } });
  await running.gateway.storedPartsReady();
});

after(() => running.close());

function post(path: string, framing: string, body: string): string {
  const head = ['Host: gateway', `Authorization: Bearer ${MASTER_KEY}`, 'Content-Type: application/json', framing];
  return `POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`;
}

/** A management request of which all but the last byte is under way. */
async function holdAlmostAll(): Promise<{ socket: Socket; lastByte: string }> {
  const body = JSON.stringify({ metadata: { a: 'x'.repeat(MIB - 1000) } });
  const socket = await openSocket(running.origin);
  socket.write(post('/key/generate', `Content-Length: ${body.length}`, body.slice(0, -1)));
  await until(() => running.gateway.held().bodyBytes === body.length);
  return { socket, lastByte: body.slice(-1) };
}

test('bodies of the management API count against the bound on all bodies, and are given back', async () => {
  const { socket, lastByte } = await holdAlmostAll();
  const text = JSON.stringify({ metadata: { a: 'x'.repeat(2000) } });
  const sized = `Content-Length: ${text.length}`;
  const chunked = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  for (const sent of [
    post('/bedrock/model/amazon.nova-lite-v1:0/converse', sized, text),
    post('/key/generate', sized, text),
    post('/key/generate', 'Transfer-Encoding: chunked', chunked),
  ]) {
    const answer = await sendRaw(running.origin, sent);
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.text, /retry-after: 1\r\n/i);
  }

  socket.write(lastByte);
  const { status } = await heard(socket, () => false);
  assert.equal(status, 422, 'the whole body was read, and its metadata found too large');
  await until(() => running.gateway.held().bodyBytes === 0);
  assert.equal(
    (await sendRaw(running.origin, post('/key/generate', 'Transfer-Encoding: chunked', chunked))).status,
    200,
  );
  await until(() => running.gateway.held().bodyBytes === 0);
});

test('a client that leaves in the middle of its body gives back what it held', async () => {
  const { socket } = await holdAlmostAll();
  socket.destroy();
  await until(() => running.gateway.held().bodyBytes === 0);
});
