import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Fault } from '../../simulator/index.ts';
import { codec } from '../domain/aws/event-stream/watch.ts';
import { needs } from '../support/needs.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { Boto3Worker } from './boto3-worker.ts';
import { type CutPoint, cutPointsOf } from './cut-points.ts';
import { STREAMING_OPERATIONS, type FaultedOperation } from './operations.ts';
import { curl, http10, jsSdk, nodeHttp, nodeHttp2, type Seen, type StreamClient } from './stream-clients.ts';

const NOTHING = Buffer.alloc(0);
const EXCEPTION = 'modelStreamErrorException';

const pythonSkip = needs('python3 with boto3').skip;
const curlSkip = needs('curl').skip;

let shared: TestGateway;
let python: Boto3Worker | null = null;
let wholeAnswers: ReadonlyMap<string, Buffer>;

before(async () => {
  shared = await startGateway();
  if (pythonSkip === false) python = new Boto3Worker();
  wholeAnswers = new Map(
    await Promise.all(
      STREAMING_OPERATIONS.map(async (operation) => {
        const { clean, error, body } = await nodeHttp(shared.origin, operation);
        assert.ok(clean && body !== null, error);
        return [operation.name, body] as const;
      }),
    ),
  );
});

after(async () => {
  await python?.close();
  await shared.close();
});

/** Bedrock may be silent for so long; clients that are still connecting on a busy machine don't come into it. */
function startGateway(): Promise<TestGateway> {
  return startTestGateway({
    env: { OUTCROP_UPSTREAM_IDLE_TIMEOUT_MS: '200', OUTCROP_INVOKE_HEADERS_TIMEOUT_MS: '3000' },
  });
}

/** Every client that watches a case, by its name. */
function clients(): ReadonlyMap<string, StreamClient> {
  const all = new Map<string, StreamClient>([
    ['node:http', nodeHttp],
    ['node:http2', nodeHttp2],
    ['HTTP/1.0', http10],
    ['the JS SDK', jsSdk],
  ]);
  if (curlSkip === false) {
    all.set('curl', curl('--http1.1'));
    all.set('curl over h2', curl('--http2-prior-knowledge'));
  }
  const worker = python;
  if (worker !== null) all.set('boto3', (origin, { name }) => worker.call(origin, name));
  return all;
}

/** Lets every client meet the same faults at the same time, and says what each of them saw. */
async function seenWith(
  faults: readonly Fault[],
  operation: FaultedOperation,
  { simulator, origin } = shared,
): Promise<ReadonlyMap<string, Seen>> {
  simulator.clearRequests();
  for (const fault of faults) simulator.inject(fault);
  const watching = [...clients()].map(async ([name, client]) => [name, await client(origin, operation)] as const);
  const seen = new Map(await Promise.all(watching));
  simulator.clearFaults();
  assert.equal(simulator.requests().length, seen.size, 'each client sent one request and tried no other');
  return seen;
}

function assertVisiblyCut(seen: ReadonlyMap<string, Seen>, whole: Buffer, { name, bytes, atBoundary }: CutPoint): void {
  for (const [client, { clean, error, body }] of seen) {
    const told = `${client}, cut ${name}: ${error}`;
    assert.equal(clean, false, `${told}: taken for complete`);
    if (client === 'boto3' && atBoundary) assert.equal(error, EXCEPTION, told);
    if (client === 'the JS SDK' && atBoundary) assert.equal(error, 'ModelStreamErrorException', told);
    if (body === null) continue;
    const common = Math.min(bytes, body.length);
    assert.ok(body.subarray(0, common).equals(whole.subarray(0, common)), `${told}: bytes Bedrock never sent`);
    // curl 7 drops data that it reads together with the RST_STREAM after it.
    if (client === 'curl over h2') continue;
    if (atBoundary) assert.equal(exceptionIn(body.subarray(bytes)), EXCEPTION, told);
    else assert.ok(body.length <= bytes, `${told}: more bytes than Bedrock sent`);
  }
}

/** The name of the exception that the one frame of these bytes carries. */
function exceptionIn(bytes: Buffer): string | undefined {
  return bytes.length < 16 ? undefined : String(codec.decode(bytes).headers[':exception-type']?.value);
}

