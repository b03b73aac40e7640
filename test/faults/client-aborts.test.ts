import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { openSocket } from '../support/raw-http1.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import { type Abort, abortOne, PLACES, streamBody } from './aborting-client.ts';
import { MODEL_ID } from './operations.ts';

const SEED = 20_261_122;
const AT_ONCE = 25;
const PACING = { delayMs: 5, intervalMs: 2, chunks: 8 };
const NOTHING_HELD = { bodyBytes: 0, requestSlots: 0, drains: 0 };
const STREAM_PATH = `/bedrock/model/${encodeURIComponent(MODEL_ID)}/converse-stream`;

/** The same clients in every run. */
function randomAborts(count: number): readonly Abort[] {
  const random = seededRandom(SEED);
  return Array.from({ length: count }, () => {
    const protocol = random(2) === 0 ? 'HTTP/1' : 'HTTP/2';
    const ways = protocol === 'HTTP/1' ? (['fin', 'rst'] as const) : (['fin', 'rst', 'stream'] as const);
    return {
      protocol,
      place: PLACES[random(PLACES.length)] ?? 'waiting',
      how: ways[random(ways.length)] ?? 'fin',
      fraction: random(1000) / 1000,
    };
  });
}

async function abortAll({ origin }: TestGateway, aborts: readonly Abort[]): Promise<void> {
  const queue = [...aborts];
  const client = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await abortOne(origin, next, PACING);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

/** Waits until the gateway has let go of everything; what it never lets go of makes the test time out. */
async function atRest({ gateway, simulator }: TestGateway): Promise<void> {
  await until(() => gateway.running() === 0 && gateway.connections() === 0);
  await simulator.until(() => simulator.requests().every(({ ended }) => ended !== 'running'));
  assert.deepEqual(gateway.held(), NOTHING_HELD);
}

function resources(): readonly string[] {
  return process.getActiveResourcesInfo().sort();
}

for (const mode of ['drain', 'cancel'] as const) {
  test(`500 clients that leave at random points leave nothing behind (${mode})`, { timeout: 30_000 }, async () => {
    const before = resources();
    const running = await startTestGateway({ env: { OUTCROP_ON_CLIENT_ABORT: mode } });
    const aborts = randomAborts(500);
    await abortAll(running, aborts);
    await atRest(running);

    const { simulator, logged } = running;
    const wholeRequests = aborts.filter(({ place }) => place !== 'before the body' && place !== 'in the body').length;
    assert.ok(simulator.requests().length <= wholeRequests, 'a request whose body never came whole was not sent on');
    if (mode === 'drain') {
      const endings = new Set(simulator.requests().map(({ ended }) => ended));
      assert.deepEqual([...endings], ['completed'], 'every answer was read to its end');
    } else {
      assert.ok(simulator.requests().some(({ ended }) => ended === 'client-gone'));
    }
    const closed = logged.filter(({ facts }) => 'outcome' in facts);
    const outcomes = new Set(closed.map(({ facts }) => facts['outcome']));
    assert.deepEqual(outcomes, new Set(['abandoned', 'completed']));
    assert.equal(
      new Set(closed.map(({ facts }) => facts['requestId'])).size,
      closed.length,
      'each call is closed once',
    );

    await running.close();
    await until(() => simulator.openSockets() === 0);
    await until(() => resources().length <= before.length);
    assert.deepEqual(resources(), before);
  });
}

test('a client that leaves while the last bytes of its answer wait for it leaves nothing behind', async () => {
  const running = await startTestGateway();
  const { gateway, simulator, origin } = running;
  try {
    const socket = await openSocket(origin);
    socket.pause();
    // Small enough to be taken from Bedrock whole, too large for the sockets in between.
    socket.write(
      request(
        streamBody({ delayMs: 0, intervalMs: 0, chunks: 400 }).replace(
          '"chunks":400',
          '"chunks":400,"textBytes":20000',
        ),
      ),
    );
    await simulator.until(() => simulator.requests().some(({ responseBytes }) => responseBytes > 1_000_000));
    socket.destroy();
    await atRest(running);
    assert.ok(gateway.running() === 0);
  } finally {
    await running.close();
  }
});

function request(body: string): string {
  return (
    `POST ${STREAM_PATH} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${MASTER_KEY}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** Clients that have got the head of a stream without end. */
async function streaming({ origin }: TestGateway, count: number) {
  const body = streamBody({ delayMs: 0, intervalMs: 20, chunks: 100_000 });
  const sockets = await Promise.all(Array.from({ length: count }, () => openSocket(origin)));
  await Promise.all(
    sockets.map(async (socket) => {
      const begun = new Promise((resolve) => socket.once('data', resolve));
      socket.write(request(body));
      await begun;
    }),
  );
  return sockets;
}

test('cancel closes the connection to Bedrock at once', async () => {
  const running = await startTestGateway({ env: { OUTCROP_ON_CLIENT_ABORT: 'cancel' } });
  const { simulator } = running;
  try {
    for (const socket of await streaming(running, 3)) socket.destroy();
    await simulator.until(() => simulator.requests().every(({ ended }) => ended === 'client-gone'));
    await simulator.until(() => simulator.openSockets() === 0);
    await atRest(running);
  } finally {
    await running.close();
  }
});

test('drains over their bound are cancelled, and a drain ends with its time', async () => {
  const running = await startTestGateway({ env: { OUTCROP_DRAINS_MAX: '2', OUTCROP_DRAIN_SECONDS_MAX: '1' } });
  const { simulator, gateway } = running;
  const goneCount = (): number => simulator.requests().filter(({ ended }) => ended === 'client-gone').length;
  try {
    const sockets = await streaming(running, 5);
    for (const socket of sockets) socket.destroy();
    await simulator.until(() => goneCount() === 3);
    assert.deepEqual(gateway.held(), { bodyBytes: 0, requestSlots: 2, drains: 2 });
    assert.equal(gateway.running(), 2);
    await simulator.until(() => goneCount() === 5);
    await atRest(running);
  } finally {
    await running.close();
  }
});
