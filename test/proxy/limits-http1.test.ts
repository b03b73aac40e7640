import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openSocket, heard, sendRaw, statusesIn } from '../support/raw-http1.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import { BODY, KEY, LENGTH, PATH, post, REFUSED, request, SERVED, TYPE } from './http1-rows.ts';

const MIB = 1024 * 1024;

let running: TestGateway;
before(async () => (running = await startTestGateway()));
after(() => running.close());

async function assertServes({ origin }: TestGateway): Promise<void> {
  const headers = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };
  const response = await fetch(origin + PATH, { method: 'POST', headers, body: BODY });
  assert.equal(response.status, 200, await response.text());
}

describe('HTTP/1: what is refused never reaches Bedrock, and nobody else is hurt', () => {
  for (const { name, sent, status } of REFUSED) {
    test(`${name} → ${status}`, async () => {
      running.simulator.clearRequests();
      const { text, closed } = await sendRaw(
        running.origin,
        closing(sent),
        (sofar) => isWhole(sofar) && status === 413,
      );
      assert.deepEqual(statusesIn(text), [status], 'one request has one answer');
      // The rest of a body that is too large is taken in for a while, so that its sender reads the answer.
      assert.ok(closed || (status === 413 && /connection: close/i.test(text)), 'what follows is not believed');
      assert.equal(running.simulator.requests().length, 0);
      await assertServes(running);
    });
  }
});

/** Errors about framing close the connection by themselves; the others are asked to. */
function closing(sent: string): string {
  return /^(TRACE|POST \/\/|.*Expect: the)/s.test(sent) ? sent.replace('\r\n', '\r\nConnection: close\r\n') : sent;
}

/** Whether a refusal, whose body is one JSON object, has arrived to its end. */
function isWhole(text: string): boolean {
  return text.includes('\r\n\r\n{') && text.endsWith('}}');
}

describe('HTTP/1: what is odd but harmless is served, and nothing of it travels', () => {
  for (const { name, sent } of SERVED) {
    test(name, async () => {
      running.simulator.clearRequests();
      const { text } = await sendRaw(running.origin, sent, (heardText) => heardText.includes('"totalTokens"'));
      assert.deepEqual(statusesIn(text), [200], text);
      const [seen, ...others] = running.simulator.requests();
      assert.ok(seen?.signature === 'valid' && others.length === 0);
      assert.equal(seen.body.toString(), BODY);
      const names = seen.rawHeaders.map(([header]) => header.toLowerCase());
      for (const odd of [
        'x-forwarded-host',
        'x-original-url',
        'x-http-method-override',
        'forwarded',
        'upgrade',
        'x-api-key',
      ]) {
        assert.ok(!names.includes(odd), odd);
      }
    });
  }
});

describe('HTTP/1: bodies', () => {
  test('who waits for 100 Continue and is refused never hears it', async () => {
    const refused = post([`Content-Length: ${200 * MIB}`, 'Expect: 100-continue'], '');
    const { text } = await sendRaw(running.origin, refused, isWhole);
    assert.doesNotMatch(text, / 100 /);
    assert.match(text, /x-amzn-errortype: ValidationException/i);
  });

  test('who waits for 100 Continue and is welcome hears it before the answer', async () => {
    const socket = await openSocket(running.origin);
    socket.write(post([LENGTH, 'Expect: 100-continue'], ''));
    socket.once('data', () => socket.write(BODY));
    const { text } = await heard(socket, (sofar) => sofar.includes('"totalTokens"'));
    assert.deepEqual(statusesIn(text), [100, 200]);
  });

  test('a chunked body is refused as soon as it is over the bound', async () => {
    const chunk = `${MIB.toString(16)}\r\n${'a'.repeat(MIB)}\r\n`;
    running.simulator.clearRequests();
    // Rerank has the default bound of 32 MiB.
    const head = request('POST /bedrock/rerank HTTP/1.1', ['Host: g', KEY, TYPE, 'Transfer-Encoding: chunked'], '');
    const { status } = await sendRaw(running.origin, [head, ...Array.from({ length: 34 }, () => chunk)], isWhole);
    assert.equal(status, 413);
    assert.equal(running.simulator.requests().length, 0);
    await assertServes(running);
  });

  test('bodies in flight are bounded together: 503 with Retry-After, then room again', async () => {
    const small = await startTestGateway({ env: { OUTCROP_BODY_BYTES_IN_FLIGHT_MAX: String(MIB) } });
    try {
      const holder = await openSocket(small.origin);
      holder.write(post([`Content-Length: ${MIB - 1000}`], 'a'));
      await until(() => small.gateway.running() === 1);

      for (const sent of [
        post([`Content-Length: 2000`], 'a'.repeat(2000)),
        post(['Transfer-Encoding: chunked'], `7d0\r\n${'a'.repeat(2000)}\r\n0\r\n\r\n`),
      ]) {
        const { status, text } = await sendRaw(small.origin, sent.replace(TYPE, `${TYPE}\r\nConnection: close`));
        assert.equal(status, 503);
        assert.match(text, /retry-after: 1/i);
        assert.match(text, /ServiceUnavailableException/);
      }
      await assertServes(small);
      assert.equal(small.simulator.requests().length, 1);

      holder.destroy();
      await until(() => small.gateway.running() === 0);
      const { status } = await sendRaw(
        small.origin,
        post([`Content-Length: 2000`, 'Connection: close'], 'a'.repeat(2000)),
      );
      assert.notEqual(status, 503);
    } finally {
      await small.close();
    }
  });
});

