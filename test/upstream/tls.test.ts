import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { needs } from '../support/needs.ts';
import { createTrust, makeSelfSigned, type SelfSigned } from '../support/self-signed.ts';
import { until } from '../support/until.ts';
import { Calls } from './calls.ts';
import { openScene } from './scene.ts';
import { answerOf, type SeenRequest } from './scripted-server.ts';

const SHORT_MS = 150;
const echo = ({ path, socket }: SeenRequest): void => void socket.write(answerOf(path));

describe('over TLS', needs('openssl'), () => {
  let tls: SelfSigned;
  let trust: (isTrusted: boolean) => void;
  before(() => {
    tls = makeSelfSigned();
    trust = createTrust(tls.certificate);
    trust(true);
  });
  after(() => {
    trust(false);
    tls.remove();
  });

  for (const originHost of ['127.0.0.1', 'localhost']) {
    test(`a connection to ${originHost} takes one call after the other`, async (t) => {
      const scene = await openScene(t, echo, { tls, originHost });
      for (const path of ['/1', '/2', '/3']) assert.equal((await scene.whole({ path })).body.toString(), path);
      assert.equal(scene.server.sockets.length, 1);
      const [socket] = scene.server.sockets;
      assert.ok(socket instanceof TLSSocket);
      assert.equal(socket.servername, originHost === 'localhost' ? 'localhost' : false);
    });
  }

  test('a large body and a large answer arrive as they are', async (t) => {
    const scene = await openScene(
      t,
      ({ body, socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`);
        socket.write(body);
      },
      { tls },
    );
    const body = Buffer.alloc(3 * 1024 * 1024, 'abcdefg');
    assert.ok((await scene.whole({ body })).body.equals(body));
  });

  test('the next connection goes on from the session of the last', async (t) => {
    const resumed: boolean[] = [];
    const answer = ({ socket }: SeenRequest): void => {
      resumed.push(socket instanceof TLSSocket && socket.isSessionReused());
      socket.write(answerOf('x', 'connection: close'));
    };
    const scene = await openScene(t, answer, { tls });
    for (let round = 0; round < 3; round += 1) await scene.whole();
    assert.deepEqual(resumed, [false, true, true]);
  });

  test('an answer that breaks off is told as broken', async (t) => {
    const scene = await openScene(
      t,
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell');
      },
      { tls },
    );
    for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.destroy()]) {
      const call = scene.send();
      await until(() => call.bodyBytes === 4);
      const socket = scene.server.sockets.at(-1);
      assert.ok(socket !== undefined);
      end(socket);
      await call.over;
      assert.equal(call.ending, 'broken');
    }
  });

  test('an answer that only its connection would end is told as broken: anybody on the way could have ended it', async (t) => {
    const scene = await openScene(t, ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\n\r\nhello'), { tls });
    const call = scene.send();
    await call.over;
    assert.equal(call.ending, 'broken');
  });

  describe('nothing is sent to who can not prove to be the other end', () => {
    const refuse = (): void => assert.fail('a request was sent');

    test('as nobody vouches for it', async (t) => {
      const scene = await openScene(t, refuse, { tls });
      trust(false);
      try {
        for (let round = 0; round < 2; round += 1) assert.equal((await scene.whole()).ending, 'unreachable');
      } finally {
        trust(true);
      }
    });

    test('as it has another name, also when it is asked again', async (t) => {
      const scene = await openScene(t, refuse, { tls, host: '127.0.0.2' });
      for (let round = 0; round < 3; round += 1) assert.equal((await scene.whole()).ending, 'unreachable');
    });

    const HANDSHAKES: readonly (readonly [what: string, serve: (socket: Socket) => void])[] = [
      ['ends the connection', (socket) => void socket.end()],
      ['resets the connection', (socket) => void socket.resetAndDestroy()],
      ['reads and ends the connection', (socket) => void socket.once('data', () => socket.end())],
      ['speaks no TLS', (socket) => void socket.write(answerOf('swapped!'))],
    ];
    for (const [what, serve] of HANDSHAKES) {
      test(`as it ${what}: each call hears it once, and nobody tries on and on`, async () => {
        const { origin, sockets, close } = await openPlain(serve);
        const calls = new Calls({ connectionsMax: 2 });
        const sent = Array.from({ length: 6 }, () => calls.send({ origin }));
        await Promise.all(sent.map(({ over }) => over));
        for (const { ending } of sent) assert.equal(ending, 'unreachable');
        assert.ok(sockets.length <= sent.length + 1, `${sockets.length} connections for ${sent.length} calls`);
        await calls.close();
        await close();
      });
    }

    test('as it says nothing for too long', async () => {
      const { origin, sockets, close } = await openPlain((socket) => void socket.resume());
      const calls = new Calls({ connectTimeoutMs: SHORT_MS });
      const call = await calls.whole({ origin });
      assert.equal(call.ending, 'unreachable');
      await until(() => sockets.length > 0 && sockets.every(({ destroyed }) => destroyed));
      await calls.close();
      await close();
    });
  });
});

/** What speaks no TLS where TLS is expected. */
async function openPlain(
  serve: (socket: Socket) => void,
): Promise<{ origin: string; sockets: readonly Socket[]; close: () => Promise<void> }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    origin: `https://127.0.0.1:${address.port}`,
    sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
