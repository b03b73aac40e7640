import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { encodeHttp2Frame, endingOf, FLAG, FRAME_TYPE, headerBlock, openRawHttp2 } from '../support/raw-http2.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { statusOf } from '../support/http2-status.ts';
import { until } from '../support/until.ts';

const PATH = '/bedrock/model/amazon.nova-lite-v1%3A0/converse';
const BODY = Buffer.from('{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}');
const KEY = ['authorization', `Bearer ${MASTER_KEY}`] as const;

type Field = readonly [name: string, value: string];

let running: TestGateway;
before(async () => (running = await startTestGateway()));
after(() => running.close());

function pseudo(changes: Readonly<Record<string, string>> = {}): readonly Field[] {
  const fields = { ':method': 'POST', ':scheme': 'http', ':path': PATH, ':authority': 'gateway', ...changes };
  return Object.entries(fields);
}

async function assertServes({ origin }: TestGateway): Promise<void> {
  const headers = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };
  const response = await fetch(origin + PATH, { method: 'POST', headers, body: BODY });
  assert.equal(response.status, 200, await response.text());
}

/** What becomes of one request with these fields. */
async function endingWith(fields: readonly Field[], body: Buffer = BODY): Promise<string | undefined> {
  const connection = await openRawHttp2(running.origin);
  connection.headers(1, fields, 0);
  connection.send({ type: FRAME_TYPE.data, flags: FLAG.endStream, streamId: 1, payload: body });
  await connection.until((frames) => endingOf(frames, 1) !== undefined);
  connection.socket.destroy();
  return endingOf(connection.frames(), 1) ?? 'connection closed';
}

const MALFORMED = ['reset 1', 'connection closed'];

const REFUSED: readonly { name: string; fields: readonly Field[]; endings: readonly string[] }[] = [
  { name: 'host and :authority that differ', fields: [...pseudo(), KEY, ['host', 'other']], endings: ['400'] },
  {
    name: 'two hosts',
    fields: [...pseudo(), KEY, ['host', 'gateway'], ['host', 'gateway']],
    endings: ['400', ...MALFORMED],
  },
  {
    name: 'neither host nor :authority',
    fields: [...pseudo().filter(([name]) => name !== ':authority'), KEY],
    endings: ['400', ...MALFORMED],
  },
  { name: 'connection', fields: [...pseudo(), KEY, ['connection', 'x-amz-date']], endings: ['400', ...MALFORMED] },
  {
    name: 'transfer-encoding',
    fields: [...pseudo(), KEY, ['transfer-encoding', 'chunked']],
    endings: ['400', ...MALFORMED],
  },
  { name: 'upgrade', fields: [...pseudo(), KEY, ['upgrade', 'websocket']], endings: ['400', ...MALFORMED] },
  { name: 'te other than trailers', fields: [...pseudo(), KEY, ['te', 'gzip']], endings: ['400', ...MALFORMED] },
  { name: 'a name in upper case', fields: [...pseudo(), KEY, ['X-Upper', '1']], endings: ['400', ...MALFORMED] },
  { name: 'two paths', fields: [...pseudo(), [':path', '/health'], KEY], endings: ['400', ...MALFORMED] },
  { name: 'a pseudo-header after a field', fields: [KEY, ...pseudo()], endings: ['400', ...MALFORMED] },
  { name: 'a pseudo-header nobody knows', fields: [[':other', '1'], ...pseudo(), KEY], endings: ['400', ...MALFORMED] },
  {
    name: 'absolute form',
    fields: [...pseudo({ ':path': `http://gateway${PATH}` }), KEY],
    endings: ['400', ...MALFORMED],
  },
  { name: 'an empty path', fields: [...pseudo({ ':path': '' }), KEY], endings: ['400', ...MALFORMED] },
  {
    name: 'a space in the path',
    fields: [...pseudo({ ':path': `${PATH} HTTP/1.1` }), KEY],
    endings: ['400', ...MALFORMED],
  },
  { name: 'a dot segment', fields: [...pseudo({ ':path': '/bedrock/../model/x/converse' }), KEY], endings: ['400'] },
  {
    name: 'bytes beyond ASCII in a field that travels',
    fields: [...pseudo(), KEY, ['x-amzn-bedrock-trace', '\xe9']],
    endings: ['400'],
  },
  {
    name: 'two content types',
    fields: [...pseudo(), KEY, ['content-type', 'a/b'], ['content-type', 'a/c']],
    endings: ['400', ...MALFORMED],
  },
  { name: 'two keys', fields: [...pseudo(), KEY, KEY], endings: ['400', ...MALFORMED] },
  {
    name: 'a length that is not that of the body',
    fields: [...pseudo(), KEY, ['content-length', '5']],
    endings: MALFORMED,
  },
  {
    name: 'extended CONNECT',
    fields: [...pseudo({ ':method': 'CONNECT' }), [':protocol', 'websocket'], KEY],
    endings: ['400', ...MALFORMED],
  },
  {
    name: 'CONNECT',
    fields: [[':method', 'CONNECT'], [':authority', '127.0.0.1:22'], KEY],
    endings: ['400', '404', ...MALFORMED],
  },
];

