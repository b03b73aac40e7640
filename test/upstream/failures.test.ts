import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { BAD_ANSWERS } from './answer-cases.ts';
import { Calls, type RecordedCall } from './calls.ts';
import { bytesOf } from './read-answer.ts';
import { openScene, openSocketScene } from './scene.ts';
import { answerOf } from './scripted-server.ts';

/** Short enough to wait for, long enough for a busy machine to be in time. */
const SHORT_MS = 150;

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const COUNTED = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n';
const UNTIL_CLOSE = 'HTTP/1.1 200 OK\r\n\r\n';

describe('an answer that breaks off is told as broken, once', () => {
  const ROWS: readonly (readonly [where: string, sent: string, body: string | null])[] = [
    ['before its first byte', '', null],
    ['in its first line', 'HTTP/1.1 20', null],
    ['in its head', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx', null],
    ['before the last byte of its head', COUNTED.slice(0, -1), null],
    ['after 1xx', 'HTTP/1.1 100 Continue\r\n\r\n', null],
    ['after its head', COUNTED, ''],
    ['in its body', `${COUNTED}hell`, 'hell'],
    ['before its first chunk', CHUNKED, ''],
    ['in the size of a chunk', `${CHUNKED}2\r\nhi\r\n1`, 'hi'],
    ['behind the size of a chunk', `${CHUNKED}2\r\nhi\r\n1\r\n`, 'hi'],
    ['in a chunk', `${CHUNKED}5\r\nhi`, 'hi'],
    ['behind the bytes of a chunk', `${CHUNKED}2\r\nhi`, 'hi'],
    ['between two chunks', `${CHUNKED}2\r\nhi\r\n`, 'hi'],
    ['in the last chunk', `${CHUNKED}2\r\nhi\r\n0`, 'hi'],
    ['behind the last chunk', `${CHUNKED}2\r\nhi\r\n0\r\n`, 'hi'],
    ['in the trailers', `${CHUNKED}2\r\nhi\r\n0\r\nx: y\r\n`, 'hi'],
    ['before the last byte', `${CHUNKED}2\r\nhi\r\n0\r\n\r`, 'hi'],
  ];
  for (const [where, sent, body] of ROWS) {
    for (const ending of ['FIN', 'reset'] as const) {
      test(`${where}, by ${ending}`, async (t) => {
        const scene = await openScene(t, ({ socket }) => void socket.write(sent));
        const call = scene.send();
        await until(
          () => scene.seen.length === 1 && (body === null || (call.flow !== null && call.bodyBytes === body.length)),
        );
        if (ending === 'FIN') scene.seen[0]?.socket.end();
        else scene.seen[0]?.socket.resetAndDestroy();
        await call.over;
        assert.equal(call.ending, 'broken');
        assert.ok(call.failure?.cause instanceof Error);
        assert.equal(call.status, body === null ? 0 : 200);
        assert.equal(call.body.toString(), body ?? '');
      });
    }
  }

  test('a body until the connection ends: whole by FIN', async (t) => {
    const scene = await openScene(t, ({ socket }) => void socket.end(`${UNTIL_CLOSE}all`));
    const call = await scene.whole();
    assert.equal(call.ending, 'end');
    assert.equal(call.body.toString(), 'all');
  });

  test('a body until the connection ends: broken by reset', async (t) => {
    const scene = await openScene(t, ({ socket }) => void socket.write(`${UNTIL_CLOSE}not all`));
    const call = scene.send();
    await until(() => call.bodyBytes > 0);
    scene.seen[0]?.socket.resetAndDestroy();
    await call.over;
    assert.equal(call.ending, 'broken');
  });

  test('others that run are unharmed', async (t) => {
    const scene = await openScene(t, () => undefined);
    const calls = Array.from({ length: 6 }, (_, index) => scene.send({ path: `/${index}` }));
    for (const index of calls.keys()) {
      const { socket } = await scene.request(`/${index}`);
      if (index % 2 === 0) socket.resetAndDestroy();
      else socket.write(answerOf(`${index}`));
    }
    await Promise.all(calls.map(({ over }) => over));
    assert.deepEqual(
      calls.map(({ ending }) => ending),
      ['broken', 'end', 'broken', 'end', 'broken', 'end'],
    );
  });
});

test('what is no answer is told as broken, once, and its connection ends', async (t) => {
  const scene = await openScene(t, ({ path, socket }) => {
    socket.write(bytesOf(BAD_ANSWERS[Number(path.slice(1))]?.wire ?? ''));
  });
  const rows = BAD_ANSWERS.map(({ name }, index) => ({ name, call: scene.send({ path: `/${index}` }) }));
  for (const { name, call } of rows) {
    await call.over;
    assert.equal(call.ending, 'broken', name);
  }
  await until(() => scene.server.openConnections === 0);
  assert.equal(scene.server.sockets.length, BAD_ANSWERS.length);
});

describe('silence', () => {
  test('before an answer is a timeout', async (t) => {
    const scene = await openScene(t, ({ socket }) => void socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200'));
    const call = await scene.whole({ headersTimeoutMs: SHORT_MS });
    assert.equal(call.ending, 'timeout');
    assert.deepEqual(call.heard, ['fail']);
    await until(() => scene.server.openConnections === 0);
  });

  test('before the second answer of a connection is a timeout, whatever comes before its head', async (t) => {
    const scene = await openScene(t, ({ path, socket }) => {
      socket.write(path === '/first' ? answerOf('first') : 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200');
    });
    await scene.whole({ path: '/first' });
    const call = await scene.whole({ path: '/second', headersTimeoutMs: SHORT_MS });
    assert.equal(call.ending, 'timeout');
    assert.equal((await scene.request('/second')).connection, 0);
  });

  for (const [where, sent] of [
    ['after the head', COUNTED],
    ['in the body', `${COUNTED}hell`],
    ['in a chunk', `${CHUNKED}5\r\nhi`],
    ['between two chunks', `${CHUNKED}2\r\nhi\r\n`],
    ['in a body until the connection ends', `${UNTIL_CLOSE}hi`],
  ] as const) {
    test(`${where} is a timeout`, async (t) => {
      const scene = await openScene(t, ({ socket }) => void socket.write(sent));
      const call = await scene.whole({ idleTimeoutMs: SHORT_MS });
      assert.equal(call.ending, 'timeout');
      assert.equal(call.heard[0], 'head');
      await until(() => scene.server.openConnections === 0);
    });
  }

  test('of a call is none of the next on its connection', async (t) => {
    const scene = await openScene(t, ({ path, socket }) => {
      if (path === '/quick') socket.write(answerOf('quick'));
    });
    await scene.whole({ path: '/quick', headersTimeoutMs: SHORT_MS, idleTimeoutMs: SHORT_MS });
    const patient = scene.send({ path: '/patient' });
    // A second one with the patience of the first, sent later, is out of time; the patient one then is not.
    const witness = await scene.whole({ path: '/witness', headersTimeoutMs: 2 * SHORT_MS });
    assert.equal(witness.ending, 'timeout');
    assert.equal(patient.ending, null);
    const { connection, socket } = await scene.request('/patient');
    assert.equal(connection, 0);
    socket.write(answerOf('patient'));
    await patient.over;
    assert.equal(patient.ending, 'end');
  });

  for (const [when, isAtOnce] of [
    ['with what it hears', true],
    ['later', false],
  ] as const) {
    test(`while the receiver takes nothing is none of the other end, when it paused ${when}`, async (t) => {
      const scene = await openScene(t, ({ socket }) => void socket.write(`${COUNTED}hell`));
      const habits = isAtOnce ? { data: ({ flow }: RecordedCall) => flow?.pause() } : {};
      const paused = scene.send({ path: '/paused', idleTimeoutMs: SHORT_MS }, habits);
      await until(() => paused.bodyBytes === 4);
      paused.flow?.pause();
      for (const path of ['/witness', '/another']) {
        assert.equal((await scene.whole({ path, idleTimeoutMs: SHORT_MS })).ending, 'timeout');
      }
      assert.equal(paused.ending, null);
      (await scene.request('/paused')).socket.write('o');
      paused.flow?.resume();
      await paused.over;
      assert.equal(paused.body.toString(), 'hello');
    });
  }

  test('once the receiver takes again is a timeout again', async (t) => {
    const scene = await openScene(t, ({ socket }) => void socket.write(`${COUNTED}hell`));
    const call = scene.send({ idleTimeoutMs: SHORT_MS }, { data: ({ flow }) => flow?.pause() });
    await until(() => call.bodyBytes === 4);
    call.flow?.resume();
    await call.over;
    assert.equal(call.ending, 'timeout');
  });
});

describe('where nobody can be reached', () => {
  test('every call hears that nothing was sent, once, also those that waited', async () => {
    const calls = new Calls({ connectionsMax: 2 });
    const origin = await deadOrigin();
    const sent = Array.from({ length: 9 }, () => calls.send({ origin }));
    await Promise.all(sent.map(({ over }) => over));
    for (const { ending, failure } of sent) {
      assert.equal(ending, 'unreachable');
      assert.ok(failure?.cause instanceof Error);
    }
    await calls.close();
  });

  test('a call sent by the receiver that hears it hears it too', async () => {
    const calls = new Calls({ connectionsMax: 1 });
    const origin = await deadOrigin();
    let sent = 0;
    await new Promise<void>((resolve) => {
      const again = (): void => {
        sent += 1;
        if (sent < 20) calls.send({ origin }, { fail: again });
        else resolve();
      };
      again();
    });
    await calls.close();
    assert.equal(calls.all.length, 19);
  });

  test('and somebody listens later, calls are answered', async (t) => {
    const scene = await openScene(t, ({ socket }) => void socket.write(answerOf('back')));
    const origin = await deadOrigin();
    assert.equal((await scene.whole({ origin })).ending, 'unreachable');
    const server = createServer((socket) => socket.once('data', () => void socket.end(answerOf('back'))));
    server.listen(Number(new URL(origin).port), '127.0.0.1');
    await once(server, 'listening');
    assert.equal((await scene.whole({ origin })).body.toString(), 'back');
    server.close();
  });

  test('as its name is none', async () => {
    const calls = new Calls();
    const call = await calls.whole({ origin: `http://${'too-long'.repeat(8)}.invalid` });
    assert.equal(call.ending, 'unreachable');
    await calls.close();
  });
});

describe('a call that is cancelled hears nothing more, and the other end that nobody listens', () => {
  const PLACES: readonly (readonly [when: string, sent: string, bodyBytes: number | null])[] = [
    ['before its answer', '', null],
    ['in the head of its answer', 'HTTP/1.1 200 O', null],
    ['after the head', COUNTED, 0],
    ['in the body', `${COUNTED}hell`, 4],
    ['between two chunks', `${CHUNKED}2\r\nhi\r\n`, 2],
  ];
  for (const [when, sent, bodyBytes] of PLACES) {
    test(when, async (t) => {
      const scene = await openScene(
        t,
        ({ path, socket }) => void socket.write(path === '/next' ? answerOf('n') : sent),
      );
      const call = scene.send();
      await until(
        () => scene.seen.length === 1 && (bodyBytes === null || (call.flow !== null && call.bodyBytes === bodyBytes)),
      );
      call.cancel();
      await until(() => scene.server.openConnections === 0);
      call.cancel();
      call.flow?.pause();
      call.flow?.resume();
      assert.equal((await scene.whole({ path: '/next' })).ending, 'end');
      assert.equal(call.ending, null);
    });
  }

  for (const event of ['head', 'data'] as const) {
    test(`by its own receiver when that hears ${event}`, async (t) => {
      const scene = await openScene(t, ({ socket }) => void socket.write(answerOf('hello')));
      const call = scene.send({}, { [event]: (heard: RecordedCall) => heard.cancel() });
      await until(() => call.cancelled && scene.server.openConnections === 0);
      assert.equal(call.ending, null);
    });
  }

  test('while it is paused', async (t) => {
    const scene = await openScene(t, ({ socket }) => void socket.write(`${COUNTED}hell`));
    const call = scene.send({}, { data: ({ flow }) => flow?.pause() });
    await until(() => call.bodyBytes === 4);
    call.cancel();
    await until(() => scene.server.openConnections === 0);
  });

  test('before there is a connection; the next call has it', async (t) => {
    const scene = await openScene(t, ({ path, socket }) => void socket.write(answerOf(path)));
    scene.send({ path: '/cancelled' }).cancel();
    const next = await scene.whole({ path: '/next' });
    assert.equal(next.body.toString(), '/next');
    assert.deepEqual(
      scene.seen.map(({ path }) => path),
      ['/next'],
    );
    assert.equal(scene.server.sockets.length, 1);
  });

  test('after its end it is nobody’s connection any more', async (t) => {
    const scene = await openScene(t, ({ path, socket }) => {
      if (path === '/first') socket.write(answerOf('first'));
    });
    const first = await scene.whole({ path: '/first' });
    const second = scene.send({ path: '/second' });
    const { socket, connection } = await scene.request('/second');
    assert.equal(connection, 0);
    first.cancel();
    socket.write(answerOf('second'));
    await second.over;
    assert.equal(second.ending, 'end');
  });

  test('in the middle of sending', async (t) => {
    const scene = await openSocketScene(t, (socket) => void socket.pause());
    const call = scene.send({ body: Buffer.alloc(16 * 1024 * 1024) });
    await until(() => scene.server.sockets.length === 1);
    call.cancel();
    const [socket] = scene.server.sockets;
    socket?.resume();
    await until(() => scene.server.openConnections === 0);
  });
});

describe('a receiver that throws is told that its answer is broken, and nobody else is', () => {
  for (const event of ['head', 'data', 'end'] as const) {
    test(`when it hears ${event}`, async (t) => {
      const scene = await openScene(
        t,
        ({ path, socket }) => {
          if (path !== '/other') socket.write(answerOf('hello'));
        },
        event === 'end' ? { throwAtEnd: ['/throws'] } : {},
      );
      const other = scene.send({ path: '/other' });
      const { socket } = await scene.request('/other');
      const fault = new Error('What the receiver can not do.');
      const habit = (): void => {
        throw fault;
      };
      const call = scene.send({ path: '/throws' }, { [event]: habit });
      await until(() => call.failure !== null);
      assert.deepEqual(call.failure, { kind: 'broken', cause: fault });
      assert.equal((await scene.whole({ path: '/after' })).ending, 'end');
      socket.write(answerOf('other'));
      await other.over;
      assert.equal(other.ending, 'end');
    });
  }
});

describe('when the upstream is destroyed', () => {
  test('every call fails once, wherever it is, and all connections end', async (t) => {
    const SENT: Readonly<Record<string, string>> = {
      '/silent': '',
      '/head': COUNTED,
      '/body': `${COUNTED}hell`,
      '/paused': `${COUNTED}hell`,
      '/idle': answerOf('idle'),
    };
    const scene = await openScene(t, ({ path, socket }) => void socket.write(SENT[path] ?? ''), { connectionsMax: 4 });
    await scene.whole({ path: '/idle' });
    const silent = scene.send({ path: '/silent' });
    const head = scene.send({ path: '/head' });
    const body = scene.send({ path: '/body' });
    const paused = scene.send({ path: '/paused' }, { data: ({ flow }) => flow?.pause() });
    const waiting = [scene.send({ path: '/waiting' }), scene.send({ path: '/waiting' })];
    await until(() => scene.seen.length === 5 && head.flow !== null && body.bodyBytes === 4 && paused.bodyBytes === 4);
    scene.calls.upstream.destroy();
    await Promise.all(scene.calls.all.map(({ over }) => over));
    assert.deepEqual(
      [silent, head, body, paused].map(({ ending }) => ending),
      ['broken', 'broken', 'broken', 'broken'],
    );
    assert.deepEqual(
      waiting.map(({ ending }) => ending),
      ['unreachable', 'unreachable'],
    );
    await until(() => scene.server.openConnections === 0);
    assert.throws(() => scene.send(), Error);
    scene.calls.upstream.destroy();
  });

  test('calls whose connection is being made hear that nothing was sent', async (t) => {
    const scene = await openScene(t, () => assert.fail('a request was sent'));
    const calls = [scene.send(), scene.send()];
    scene.calls.upstream.destroy();
    await Promise.all(calls.map(({ over }) => over));
    for (const { ending } of calls) assert.equal(ending, 'unreachable');
  });

  test('by a receiver in the middle of its answer, that answer ends once as well', async (t) => {
    for (const event of ['head', 'data', 'end'] as const) {
      const scene = await openScene(t, ({ socket }) => void socket.write(answerOf('hello')));
      const call = scene.send({}, { [event]: () => scene.calls.upstream.destroy() });
      await call.over;
    }
  });
});

/** An origin on which nobody listens any more. */
async function deadOrigin(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}
