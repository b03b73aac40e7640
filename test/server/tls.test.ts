import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { needs } from '../support/needs.ts';
import { heard } from '../support/raw-http1.ts';
import { makeSelfSigned, type SelfSigned } from '../support/self-signed.ts';
import { openServer } from './open-server.ts';

describe('HTTP/1.1 over TLS', needs('openssl'), () => {
  let tls: SelfSigned;
  before(() => (tls = makeSelfSigned()));
  after(() => tls.remove());

  test('nothing of a body is lost when each piece is answered by one without bytes', async (t) => {
    const body = Array.from({ length: 50_000 }, (_, at) => `${at},`).join('');
    let read = '';
    const { server } = await openServer(
      t,
      (exchange) => {
        exchange.startAnswer(200, []);
        exchange.body.read({
          data: (chunk) => {
            read += chunk.toString('latin1');
            // node reads on in the middle of such a write.
            exchange.write(Buffer.alloc(0), () => undefined);
          },
          end: () => exchange.endAnswer(() => undefined, Buffer.from('all of it')),
          fault: () => undefined,
        });
      },
      { tls },
    );
    const socket = connect({ port: server.port, host: '127.0.0.1', ca: tls.certificate });
    await once(socket, 'secureConnect');
    socket.write(`POST / HTTP/1.1\r\nHost: g\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const { text } = await heard(socket, (sofar) => sofar.includes('all of it'));
    assert.match(text, /all of it/);
    assert.ok(read === body, `${read.length} of ${body.length} bytes`);
  });
});
