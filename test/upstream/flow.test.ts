import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { until } from '../support/until.ts';
import type { RecordedCall } from './calls.ts';
import { openScene, type Scene } from './scene.ts';
import { answerOf, type SeenRequest } from './scripted-server.ts';

/** Far over what the buffers between two sockets of one machine take. */
const BIG_BYTES = 48 * 1024 * 1024;
/** What may be on its way in our process: one read, and what the stream of a socket holds. */
const ON_THE_WAY_BYTES_MAX = 256 * 1024;

const big = Buffer.alloc(BIG_BYTES, 'all work and no play ');

const ANSWERS: readonly (readonly [what: string, answer: (request: SeenRequest) => void])[] = [
  [
    'with a length',
    ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${BIG_BYTES}\r\n\r\n`);
      socket.write(big);
    },
  ],
  [
    'in chunks',
    ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${BIG_BYTES.toString(16)}\r\n`);
      socket.write(big);
      socket.write('\r\n0\r\n\r\n');
    },
  ],
  [
    'until the connection ends',
    ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.end(big);
    },
  ],
];

/** Waits until other calls have gone all their way twenty times: what was on its way before has arrived by then. */
async function othersAreServed(scene: Scene): Promise<void> {
  for (let round = 0; round < 20; round += 1) assert.equal((await scene.whole({ path: '/other' })).ending, 'end');
}

describe('an answer that is paused stops, and goes on when it is resumed', () => {
  for (const [what, answer] of ANSWERS) {
    test(what, async (t) => {
      const scene = await openScene(t, (request) => {
        if (request.path === '/other') request.socket.write(answerOf('other'));
        else answer(request);
      });
      const call = scene.send({ path: '/big' }, { head: ({ flow }) => flow?.pause() });
      await until(() => call.flow !== null);
      for (let round = 0; round < 3; round += 1) {
        const before = call.bodyBytes;
        await othersAreServed(scene);
        assert.ok(
          call.bodyBytes - before <= ON_THE_WAY_BYTES_MAX,
          `${call.bodyBytes - before} bytes came while paused`,
        );
        assert.ok((scene.seen[0]?.socket.writableLength ?? 0) > 0, 'the other end is held up');
        call.flow?.resume();
        await until(() => call.bodyBytes > before + ON_THE_WAY_BYTES_MAX);
        call.flow?.pause();
      }
      call.flow?.resume();
      await call.over;
      assert.equal(call.ending, 'end');
      assert.ok(call.body.equals(big));
    });
  }

  test('at every piece of it', async (t) => {
    const scene = await openScene(t, ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      for (let index = 0; index < 500; index += 1) socket.write(`3\r\n${String(index).padStart(3, '0')}\r\n`);
      socket.write('0\r\n\r\n');
    });
    const call = scene.send(
      {},
      {
        data: ({ flow }) => {
          flow?.pause();
          setImmediate(() => flow?.resume());
        },
      },
    );
    await call.over;
    assert.equal(
      call.body.toString(),
      Array.from({ length: 500 }, (_, index) => String(index).padStart(3, '0')).join(''),
    );
  });

  test('when the other end breaks it off meanwhile, that is heard once it goes on', async (t) => {
    const scene = await openScene(
      t,
      ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi'),
    );
    const call = scene.send({}, { data: ({ flow }) => flow?.pause() });
    await until(() => call.bodyBytes === 2);
    scene.seen[0]?.socket.end();
    call.flow?.resume();
    await call.over;
    assert.equal(call.ending, 'broken');
  });
});

describe('the reins of an answer that is over move nothing', () => {
  async function pair(scene: Scene, pauseSecond: boolean): Promise<readonly [RecordedCall, RecordedCall, SeenRequest]> {
    const first = await scene.whole({ path: '/first' });
    const second = scene.send({ path: '/second' }, pauseSecond ? { head: ({ flow }) => flow?.pause() } : {});
    const request = await scene.request('/second');
    assert.equal(request.connection, 0, 'both have the same connection');
    return [first, second, request];
  }
  const answer = ({ path, socket }: SeenRequest): void => {
    if (path === '/first') socket.write(answerOf('first'));
    else if (path === '/other') socket.write(answerOf('other'));
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n');
  };

  test('resuming it does not resume the next on its connection', async (t) => {
    const scene = await openScene(t, answer);
    const [first, second, { socket }] = await pair(scene, true);
    await until(() => second.flow !== null);
    first.flow?.resume();
    socket.write('second');
    await othersAreServed(scene);
    assert.equal(second.bodyBytes, 0);
    second.flow?.resume();
    await second.over;
    assert.equal(second.body.toString(), 'second');
  });

  test('pausing it does not pause the next on its connection', async (t) => {
    const scene = await openScene(t, answer);
    const [first, second, { socket }] = await pair(scene, false);
    first.flow?.pause();
    socket.write('second');
    await second.over;
    assert.equal(second.body.toString(), 'second');
  });

  test('pausing it when it has just ended does not hold up its connection', async (t) => {
    const scene = await openScene(t, ({ path, socket }) => void socket.write(answerOf(path)));
    const first = scene.send({ path: '/1' }, { end: ({ flow }) => flow?.pause() });
    await first.over;
    assert.equal((await scene.whole({ path: '/2' })).body.toString(), '/2');
    assert.equal(scene.server.sockets.length, 1);
  });
});

describe('a body that has been sent is let go while the answer is still coming', () => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');

  /** Alone in its function, so that nothing here holds the body. */
  function sendLarge(scene: Scene, path: string): readonly [RecordedCall, WeakRef<Uint8Array>] {
    const body = new Uint8Array(1024 * 1024);
    return [scene.send({ path, body }), new WeakRef(body)];
  }

  test('whether the call waited for its connection or not', async (t) => {
    const scene = await openScene(t, ({ path, socket }) => {
      if (path === '/other') socket.write(answerOf('other'));
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell');
    });
    const [waited, itsBody] = sendLarge(scene, '/waited');
    await until(() => waited.bodyBytes === 4);
    await scene.whole({ path: '/other' });
    const [atOnce, anotherBody] = sendLarge(scene, '/atOnce');
    await until(() => atOnce.bodyBytes === 4);
    assert.equal((await scene.request('/atOnce')).connection, 1);
    assert.ok(typeof collect === 'function');
    await until(() => {
      Reflect.apply(collect, undefined, []);
      return itsBody.deref() === undefined && anotherBody.deref() === undefined;
    });
    for (const path of ['/waited', '/atOnce']) (await scene.request(path)).socket.write('o');
    await Promise.all([waited.over, atOnce.over]);
  });
});
