import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Exchange } from '../../src/ports.ts';
import { heard, openSocket, sendRaw, statusesIn } from '../support/raw-http1.ts';
import { until } from '../support/until.ts';
import { answerText, openServer, readWhole } from './open-server.ts';

const MIB = 1024 * 1024;

function get(target: string, ...fields: readonly string[]): string {
  return `${[`GET ${target} HTTP/1.1`, 'Host: g', ...fields].join('\r\n')}\r\n\r\n`;
}

function post(target: string, body: string, ...fields: readonly string[]): string {
  const lines = [`POST ${target} HTTP/1.1`, 'Host: g', `Content-Length: ${body.length}`, ...fields];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Sends pieces so that each is read by itself. */
async function sendApart(socket: Socket, pieces: readonly string[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
    // Some turns of the loop that this process has in common with the server.
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

function echo(exchange: Exchange): void {
  readWhole(exchange, ({ bytes, ending }) => {
    if (ending === 'end') answerText(exchange, `<${bytes.toString('latin1')}>`);
  });
}

describe('what comes before its turn', () => {
  test('a head that was whole before its turn, and the body after that', async (t) => {
    const { origin, exchanges } = await openServer(t, (exchange) => {
      if (exchange.target !== '/slow') echo(exchange);
    });
    const socket = await openSocket(origin);
    const next = post('/next', '');
    await sendApart(socket, [get('/slow'), next.slice(0, 10), next.slice(10).replace('Length: 0', 'Length: 4')]);
    const [slow] = exchanges;
    assert.ok(slow !== undefined);
    answerText(slow, 'first');
    socket.write('body');
    const { text } = await heard(socket, (sofar) => sofar.includes('<body>'));
    assert.deepEqual(statusesIn(text), [200, 200]);
  });

  test('a client that leaves after a body in many pieces is noticed', async (t) => {
    const gone: string[] = [];
    const { origin, exchanges } = await openServer(t, (exchange) => {
      exchange.onGone(() => gone.push(exchange.target));
    });
    const socket = await openSocket(origin);
    await sendApart(socket, [post('/a', '').replace('Length: 0', 'Length: 6'), 'ab', 'cdef']);
    const [exchange] = exchanges;
    assert.ok(exchange !== undefined);
    const body = await new Promise((resolve) => readWhole(exchange, resolve));
    assert.deepEqual(body, { bytes: Buffer.from('abcdef'), ending: 'end' });
    socket.destroy();
    await until(() => gone.length > 0);
    assert.deepEqual(gone, ['/a']);
  });

  test('a client that takes no answers is given no more work than its connection holds', async (t) => {
    const big = 'x'.repeat(64 * 1024);
    const { origin, exchanges } = await openServer(t, (exchange) => answerText(exchange, big));
    const socket = await openSocket(origin);
    socket.pause();
    const asked = 1000;
    socket.write(get('/').repeat(asked));
    const other = await openSocket(origin);
    // When this one has been answered, the first has long been read.
    for (let round = 0; round < 20; round += 1) {
      const before = exchanges.length;
      other.write(get('/other'));
      await until(() => exchanges.length > before);
      other.read();
    }
    assert.ok(exchanges.length < asked / 2, `${exchanges.length} answers are held`);
    other.destroy();
    socket.resume();
    let bytes = 0;
    socket.on('data', (chunk) => (bytes += chunk.length));
    await until(() => bytes > asked * big.length);
  });
});

describe('after an answer that ends the connection', () => {
  for (const [name, pieces] of [
    ['in the same packet', [get('/last', 'Connection: close') + get('/more')]],
    ['after it', [get('/last', 'Connection: close'), get('/more')]],
  ] as const) {
    test(`no other request is heard, ${name}`, async (t) => {
      const { origin, exchanges } = await openServer(t, (exchange) => answerText(exchange, 'x'.repeat(MIB * 8)));
      const socket = await openSocket(origin);
      socket.pause();
      await sendApart(socket, pieces);
      socket.resume();
      const { text } = await heard(socket);
      assert.deepEqual(statusesIn(text), [200]);
      assert.deepEqual(
        exchanges.map(({ target }) => target),
        ['/last'],
      );
    });
  }

  test('a client that never takes it does not keep its connection', async (t) => {
    const { origin, server } = await openServer(t, (exchange) => answerText(exchange, 'x'.repeat(MIB * 32)), {
      writeStallMs: 100,
    });
    const socket = await openSocket(origin);
    socket.pause();
    socket.write(get('/', 'Connection: close'));
    await until(() => server.connections() === 1);
    await until(() => server.connections() === 0);
    socket.destroy();
  });
});

test('an answer that is still on its way when an idle connection would end is not cut', async (t) => {
  const { origin } = await openServer(
    t,
    (exchange) => answerText(exchange, exchange.target === '/big' ? 'x'.repeat(MIB * 32) : ''),
    { keepAliveMs: 100 },
  );
  const slow = await openSocket(origin);
  slow.pause();
  slow.write(get('/big'));
  await once(slow, 'readable');
  const idle = await openSocket(origin);
  idle.write(get('/idle'));
  // Answered later, it is closed later.
  assert.ok((await heard(idle)).closed);
  let bytes = 0;
  slow.on('data', (chunk) => (bytes += chunk.length));
  slow.resume();
  await once(slow, 'close');
  assert.ok(bytes > MIB * 32, `${bytes} bytes`);
});

describe('refusals', () => {
  test('who goes on sending after what was no request can read why it was refused', async (t) => {
    const { origin, server } = await openServer(t, echo);
    const socket = await openSocket(origin);
    let text = '';
    const faults: string[] = [];
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', ({ message }) => faults.push(message));
    // It says more before it looks at the answer.
    socket.pause();
    await sendApart(socket, ['NO SUCH THING\r\n\r\n', 'a'.repeat(MIB), 'b'.repeat(MIB)]);
    assert.equal(server.connections(), 1);
    socket.resume();
    await once(socket, 'close');
    assert.deepEqual(faults, []);
    assert.deepEqual(statusesIn(text), [400]);
  });

  test('a refusal before the body is read keeps the connection when the body has come', async (t) => {
    const { origin } = await openServer(t, (exchange) => {
      setImmediate(() => answerText(exchange, `${exchange.target}!`));
    });
    const chunked = post('/b', '').replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    const sent = `${post('/a', 'hello')}${chunked}5\r\nhello\r\n0\r\n\r\n${get('/c', 'Connection: close')}`;
    const { text } = await sendRaw(origin, sent);
    assert.deepEqual(text.match(/\/.!/g), ['/a!', '/b!', '/c!']);
  });

  for (const [name, rest] of [
    ['of its bytes', '1\r\nb\r\n0\r\n\r\n'],
    ['of bytes that are no body further on', 'none\r\n'],
  ] as const) {
    test(`a body that is refused in the middle ${name}`, async (t) => {
      let pieces = 0;
      let endings = 0;
      const { origin, exchanges } = await openServer(t, (exchange) => {
        if (exchange.target === '/next') answerText(exchange, 'next');
        else {
          exchange.body.read({
            data: () => {
              pieces += 1;
              exchange.body.stop();
              answerText(exchange, 'enough');
            },
            end: () => (endings += 1),
            fault: () => (endings += 1),
          });
        }
      });
      const chunked = post('/a', '').replace('Content-Length: 0', 'Transfer-Encoding: chunked');
      const { text, closed } = await sendRaw(origin, `${chunked}1\r\na\r\n${rest}${get('/next')}`);
      assert.ok(closed);
      assert.deepEqual([pieces, endings, exchanges.length], [1, 0, 1]);
      assert.deepEqual(statusesIn(text), [200]);
    });
  }
});

test('an empty line that comes in halves does not begin the time of a head anew', async (t) => {
  const { origin } = await openServer(t, echo, { headersTimeoutMs: 200, keepAliveMs: 200 });
  const socket = await openSocket(origin);
  socket.setNoDelay(true);
  socket.write(get('/'));
  let halves = 0;
  const drip = setInterval(() => socket.write((halves += 1) % 2 === 0 ? '\n' : '\r'), 20);
  const { closed } = await heard(socket);
  clearInterval(drip);
  assert.ok(closed, `still open after ${halves} halves`);
});

describe('an exchange that is over leaves the next one alone', () => {
  const MISUSES: readonly (readonly [name: string, misuse: (over: Exchange) => void])[] = [
    ['break', (over) => over.break()],
    ['write', (over) => void over.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))],
    ['endAnswer', (over) => over.endAnswer(() => undefined, Buffer.from('late'))],
    ['body.stop', (over) => over.body.stop()],
    ['answerWhole', (over) => assert.throws(() => over.answerWhole(500, [], Buffer.from('late'), false))],
    ['startAnswer', (over) => assert.throws(() => over.startAnswer(500, []))],
  ];
  for (const [name, misuse] of MISUSES) {
    test(name, async (t) => {
      const flushed: string[] = [];
      const { origin, exchanges } = await openServer(t, (exchange) => {
        readWhole(exchange, ({ bytes }) => {
          exchange.startAnswer(200, ['content-length', String(bytes.length)]);
          exchange.endAnswer(() => flushed.push(exchange.target), bytes);
        });
      });
      const socket = await openSocket(origin);
      await sendApart(socket, [post('/a', 'first'), post('/b', '').replace('Length: 0', 'Length: 6')]);
      await until(() => exchanges.length === 2 && flushed.length === 1);
      const [first] = exchanges;
      assert.ok(first !== undefined);
      misuse(first);
      socket.write('second');
      const { text } = await heard(socket, (sofar) => sofar.endsWith('second'));
      assert.equal(text.replaceAll(/HTTP.*?\r\n\r\n/gs, '|'), '|first|second');
    });
  }
});

test('an answer over HTTP/1.0 that is cut off as its client says no more is not taken for complete', async (t) => {
  const { origin } = await openServer(t, (exchange) => {
    exchange.startAnswer(200, []);
    exchange.write(Buffer.from('half'));
  });
  const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', allowHalfOpen: true });
  const failed = once(socket, 'error');
  socket.write('GET / HTTP/1.0\r\nHost: g\r\n\r\n');
  socket.once('data', () => socket.end());
  await failed;
  socket.destroy();
});
