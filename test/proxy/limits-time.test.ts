import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as http2Connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { heard, openSocket, statusesIn } from '../support/raw-http1.ts';
import { FLAG, openRawHttp2, PREFACE } from '../support/raw-http2.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { statusOf } from '../support/http2-status.ts';
import { until } from '../support/until.ts';

const MODEL = '/bedrock/model/amazon.nova-lite-v1%3A0';
const BODY = '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}';
/** Far more than the sockets in between can hold. */
const LONG_STREAM = JSON.stringify({
  messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
  simulator: { chunks: 100_000, textBytes: 2000 },
});
const KEY = `Authorization: Bearer ${MASTER_KEY}`;

let running: TestGateway;
before(async () => {
  running = await startTestGateway({
    env: {
      OUTCROP_HEADERS_TIMEOUT_MS: '300',
      OUTCROP_BODY_TIMEOUT_MS: '600',
      OUTCROP_KEEP_ALIVE_MS: '300',
      OUTCROP_WRITE_STALL_MS: '400',
    },
  });
});
after(() => running.close());

function head(path: string, length: number, more = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: g\r\n${KEY}\r\nContent-Type: application/json\r\n${more}Content-Length: ${length}\r\n\r\n`;
}

/** One request after the other by somebody else, until it is told to stop. */
function serveOthers(): () => Promise<number> {
  const stop = new AbortController();
  const serving = (async () => {
    let served = 0;
    for (; !stop.signal.aborted; served += 1) {
      const headers = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };
      const response = await fetch(`${running.origin}${MODEL}/converse`, { method: 'POST', headers, body: BODY });
      assert.equal(response.status, 200, await response.text());
      await pause(20);
    }
    return served;
  })();
  return () => {
    stop.abort();
    return serving;
  };
}

describe('clients that take their time are cut off, and the others are served meanwhile', { concurrency: true }, () => {
  let stopOthers: () => Promise<number>;
  before(() => (stopOthers = serveOthers()));
  after(async () => assert.ok((await stopOthers()) > 10));

  const SILENT: readonly { name: string; says: string; statuses: readonly number[] }[] = [
    { name: 'a connection that says nothing', says: '', statuses: [] },
    { name: 'half a preface', says: 'PR', statuses: [] },
    { name: 'a preface and nothing after it', says: PREFACE, statuses: [] },
    { name: 'a head that never ends', says: `POST ${MODEL}/converse HTTP/1.1\r\nHost: g\r\n`, statuses: [408] },
    { name: 'a request line that never ends', says: 'POST /bedrock/model', statuses: [408] },
    { name: 'a body that never comes', says: head(`${MODEL}/converse`, 100), statuses: [400] },
    { name: 'a body that stops', says: `${head(`${MODEL}/converse`, 100)}{"mess`, statuses: [400] },
  ];
  for (const { name, says, statuses } of SILENT) {
    test(name, async () => {
      const socket = await openSocket(running.origin);
      if (says !== '') socket.write(says);
      const { text, closed } = await heard(socket);
      assert.ok(closed, 'still open after five seconds');
      if (!text.startsWith('\0')) assert.deepEqual(statusesIn(text), statuses, text);
    });
  }

  test('a head that comes byte by byte', async () => {
    const socket = await openSocket(running.origin);
    const bytes = `GET /bedrock/${'a'.repeat(4000)}`;
    let sent = 0;
    const drip = setInterval(() => socket.write(bytes.charAt((sent += 1))), 10);
    const { closed } = await heard(socket);
    clearInterval(drip);
    assert.ok(closed && sent < bytes.length);
  });

  test('a body that comes byte by byte', async () => {
    const socket = await openSocket(running.origin);
    socket.write(head(`${MODEL}/converse`, 4000));
    const drip = setInterval(() => socket.write('a'), 10);
    const { text } = await heard(socket, (sofar) => sofar.endsWith('}}'));
    clearInterval(drip);
    assert.deepEqual(statusesIn(text), [400]);
    assert.match(text, /connection: close/i);
  });

  test('a body that stops, over HTTP/2', async () => {
    const connection = await openRawHttp2(running.origin);
    const { port } = new URL(running.origin);
    const fields = {
      ':method': 'POST',
      ':scheme': 'http',
      ':path': `${MODEL}/converse`,
      ':authority': `127.0.0.1:${port}`,
    };
    connection.headers(1, [...Object.entries(fields), ['authorization', `Bearer ${MASTER_KEY}`]], 0);
    await connection.until((frames) =>
      frames.some(({ streamId, flags }) => streamId === 1 && (flags & FLAG.endStream) !== 0),
    );
    assert.equal(connection.frames().find(({ streamId }) => streamId === 1)?.payload[0], 0x8c, '400');
    await connection.closed();
  });

  test('an idle connection after an answer, HTTP/1', async () => {
    const socket = await openSocket(running.origin);
    socket.write(head(`${MODEL}/converse`, BODY.length) + BODY);
    const { text, closed } = await heard(socket);
    assert.ok(closed);
    assert.deepEqual(statusesIn(text), [200]);
  });

  test('an idle connection after an answer, HTTP/2', async () => {
    const session = http2Connect(running.origin);
    const stream = session.request({
      ':method': 'POST',
      ':path': `${MODEL}/converse`,
      authorization: `Bearer ${MASTER_KEY}`,
      'content-type': 'application/json',
    });
    stream.resume();
    stream.end(BODY);
    assert.equal(await statusOf(stream), 200);
    await once(session, 'close');
  });

  test('a client that does not read its stream, HTTP/1', async () => {
    const socket = await openSocket(running.origin);
    socket.pause();
    socket.write(head(`${MODEL}/converse-stream`, LONG_STREAM.length) + LONG_STREAM);
    const closed = once(socket, 'close');
    await answerCutShort('ConverseStream');
    socket.resume();
    await closed;
  });

  test('a client that does not read its stream, HTTP/2', async () => {
    const session = http2Connect(running.origin);
    session.on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': `${MODEL}/invoke-with-response-stream`,
      authorization: `Bearer ${MASTER_KEY}`,
      'content-type': 'application/json',
    });
    stream.on('error', () => undefined);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.end(LONG_STREAM);
    await answerCutShort('InvokeModelWithResponseStream');
    stream.resume();
    await closed;
    assert.notEqual(stream.rstCode, 0);
    session.destroy();
  });
});

/** Each of the slow readers uses an operation of its own, so that their log lines can be told apart. */
async function answerCutShort(operation: string): Promise<void> {
  await until(() =>
    running.logged.some(
      ({ message, facts }) => message === 'answer cut short' && facts['operation'] === `bedrock-runtime:${operation}`,
    ),
  );
}