describe('HTTP/1: several requests on one connection', () => {
  const good = post([LENGTH]);
  test('pipelined requests are answered in their order', async () => {
    const { simulator, origin } = running;
    const handle = simulator.inject({ kind: 'delay', delayMs: 100, nth: 1 });
    const missing = request('GET /bedrock/nowhere HTTP/1.1', ['Host: g', KEY], '');
    const { text } = await sendRaw(origin, good + missing + post([LENGTH, 'Connection: close']));
    assert.equal(handle.hits(), 1);
    handle.clear();
    assert.deepEqual(statusesIn(text), [200, 404, 200]);
  });

  for (const [name, bad] of [
    ['a request that is no HTTP', 'this is no HTTP\r\n\r\n'],
    ['two lengths', post([LENGTH, 'Content-Length: 1'])],
    ['a head over 16 KiB', post([LENGTH, `x-long: ${'a'.repeat(17 * 1024)}`])],
    ['two hosts', post([LENGTH, 'Host: b'])],
    ['a chunk size that is none', post(['Transfer-Encoding: chunked'], `g\r\n${BODY}\r\n0\r\n\r\n`)],
  ] as const) {
    test(`after a request that still waits for its answer: ${name}`, async () => {
      const { simulator, origin } = running;
      const handle = simulator.inject({ kind: 'delay', delayMs: 100, nth: 1 });
      const { text, closed } = await sendRaw(origin, good + bad);
      handle.clear();
      assert.ok(closed);
      // The error's answer must never be taken for that of the request before it.
      assert.ok([undefined, 200].includes(statusesIn(text)[0]), text);
      await assertServes(running);
    });
  }

  test('CONNECT is no way out', async () => {
    running.simulator.clearRequests();
    const { status, closed } = await sendRaw(
      running.origin,
      `CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: g\r\n${KEY}\r\n\r\n`,
    );
    assert.ok(closed && status !== 200);
    assert.equal(running.simulator.requests().length, 0);
  });
});

test('connections over the cap are closed at once, and there is room when others have left', async () => {
  const small = await startTestGateway({ env: { OUTCROP_CONNECTIONS_MAX: '3' } });
  try {
    const holders = await Promise.all([1, 2, 3].map(() => openSocket(small.origin)));
    await until(() => small.gateway.connections() === 3);
    const { text, closed } = await sendRaw(small.origin, post([LENGTH]));
    assert.ok(closed && text === '');
    for (const holder of holders) holder.destroy();
    await until(() => small.gateway.connections() === 0);
    await assertServes(small);
  } finally {
    await small.close();
  }
});

test('requests at Bedrock are bounded together: one more is 503, and is served when there is room', async () => {
  const small = await startTestGateway({
    env: { OUTCROP_REQUESTS_IN_FLIGHT_MAX: '2', OUTCROP_ON_CLIENT_ABORT: 'cancel' },
  });
  try {
    small.simulator.inject({ kind: 'no-answer', ending: 'stall' });
    const waiting = await Promise.all([1, 2].map(() => openSocket(small.origin)));
    for (const socket of waiting) socket.write(post([LENGTH]));
    await small.simulator.until(() => small.simulator.requests().length === 2);
    const { status, text } = await sendRaw(small.origin, post([LENGTH, 'Connection: close']));
    assert.equal(status, 503);
    assert.match(text, /retry-after: 1/i);
    assert.equal(small.simulator.requests().length, 2);
    small.simulator.clearFaults();
    for (const socket of waiting) socket.destroy();
  } finally {
    await small.close();
  }
});

test('bytes that Bedrock sends unasked on an idle connection reach nobody', async () => {
  const fresh = await startTestGateway();
  const { simulator } = fresh;
  try {
    for (const bytes of [undefined, 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"half"', 'garbage']) {
      const said = bytes === undefined ? {} : { bytes };
      const fault = simulator.inject({ kind: 'unsolicited', afterMs: 0, nth: 1, ...said });
      await assertServes(fresh);
      fault.clear();
      // The gateway drops a connection that speaks out of turn.
      await simulator.until(() => simulator.openSockets() === 0);
      await assertServes(fresh);
    }
  } finally {
    await fresh.close();
  }
});
