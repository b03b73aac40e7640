import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { SIMULATOR_CREDENTIALS, startSimulator, type Simulator } from '../../simulator/index.ts';
import { type Run, startOutcrop } from '../commands/run-outcrop.ts';
import { nodeHttp, nodeHttp2 } from '../faults/stream-clients.ts';
import { heard, openSocket, sendRaw } from '../support/raw-http1.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';

const NOTICE_MS = 500;
const DEADLINE_MS = 1000;
const MODEL = '/bedrock/model/amazon.nova-lite-v1%3A0';

let simulator: Simulator;
before(async () => (simulator = await startSimulator()));
after(() => simulator.close());

/** `outcrop start` in a process of its own, as an operator runs it. */
async function startGateway(): Promise<{ run: Run; origin: string }> {
  const run = startOutcrop(['start'], {
    env: {
      ...simulator.environment,
      AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
      AWS_REGION: 'us-east-1',
      OUTCROP_PORT: '0',
      OUTCROP_HOST: '127.0.0.1',
      OUTCROP_MASTER_KEY: MASTER_KEY,
      OUTCROP_SHUTDOWN_NOTICE_MS: String(NOTICE_MS),
      OUTCROP_SHUTDOWN_DEADLINE_MS: String(DEADLINE_MS),
    },
  });
  await run.says('Point Bedrock clients at');
  return { run, origin: /http:\/\/127\.0\.0\.1:\d+/.exec(run.output())?.[0] ?? '' };
}

/** A stream of so many frames, one each 50 ms. */
function streamOf(chunks: number) {
  const simulated = { chunks, intervalMs: 50 };
  const body = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }], simulator: simulated });
  return { name: 'ConverseStream', path: `${MODEL}/converse-stream`, body } as const;
}

async function running(requests: number): Promise<void> {
  await simulator.until(() => simulator.requests().filter(({ ended }) => ended === 'running').length === requests);
}

async function acceptsConnections(origin: string): Promise<boolean> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  const [outcome] = await Promise.race([
    once(socket, 'connect').then(() => [true] as const),
    new Promise<readonly [boolean]>((resolve) => socket.once('error', () => resolve([false]))),
  ]);
  socket.destroy();
  return outcome;
}

async function noMoreConnections(origin: string): Promise<void> {
  while (await acceptsConnections(origin));
}

describe('SIGTERM', () => {
  test('readiness says no at once, running answers end whole, late ones break, exit code 0', async () => {
    simulator.clearRequests();
    const { run, origin } = await startGateway();
    const idle = await openSocket(origin);
    const idleClosed = heard(idle);
    // 16 frames take 800 ms: past the notice, within the deadline after it. 1,000 would take 50 s.
    const whole = [nodeHttp(origin, streamOf(16)), nodeHttp2(origin, streamOf(16))];
    const late = [nodeHttp(origin, streamOf(1000)), nodeHttp2(origin, streamOf(1000))];
    await running(4);

    run.child.kill('SIGTERM');
    await run.says('SIGTERM: finishing 4 running requests');
    const readiness = await sendRaw(origin, 'GET /health/readiness HTTP/1.1\r\nHost: g\r\n\r\n');
    assert.equal(readiness.status, 503);
    assert.ok(readiness.closed);
    const liveness = await sendRaw(origin, 'GET /health/liveliness HTTP/1.1\r\nHost: g\r\n\r\n');
    assert.equal(liveness.status, 200);

    // Load balancers have not noticed yet: what they still send is served, and told to go elsewhere next time.
    const body = '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}';
    const served = await sendRaw(
      origin,
      `POST ${MODEL}/converse HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${MASTER_KEY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(served.status, 200);
    assert.match(served.text, /connection: close/i);

    await noMoreConnections(origin);
    for (const { clean, error } of await Promise.all(whole)) assert.ok(clean, error);
    for (const { clean, error, body: received } of await Promise.all(late)) {
      assert.equal(clean, false, error);
      assert.match(String(received), /modelStreamErrorException/);
    }
    assert.ok((await idleClosed).closed);
    assert.equal(await run.ended, 0, run.errors());
  });

  test('nobody there: it ends after the notice', async () => {
    const { run } = await startGateway();
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0);
    assert.match(run.output(), /SIGTERM: finishing 0 running requests/);
  });

  test('a second signal ends it at once, and the answer that was running is seen as broken', async () => {
    simulator.clearRequests();
    const { run, origin } = await startGateway();
    const answer = nodeHttp(origin, streamOf(1000));
    await running(1);
    run.child.kill('SIGTERM');
    await run.says('SIGTERM');
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 1);
    assert.equal((await answer).clean, false);
  });
});

describe('Ctrl-C', () => {
  test('no connection is accepted from then on, the running answer ends whole, exit code 0', async () => {
    simulator.clearRequests();
    const { run, origin } = await startGateway();
    const answer = nodeHttp(origin, streamOf(12));
    await running(1);
    run.child.kill('SIGINT');
    await run.says('SIGINT: finishing 1 running requests');
    await noMoreConnections(origin);
    const { clean, error } = await answer;
    assert.ok(clean, error);
    assert.equal(await run.ended, 0);
  });
});
