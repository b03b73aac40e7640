import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { needs } from '../support/needs.ts';
import { heard, openSocket } from '../support/raw-http1.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { startTestGateway } from '../support/test-gateway.ts';

describe('clients that take their time over TLS are cut off', needs('openssl'), () => {
  for (const [name, says] of [
    ['a connection that never begins its handshake', ''],
    ['a handshake that stops', '\x16\x03\x01\x02\x00\x01\x00'],
    ['HTTP in clear', 'GET /health HTTP/1.1\r\nHost: g\r\n\r\n'],
  ] as const) {
    test(name, () =>
      withTlsGateway(async (origin) => {
        const socket = await openSocket(origin);
        if (says !== '') socket.write(says, 'latin1');
        const { text, closed } = await heard(socket);
        assert.ok(closed);
        assert.doesNotMatch(text, /HTTP/);
      }),
    );
  }

  for (const protocol of ['h2', 'http/1.1']) {
    test(`a connection that says nothing after its handshake, ${protocol}`, () =>
      withTlsGateway(async (origin, ca) => {
        const socket = tlsConnect({
          port: Number(new URL(origin).port),
          host: '127.0.0.1',
          ca,
          ALPNProtocols: [protocol],
        });
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.on('error', () => undefined);
        await once(socket, 'secureConnect');
        assert.equal(socket.alpnProtocol, protocol);
        socket.resume();
        await closed;
      }));
  }
});

async function withTlsGateway(use: (origin: string, ca: string) => Promise<void>): Promise<void> {
  const made = makeSelfSigned();
  const running = await startTestGateway({
    env: { OUTCROP_TLS_CERT: made.certFile, OUTCROP_TLS_KEY: made.keyFile, OUTCROP_HEADERS_TIMEOUT_MS: '300' },
  });
  try {
    await use(running.origin, made.certificate);
  } finally {
    await running.close();
    made.remove();
  }
}