describe('HTTP/2: what is refused never reaches Bedrock, and nobody else is hurt', () => {
  for (const { name, fields, endings } of REFUSED) {
    test(name, async () => {
      running.simulator.clearRequests();
      const ending = await endingWith(fields);
      assert.ok(ending !== undefined && endings.includes(ending), ending);
      assert.equal(running.simulator.requests().length, 0);
      await assertServes(running);
    });
  }

  test('the rows differ from a request that is served in what they name only', async () => {
    running.simulator.clearRequests();
    assert.equal(
      await endingWith([...pseudo(), KEY, ['host', 'gateway'], ['content-type', 'application/json']]),
      '200',
    );
    assert.equal(running.simulator.requests()[0]?.signature, 'valid');
  });

  for (const [name, value] of [
    ['a NUL', 'a\0b'],
    ['a line break', 'a\r\nx-api-key: b'],
  ] as const) {
    test(`a field with ${name} in its value is dropped before anybody sees it`, async () => {
      running.simulator.clearRequests();
      const ending = await endingWith([
        ...pseudo(),
        KEY,
        ['content-type', 'application/json'],
        ['x-amzn-bedrock-trace', value],
      ]);
      assert.equal(ending, '200');
      const [seen] = running.simulator.requests();
      assert.ok(seen?.rawHeaders.every(([field]) => field !== 'x-amzn-bedrock-trace' && field !== 'x-api-key'));
    });
  }

  test('trailers', async () => {
    running.simulator.clearRequests();
    const connection = await openRawHttp2(running.origin);
    connection.headers(1, [...pseudo(), KEY], 0);
    connection.send({ type: FRAME_TYPE.data, flags: 0, streamId: 1, payload: BODY });
    connection.headers(1, [['x-api-key', 'sk-other']], FLAG.endStream);
    await connection.until((frames) => endingOf(frames, 1) !== undefined);
    assert.equal(endingOf(connection.frames(), 1), '400');
    connection.socket.destroy();
    assert.equal(running.simulator.requests().length, 0);
  });

  test('a declared body over the bound is 413 before a byte of it was sent', async () => {
    const session = connect(running.origin);
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      authorization: `Bearer ${MASTER_KEY}`,
      'content-length': String(200 * 1024 * 1024),
      expect: '100-continue',
    });
    stream.on('error', () => undefined);
    let continued = false;
    stream.on('continue', () => (continued = true));
    assert.equal(await statusOf(stream), 413);
    assert.equal(continued, false);
    session.destroy();
  });
});

describe('HTTP/2: floods end with the connection of whoever sends them', () => {
  test('rapid reset (CVE-2023-44487)', async () => {
    running.simulator.clearRequests();
    const connection = await openRawHttp2(running.origin);
    const fields = headerBlock([...pseudo(), KEY]);
    const cancel = Buffer.from([0, 0, 0, 8]);
    const pair = (streamId: number): Buffer =>
      Buffer.concat([
        encodeHttp2Frame({ type: FRAME_TYPE.headers, flags: FLAG.endHeaders, streamId, payload: fields }),
        encodeHttp2Frame({ type: FRAME_TYPE.rstStream, flags: 0, streamId, payload: cancel }),
      ]);
    for (let index = 0; index < 5000 && connection.socket.writable; index += 1)
      connection.socket.write(pair(2 * index + 1));
    await connection.until((frames) => frames.some(({ type }) => type === FRAME_TYPE.goaway));
    assert.ok(connection.socket.destroyed || connection.frames().some(({ type }) => type === FRAME_TYPE.goaway));
    connection.socket.destroy();
    await until(() => running.gateway.running() === 0);
    assert.equal(running.simulator.requests().length, 0, 'no body was complete, so nothing was sent on');
    await assertServes(running);
  });

  test('a header block that never ends (CONTINUATION)', async () => {
    const connection = await openRawHttp2(running.origin);
    const { socket } = connection;
    connection.send({ type: FRAME_TYPE.headers, flags: FLAG.endStream, streamId: 1, payload: headerBlock(pseudo()) });
    const block = headerBlock(Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'a'.repeat(100)] as const));
    const more = encodeHttp2Frame({ type: FRAME_TYPE.continuation, flags: 0, streamId: 1, payload: block });
    let sent = 0;
    for (; sent < 2000 && socket.writable; sent += 1) {
      await new Promise((resolve) => socket.write(more, resolve));
    }
    assert.ok(sent < 2000, 'the connection was cut while the block was still coming');
    await assertServes(running);
  });

  test('a head over 16 KiB', async () => {
    running.simulator.clearRequests();
    const long = Array.from({ length: 20 }, (_, index) => [`x-long-${index}`, 'a'.repeat(1000)] as const);
    const ending = await endingWith([...pseudo(), KEY, ...long]);
    assert.ok(ending === 'reset 11' || ending === 'connection closed' || ending === 'other status', ending);
    assert.equal(running.simulator.requests().length, 0);
    await assertServes(running);
  });

  for (const [name, type, payload] of [
    ['PING', FRAME_TYPE.ping, Buffer.alloc(8)],
    ['SETTINGS', FRAME_TYPE.settings, Buffer.alloc(0)],
  ] as const) {
    test(`${name} by the thousand, with nobody reading the answers`, async () => {
      const before = process.memoryUsage().rss;
      const connection = await openRawHttp2(running.origin);
      connection.socket.pause();
      const frames = Buffer.concat(
        Array.from({ length: 1000 }, () => encodeHttp2Frame({ type, flags: 0, streamId: 0, payload })),
      );
      for (let round = 0; round < 100 && connection.socket.writable; round += 1) connection.socket.write(frames);
      await assertServes(running);
      assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024);
      connection.socket.destroy();
    });
  }

  test('more than 128 requests at once on one connection are turned away, also before the bound is acknowledged', async () => {
    const connection = await openRawHttp2(running.origin);
    for (let index = 0; index < 500; index += 1) connection.headers(2 * index + 1, [...pseudo(), KEY], 0);
    await connection.until((frames) => frames.filter(({ type }) => type === FRAME_TYPE.rstStream).length === 372);
    assert.equal(running.gateway.running(), 128);
    await assertServes(running);

    // Who leaves with a FIN in the middle of its requests takes them along.
    connection.socket.end();
    await until(() => running.gateway.running() === 0);
  });
});