/** With a gateway of its own, so that cases that wait can wait together. */
async function assertCutElsewhere(
  faults: readonly Fault[],
  operation: FaultedOperation,
  point: CutPoint,
): Promise<void> {
  const gateway = await startGateway();
  try {
    assertVisiblyCut(await seenWith(faults, operation, gateway), wholeAnswers.get(operation.name) ?? NOTHING, point);
  } finally {
    await gateway.close();
  }
}

function cutAt(point: CutPoint, ending: 'reset' | 'fin' | 'stall' | 'clean'): Fault {
  const place = point.atBoundary ? { afterFrames: point.frames } : { afterBytes: point.bytes };
  return { kind: 'cut', ending, ...place };
}

for (const operation of STREAMING_OPERATIONS) {
  const wholeAnswer = (): Buffer => wholeAnswers.get(operation.name) ?? NOTHING;
  describe(`a broken ${operation.name} never looks complete`, () => {
    test('the same clients take a whole answer for complete', async () => {
      for (const [client, { clean, error, body }] of await seenWith([], operation)) {
        assert.ok(clean, `${client}: ${error}`);
        if (body !== null) assert.ok(body.equals(wholeAnswer()), client);
      }
    });

    for (const ending of ['reset', 'fin', 'stall'] as const) {
      test(`${ending} before the head is a refusal that nobody retries`, async () => {
        const [status, exception] = ending === 'stall' ? [408, 'ModelTimeoutException'] : [424, 'ModelErrorException'];
        for (const [client, { clean, error }] of await seenWith([{ kind: 'no-answer', ending }], operation)) {
          assert.equal(clean, false, client);
          if (client.startsWith('node')) assert.match(error, new RegExp(`status ${status}`), client);
          if (client === 'boto3' || client === 'the JS SDK') assert.equal(error, exception, client);
        }
      });
    }

    for (const ending of ['reset', 'fin'] as const) {
      test(`${ending} at each of 21 points of a body in chunks`, async () => {
        for (const point of cutPointsOf(wholeAnswer())) {
          assertVisiblyCut(await seenWith([cutAt(point, ending)], operation), wholeAnswer(), point);
        }
      });
    }

    test('a stall at each of 21 points of a body in chunks', async () => {
      const points = cutPointsOf(wholeAnswer());
      await Promise.all(points.map((point) => assertCutElsewhere([cutAt(point, 'stall')], operation, point)));
    });

    test('reset, FIN and stall of a body with a length', async () => {
      const points = cutPointsOf(wholeAnswer()).filter((_, index) => index % 6 === 1 || index === 13);
      const endings = ['reset', 'fin', 'stall'] as const;
      await Promise.all(
        points.flatMap((point) =>
          endings.map((ending) =>
            assertCutElsewhere([{ kind: 'content-length' }, cutAt(point, ending)], operation, point),
          ),
        ),
      );
    });

    test('an end that looks regular, inside a frame', async () => {
      for (const point of cutPointsOf(wholeAnswer()).filter(({ atBoundary }) => !atBoundary)) {
        const cut: Fault = { kind: 'cut', ending: 'clean', afterBytes: point.bytes };
        const faults: Fault[] = point.frames === 1 ? [{ kind: 'content-length' }, cut] : [cut];
        assertVisiblyCut(await seenWith(faults, operation), wholeAnswer(), point);
      }
    });
  });
}

test('an end that looks regular, between frames but before messageStop', async () => {
  const [operation] = STREAMING_OPERATIONS;
  assert.ok(operation?.name === 'ConverseStream');
  const whole = wholeAnswers.get(operation.name) ?? NOTHING;
  const isEarly = ({ atBoundary, bytes }: CutPoint): boolean => atBoundary && bytes < whole.indexOf('messageStop');
  const early = cutPointsOf(whole).filter(isEarly);
  assert.ok(early.length >= 4);
  for (const point of early) {
    assertVisiblyCut(await seenWith([cutAt(point, 'clean')], operation), whole, point);
  }
});
