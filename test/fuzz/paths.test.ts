import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../../src/domain/errors.ts';
import { routeRequest, type Route } from '../../src/domain/operations/route.ts';
import { OPERATIONS } from '../../src/domain/operations/table.ts';
import { parseRequestTarget } from '../../src/domain/request-target.ts';
import { examplePath, SPELLINGS } from '../domain/operations/example-requests.ts';
import { sendRaw } from '../support/raw-http1.ts';
import { endingOf, FLAG, openRawHttp2 } from '../support/raw-http2.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { RUNS } from './probe.ts';

const SEED = 20_261_124;

/** Visible ASCII only: what would end a request line is for the tests that damage bytes. */
const PIECES = [
  '/',
  '//',
  '.',
  '..',
  '%2e',
  '%2F',
  '%5C',
  '%25',
  '%00',
  '%c0%af',
  '%',
  ';',
  '#',
  '?',
  '\\',
  ':',
  '@',
  '*',
];

let running: TestGateway;
before(async () => (running = await startTestGateway({ simulator: { unknownHeaders: 'ignore' } })));
after(() => running.close());

interface Sent {
  readonly method: string;
  readonly raw: string;
}

const modelled: fc.Arbitrary<Sent> = fc
  .tuple(fc.constantFrom('/bedrock', '/bedrock/-/bedrock-runtime/us-west-2'), fc.constantFrom(...OPERATIONS))
  .chain(([mount, operation]) =>
    fc
      .tuple(fc.constantFrom(...SPELLINGS), fc.constantFrom('', '?a=b', '?z=%20&a=1&a=0', '?flag'))
      .map(([spelling, query]) => ({
        method: operation.method,
        raw: mount + examplePath(operation, spelling) + query,
      })),
  );
const mutated: fc.Arbitrary<Sent> = fc
  .tuple(modelled, fc.nat(), fc.nat(3), fc.constantFrom(...PIECES))
  .map(([{ method, raw }, at, removed, piece]) => {
    const index = 1 + (at % raw.length);
    return { method, raw: raw.slice(0, index) + piece + raw.slice(index + removed) };
  });
const requests = fc.oneof(modelled, { arbitrary: mutated, weight: 2 });

async function overHttp1({ method, raw }: Sent): Promise<void> {
  const lines = [
    `${method} ${raw} HTTP/1.1`,
    'Host: g',
    `x-api-key: ${MASTER_KEY}`,
    'Connection: close',
    'Content-Length: 2',
  ];
  await sendRaw(running.origin, `${lines.join('\r\n')}\r\n\r\n{}`, (text) => text.includes('\r\n\r\n'));
}

async function overHttp2({ method, raw }: Sent): Promise<void> {
  const connection = await openRawHttp2(running.origin);
  const pseudo = { ':method': method, ':scheme': 'http', ':path': raw, ':authority': 'g' };
  connection.headers(1, [...Object.entries(pseudo), ['x-api-key', MASTER_KEY]], 0);
  connection.send({ type: 0, flags: FLAG.endStream, streamId: 1, payload: Buffer.from('{}') });
  await connection.until((frames) => endingOf(frames, 1) !== undefined);
  connection.socket.destroy();
}

/** What was authorised: the route that every later step works from; null for what is refused by its path alone. */
function authorised({ method, raw }: Sent): Route | null {
  try {
    return routeRequest({ method, target: parseRequestTarget(raw), amzTarget: undefined });
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return null;
  }
}

void describe('the path that was authorised is the one that was signed and the one that Bedrock parses', () => {
  for (const [name, send] of [
    ['HTTP/1', overHttp1],
    ['HTTP/2', overHttp2],
  ] as const) {
    void test(`${Math.ceil(RUNS / 4)} targets over ${name}`, async () => {
      let passed = 0;
      await fc.assert(
        fc.asyncProperty(requests, async (sent) => {
          const { simulator } = running;
          simulator.clearRequests();
          await send(sent);
          const route = authorised(sent);
          const [seen, ...others] = running.forwarded();
          assert.equal(others.length, 0);
          if (seen === undefined) return;
          assert.ok(route !== null, `${sent.raw} was refused and came through`);
          passed += 1;
          assert.equal(seen.rawPath, route.upstreamPath);
          assert.equal(seen.rawQuery, route.query);
          assert.equal(seen.method, sent.method);
          // The simulator looks for an operation first, and then at the signature over the path as it arrived.
          if (seen.operation !== undefined) assert.equal(seen.signature, 'valid', seen.refusal);
        }),
        { numRuns: Math.ceil(RUNS / 4), seed: SEED },
      );
      assert.ok(passed > RUNS / 20, `only ${passed} came through`);
    });
  }
});
