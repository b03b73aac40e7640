import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { SIMULATOR_CREDENTIALS } from '../../simulator/index.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import { issueKey } from '../support/virtual-keys.ts';
import { ask, converse } from './ask.ts';

/** Each has room for one call of `CALL`, and for no second one while the first is running. */
const LIMITS = {
  'requests a day': { limits: [{ kind: 'requests', max: 1, window: '1d' }] },
  'requests a minute': { rpm_limit: 1 },
  'calls at once': { max_parallel_requests: 1 },
  tokens: { limits: [{ kind: 'totalTokens', max: 3000, window: '1d' }] },
  'input tokens in any minute': { limits: [{ kind: 'inputTokens', max: 3000, window: 'rolling:60s' }] },
  dollars: { max_budget: 0.001 },
};

/** Some 2,300 input tokens at most, by the bytes of its body and what a provider may add, and 100 output tokens: $0.0007. */
const CALL = converse({ maxTokens: 100, usage: { inputTokens: 7, outputTokens: 5 } });

interface KeyUnder {
  readonly limit: string;
  readonly bearer: string;
}

const opened: TestGateway[] = [];
after(() => Promise.all(opened.map((running) => running.close())));

async function open(options: TestGatewayOptions): Promise<{ running: TestGateway; keys: readonly KeyUnder[] }> {
  const running = await startTestGateway(options);
  opened.push(running);
  const keys: KeyUnder[] = [];
  for (const [limit, facts] of Object.entries(LIMITS)) {
    keys.push({ limit, bearer: (await issueKey(running.origin, facts)).bearer });
  }
  return { running, keys };
}

/** What was taken is there again: a call is let through, though it needs all that there ever was. */
async function assertGivenBack({ running, keys }: Awaited<ReturnType<typeof open>>): Promise<void> {
  assert.equal(running.simulator.requests().length, 0, 'Bedrock has got nothing so far');
  for (const { limit, bearer } of keys) {
    const { status, text } = await ask(running.origin, bearer, CALL);
    assert.equal(status, 200, `${limit}: ${text}`);
  }
}

/** Credentials of AWS that are there when the test says so, and from then on. */
function awaitedCredentials() {
  const { promise, resolve, reject } = Promise.withResolvers<typeof SIMULATOR_CREDENTIALS>();
  let isOver = false;
  return {
    load: () => (isOver ? Promise.resolve(SIMULATOR_CREDENTIALS) : promise),
    arrive: () => {
      isOver = true;
      resolve(SIMULATOR_CREDENTIALS);
    },
    fail: () => {
      isOver = true;
      reject(new Error('Nobody is at home.'));
    },
  };
}

/** Whoever comes second while a call waits is refused: so much for what a limit holds. */
async function assertHeld({ running, keys }: Awaited<ReturnType<typeof open>>): Promise<void> {
  for (const { limit, bearer } of keys) {
    const { status } = await ask(running.origin, bearer, CALL);
    assert.equal(status, limit === 'dollars' || /day|tokens$/.test(limit) ? 400 : 429, limit);
  }
}

/** A port that leads to Bedrock, where nobody answers until it is opened. */
async function closedDoor(): Promise<{ port: number; open: (origin: string) => Promise<Server> }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  const { port } = address;
  probe.close();
  await once(probe, 'close');
  return {
    port,
    open: async (origin) => {
      const { hostname, port: behind } = new URL(origin);
      const door = createServer((socket) => {
        const further = connect(Number(behind), hostname);
        socket.on('error', () => further.destroy()).pipe(further);
        further.on('error', () => socket.destroy()).pipe(socket);
      }).listen(port, '127.0.0.1');
      await once(door, 'listening');
      return door;
    },
  };
}

describe('what a call took of its limits is there again when Bedrock never got it', () => {
  test('since its connection was refused', async (context) => {
    const door = await closedDoor();
    const opening = await open({ env: { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: `http://127.0.0.1:${door.port}` } });
    for (const { bearer, limit } of opening.keys) {
      const { status, message } = await ask(opening.running.origin, bearer, CALL);
      assert.equal(status, 503, limit);
      assert.match(message, /nothing was sent/);
    }
    const server = await door.open(opening.running.simulator.origins['bedrock-runtime']);
    context.after(() => server.close());
    await assertGivenBack(opening);
  });

  test('since the gateway has no credentials', async () => {
    const credentials = awaitedCredentials();
    let skippedMs = 0;
    const clock = { nowMs: () => Date.now(), elapsedMs: () => performance.now() + skippedMs };
    const opening = await open({ loadCredentials: credentials.load, clock });
    const waiting = opening.keys.map(({ bearer }) => ask(opening.running.origin, bearer, CALL));
    await until(() => opening.running.gateway.running() === waiting.length);
    await assertHeld(opening);
    credentials.fail();
    for (const { status, errorType } of await Promise.all(waiting)) assert.equal(status, 503, errorType);
    // They are asked for again a while after a failure.
    skippedMs = 60_000;
    await assertGivenBack(opening);
  });

  test('since the client left before it was sent', async (context) => {
    const credentials = awaitedCredentials();
    const opening = await open({ loadCredentials: credentials.load });
    const { running, keys } = opening;
    const agent = new Agent();
    context.after(() => agent.destroy());
    const clients = keys.map(({ bearer }) => {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
      const client = request(running.origin + CALL.path, { method: CALL.method, agent, headers });
      client.on('error', () => undefined).end(CALL.body);
      return client;
    });
    await until(() => running.gateway.running() === clients.length);
    await assertHeld(opening);
    const connections = running.gateway.connections();
    for (const client of clients) client.destroy();
    await until(() => running.gateway.connections() <= connections - clients.length);
    credentials.arrive();
    await until(() => running.gateway.running() === 0);
    await assertGivenBack(opening);
  });
});
