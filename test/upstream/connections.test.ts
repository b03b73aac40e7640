import assert from 'node:assert/strict';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { until } from '../support/until.ts';
import type { RecordedCall } from './calls.ts';
import { clientSockets } from './client-sockets.ts';
import { openScene } from './scene.ts';
import { answerOf, type SeenRequest } from './scripted-server.ts';

/** Over what the kernel takes for two sockets of which one does not read. */
const BIG_BYTES = 64 * 1024 * 1024;

const echo = ({ path, socket }: SeenRequest): void => void socket.write(answerOf(path));

describe('a request reaches the other end as it is', () => {
  const SIZES = [null, 0, 1, 16 * 1024, 16 * 1024 + 1, 3 * 1024 * 1024 + 7];
  for (const size of SIZES) {
    test(size === null ? 'without a body' : `with ${size} bytes of body`, async (t) => {
      const scene = await openScene(t, echo);
      const body = size === null ? null : Buffer.alloc(size, 'abcdefg');
      const call = await scene.whole({ path: '/a?b', headers: ['host', 'h', 'X-Y', 'caf\xe9'], body });
      assert.equal(call.body.toString(), '/a?b');
      const { head, body: arrived } = await scene.request('/a?b');
      assert.equal(head, `POST /a?b HTTP/1.1\r\nhost: h\r\nX-Y: caf\xe9\r\ncontent-length: ${size ?? 0}\r\n\r\n`);
      assert.ok(arrived.equals(body ?? Buffer.alloc(0)));
    });
  }
});

