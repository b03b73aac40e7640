import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import type { Fault } from '../../simulator/index.ts';
import { needs } from '../support/needs.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { Boto3Worker } from './boto3-worker.ts';
import { CONVERSE, CONVERSE_INPUT, MODEL_ID } from './operations.ts';
import { curl, nodeHttp, nodeHttp2, type Seen } from './stream-clients.ts';

const pythonSkip = needs('python3 with boto3').skip;
const curlSkip = needs('curl').skip;

let running: TestGateway;
let python: Boto3Worker | null = null;

before(async () => {
  running = await startTestGateway({
    env: { OUTCROP_UPSTREAM_IDLE_TIMEOUT_MS: '200', OUTCROP_INVOKE_HEADERS_TIMEOUT_MS: '500' },
  });
  if (pythonSkip === false) python = new Boto3Worker();
});

after(async () => {
  await python?.close();
  await running.close();
});

/** Converse by every client at once. @param retriesMax of boto3; the JavaScript SDK keeps its default of two. */
async function converseWith(origin: string, retriesMax?: number): Promise<ReadonlyMap<string, Seen>> {
  const operation = { name: 'ConverseStream', ...CONVERSE } as const;
  const calls: [string, Promise<Seen>][] = [
    ['node:http', nodeHttp(origin, operation)],
    ['node:http2', nodeHttp2(origin, operation)],
    ['the JS SDK', jsConverse(origin, retriesMax)],
  ];
  if (curlSkip === false) calls.push(['curl', curl('--http1.1')(origin, operation)]);
  if (python !== null) calls.push(['boto3', python.call(origin, 'Converse', retriesMax)]);
  return new Map(await Promise.all(calls.map(async ([name, call]) => [name, await call] as const)));
}

async function jsConverse(origin: string, retriesMax?: number): Promise<Seen> {
  const client = new BedrockRuntimeClient({
    endpoint: `${origin}/bedrock`,
    region: 'us-east-1',
    token: { token: MASTER_KEY },
    authSchemePreference: ['httpBearerAuth'],
    ...(retriesMax === undefined ? {} : { maxAttempts: retriesMax + 1 }),
  });
  try {
    await client.send(new ConverseCommand({ modelId: MODEL_ID, ...CONVERSE_INPUT }));
    return { clean: true, error: '', body: null };
  } catch (error) {
    return { clean: false, error: error instanceof Error ? error.name : String(error), body: null };
  } finally {
    client.destroy();
  }
}

function assertRefused(seen: ReadonlyMap<string, Seen>, status: number, exception: string): void {
  for (const [client, { clean, error, body }] of seen) {
    assert.equal(clean, false, client);
    if (client.startsWith('node')) {
      assert.match(error, new RegExp(`status ${status}`), client);
      assert.match(String(body), new RegExp(`"__type":"${exception}"`), client);
    } else if (client !== 'curl') assert.equal(error, exception, client);
  }
}

describe('what goes wrong before Bedrock answers is raised as its exception, and billed once', () => {
  const ROWS: readonly { name: string; fault: Fault; status: number; exception: string }[] = [
    { name: 'reset', fault: { kind: 'no-answer', ending: 'reset' }, status: 424, exception: 'ModelErrorException' },
    { name: 'FIN', fault: { kind: 'no-answer', ending: 'fin' }, status: 424, exception: 'ModelErrorException' },
    { name: 'silence', fault: { kind: 'no-answer', ending: 'stall' }, status: 408, exception: 'ModelTimeoutException' },
  ];
  for (const { name, fault, status, exception } of ROWS) {
    test(`${name} → ${status} ${exception}, tried once by each client`, async () => {
      const { simulator } = running;
      simulator.clearRequests();
      const armed = simulator.inject(fault);
      const seen = await converseWith(running.origin);
      armed.clear();
      assertRefused(seen, status, exception);
      assert.equal(simulator.requests().length, seen.size);
    });
  }

  test('no connection → 503 ServiceUnavailableException with Retry-After', async () => {
    const origin = await unreachableOrigin();
    const gateway = await startTestGateway({ env: { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: origin } });
    try {
      assertRefused(await converseWith(gateway.origin, 0), 503, 'ServiceUnavailableException');
      const headers = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };
      const response = await fetch(gateway.origin + CONVERSE.path, { method: 'POST', headers, body: CONVERSE.body });
      assert.equal(response.headers.get('retry-after'), '1');
      assert.doesNotMatch(await response.text(), /127\.0\.0\.1|ECONNREFUSED/, 'where Bedrock is is nobody’s business');
    } finally {
      await gateway.close();
    }
  });
});

describe('a short answer that is cut is raised as an exception too, and billed once', () => {
  const ROWS = [
    { ending: 'reset', status: 424, exception: 'ModelErrorException' },
    { ending: 'fin', status: 424, exception: 'ModelErrorException' },
    { ending: 'stall', status: 408, exception: 'ModelTimeoutException' },
  ] as const;
  for (const { ending, status, exception } of ROWS) {
    test(`${ending} after some bytes of the body → ${status} ${exception}`, async () => {
      const { simulator } = running;
      for (const afterBytes of [0, 1, 100]) {
        simulator.clearRequests();
        const armed = simulator.inject({ kind: 'cut', ending, afterBytes });
        const seen = await converseWith(running.origin);
        armed.clear();
        assertRefused(seen, status, exception);
        assert.equal(simulator.requests().length, seen.size, `after ${afterBytes} bytes`);
      }
    });
  }
});

/** An origin on which nobody listens any more. */
async function unreachableOrigin(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address: AddressInfo | string | null = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}