describe('a connection takes the next call', () => {
  const ANSWERS: readonly (readonly [what: string, wire: string, method?: string])[] = [
    ['after an answer with a length', answerOf('hi')],
    ['after chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx: y\r\n\r\n'],
    ['after 204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['after HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', 'HEAD'],
    ['after 1xx and an answer', `HTTP/1.1 100 Continue\r\n\r\n${answerOf('hi')}`],
    ['after an error', 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n'],
    ['after one that is kept long enough', answerOf('hi', 'keep-alive: timeout=5')],
  ];
  for (const [what, wire, method = 'POST'] of ANSWERS) {
    test(what, async (t) => {
      const scene = await openScene(t, ({ socket }) => void socket.write(wire));
      for (let round = 0; round < 3; round += 1) assert.equal((await scene.whole({ method })).ending, 'end');
      assert.deepEqual(
        scene.seen.map(({ connection }) => connection),
        [0, 0, 0],
      );
    });
  }

  test('sent by the receiver of the one before, as soon as that hears the end', async (t) => {
    const scene = await openScene(t, echo);
    let second: Promise<unknown> = Promise.resolve();
    const first = scene.send({ path: '/1' }, { end: () => void (second = scene.whole({ path: '/2' })) });
    await first.over;
    await second;
    assert.deepEqual(
      scene.seen.map(({ path, connection }) => `${path} by ${connection}`),
      ['/1 by 0', '/2 by 0'],
    );
  });

  test('when it was paused at its end', async (t) => {
    const scene = await openScene(t, echo);
    const paused = scene.send({ path: '/1' }, { head: ({ flow }) => flow?.pause() });
    await paused.over;
    assert.equal((await scene.whole({ path: '/2' })).body.toString(), '/2');
    assert.equal(scene.server.sockets.length, 1);
  });
});

describe('a connection takes no other call', () => {
  const ANSWERS: readonly (readonly [what: string, wire: string])[] = [
    ['after connection: close', answerOf('hi', 'connection: close')],
    ['after HTTP/1.0', answerOf('hi').replace('1.1', '1.0')],
    ['after more bytes than were asked for', `${answerOf('hi')}H`],
    ['after a second answer nobody asked for', answerOf('hi') + answerOf('swapped!')],
    ['after a body 204 must not have', 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nhi'],
    ['that the other end keeps too short', answerOf('hi', 'keep-alive: timeout=1')],
    ['that the other end does not keep', answerOf('hi', 'keep-alive: timeout=0')],
  ];
  for (const [what, wire] of ANSWERS) {
    test(what, async (t) => {
      const scene = await openScene(t, ({ socket }) => void socket.write(wire));
      const bodies = new Set<string>();
      for (let round = 0; round < 3; round += 1) {
        const call = await scene.whole();
        assert.equal(call.ending, 'end');
        bodies.add(call.body.toString());
      }
      assert.equal(bodies.size, 1);
      assert.deepEqual(
        scene.seen.map(({ connection }) => connection),
        [0, 1, 2],
      );
      // Nor is it left open.
      await until(() => scene.server.openConnections === 0);
    });
  }

  test('after an answer that came before all of its request had left', async (t) => {
    const answer = ({ socket }: SeenRequest): void => {
      socket.pause();
      socket.write(answerOf('too much'));
    };
    const scene = await openScene(t, answer, { isEarly: () => true });
    for (let round = 0; round < 2; round += 1) {
      const call = await scene.whole({ body: Buffer.alloc(BIG_BYTES) });
      assert.equal(call.ending, 'end');
      assert.equal(call.body.toString(), 'too much');
    }
    assert.equal(scene.server.sockets.length, 2);
  });

  test('when the other end says something while it is idle', async (t) => {
    const scene = await openScene(t, echo);
    await scene.whole({ path: '/1' });
    const { socket } = await scene.request('/1');
    socket.write(answerOf('swapped!'));
    await once(socket, 'close');
    assert.equal((await scene.whole({ path: '/2' })).body.toString(), '/2');
    assert.equal(scene.server.sockets.length, 2);
  });

  for (const [how, end] of [
    ['ends it', ({ socket }: SeenRequest) => void socket.end()],
    ['resets it', ({ socket }: SeenRequest) => void socket.resetAndDestroy()],
  ] as const) {
    test(`when the other end ${how} while it is idle`, async (t) => {
      const scene = await openScene(t, echo);
      await scene.whole({ path: '/1' });
      end(await scene.request('/1'));
      await until(() => clientSockets.open === 0);
      assert.equal((await scene.whole({ path: '/2' })).body.toString(), '/2');
      assert.equal((await scene.request('/2')).connection, 1);
    });
  }
});

test('a call sent in the very moment in which the idle connection ends has another', async (t) => {
  const scene = await openScene(t, echo);
  await scene.whole({ path: '/1' });
  const { socket } = await scene.request('/1');
  const second = new Promise<RecordedCall>((resolve) => {
    for (const idle of clientSockets.all) idle.once('end', () => resolve(scene.whole({ path: '/2' })));
  });
  socket.end();
  assert.equal((await second).body.toString(), '/2');
  assert.equal((await scene.request('/2')).connection, 1);
});

test('calls that wait are not sent into connections that end right behind their answers', async (t) => {
  for (const connectionsMax of [1, 4]) {
    const scene = await openScene(t, ({ path, socket }) => void socket.end(answerOf(path)), { connectionsMax });
    const sent = Array.from({ length: 40 }, (_, index) => scene.send({ path: `/${index}` }));
    await Promise.all(sent.map(({ over }) => over));
    for (const [index, call] of sent.entries()) {
      assert.equal(call.ending, 'end', `call ${index} of 40, ${connectionsMax} at once`);
      assert.equal(call.body.toString(), `/${index}`);
    }
  }
});

describe('there are no more connections than allowed', () => {
  test('calls wait for one in their order', async (t) => {
    const scene = await openScene(t, () => undefined, { connectionsMax: 2 });
    const sent = Array.from({ length: 8 }, (_, index) => scene.send({ path: `/${index}` }));
    for (const [index, call] of sent.entries()) {
      const { socket, path } = await scene.request(`/${index}`);
      assert.ok(scene.seen.length <= index + 2, 'two at once');
      socket.write(answerOf(path));
      await call.over;
    }
    assert.deepEqual(
      scene.seen.map(({ path }) => path),
      sent.map((_, index) => `/${index}`),
    );
    assert.equal(scene.server.sockets.length, 2);
  });

  test('a connection that ends makes room for another', async (t) => {
    const scene = await openScene(t, ({ path, socket }) => void socket.write(answerOf(path, 'connection: close')), {
      connectionsMax: 2,
    });
    const sent = Array.from({ length: 9 }, (_, index) => scene.send({ path: `/${index}` }));
    await Promise.all(sent.map(({ over }) => over));
    for (const [index, call] of sent.entries()) assert.equal(call.body.toString(), `/${index}`);
    assert.equal(scene.server.sockets.length, 9);
  });

  test('a call that is cancelled while it waits is never sent, and those behind it are', async (t) => {
    const scene = await openScene(t, () => undefined, { connectionsMax: 1 });
    const [first, second, third] = ['/1', '/2', '/3'].map((path) => scene.send({ path }));
    (await scene.request('/1')).socket.write(answerOf('1'));
    second?.cancel();
    await first?.over;
    (await scene.request('/3')).socket.write(answerOf('3'));
    await third?.over;
    assert.equal(third?.body.toString(), '3');
    assert.deepEqual(
      scene.seen.map(({ path }) => path),
      ['/1', '/3'],
    );
  });

  test('a call that waited and runs is cancelled like any other', async (t) => {
    const scene = await openScene(t, () => undefined, { connectionsMax: 1 });
    const [first, second, third] = ['/1', '/2', '/3'].map((path) => scene.send({ path }));
    (await scene.request('/1')).socket.write(answerOf('1'));
    await first?.over;
    const { socket } = await scene.request('/2');
    second?.cancel();
    await once(socket, 'close');
    (await scene.request('/3')).socket.write(answerOf('3'));
    await third?.over;
    assert.equal(third?.ending, 'end');
  });

  test('a call that waits too long is told that nothing was sent', async (t) => {
    const scene = await openScene(t, () => undefined, { connectionsMax: 1, connectTimeoutMs: 100 });
    const running = scene.send({ path: '/running' });
    const { socket } = await scene.request('/running');
    const waiting = await scene.whole({ path: '/waiting' });
    assert.equal(waiting.ending, 'unreachable');
    socket.write(answerOf('done'));
    await running.over;
    assert.equal(running.ending, 'end');
    const next = scene.send({ path: '/next' });
    (await scene.request('/next')).socket.write(answerOf('next'));
    await next.over;
    assert.deepEqual(
      scene.seen.map(({ path }) => path),
      ['/running', '/next'],
    );
  });

  test('each origin has its own', async (t) => {
    const [one, other] = [await openScene(t, () => undefined, { connectionsMax: 1 }), await openScene(t, echo)];
    const stuck = one.send({ path: '/stuck' });
    await one.request('/stuck');
    const call = await one.whole({ origin: other.server.origin, path: '/free' });
    assert.equal(call.body.toString(), '/free');
    assert.equal(stuck.ending, null);
  });
});

test('an origin may be an IPv6 address', { skip: hasIpv6() ? false : 'this machine has no ::1' }, async (t) => {
  const scene = await openScene(t, echo, { host: '::1' });
  assert.match(scene.server.origin, /^http:\/\/\[::1\]:\d+$/);
  assert.equal((await scene.whole({ path: '/6' })).body.toString(), '/6');
});

test('what is no origin to speak HTTP to is refused', async (t) => {
  const scene = await openScene(t, echo);
  for (const origin of ['ftp://127.0.0.1', 'not an origin', '']) assert.throws(() => scene.send({ origin }), Error);
});

test('what can not be sent as it is is refused before there is a connection', async (t) => {
  const scene = await openScene(t, echo);
  assert.throws(() => scene.send({ headers: ['a', 'b\r\nc: d'] }), TypeError);
  assert.equal((await scene.whole({ path: '/sound' })).ending, 'end');
  assert.equal(scene.server.sockets.length, 1);
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
}
