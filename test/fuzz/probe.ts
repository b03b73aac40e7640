import assert from 'node:assert/strict';
import type { SimulatorRequest } from '../../simulator/index.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { openSocket } from '../support/raw-http1.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import type { CorpusEntry } from './corpus.ts';
import { mutate } from './mutator.ts';

/** How many connections are tried; the environment may ask for a long run. */
export const RUNS = Number(process.env['OUTCROP_FUZZ_RUNS'] ?? '4000');

const AT_ONCE = 16;
/** An answer mostly comes in a few; what will not be answered is left to the gateway to notice. */
const PATIENCE_MS = 20;

/**
 * Throws the corpus and its mutants at a gateway, connection by connection, and judges at the end.
 * @param keep bytes at the start of an entry that are left as they are.
 */
export async function probe(corpus: readonly CorpusEntry[], seed: number, keep: number): Promise<void> {
  const running = await startTestGateway({
    env: { OUTCROP_ON_CLIENT_ABORT: 'cancel', OUTCROP_BODY_TIMEOUT_MS: '2000', OUTCROP_HEADERS_TIMEOUT_MS: '2000' },
    simulator: { recordsMax: 1_000_000 },
  });
  try {
    for (const { bytes } of corpus) await throwAt(running.origin, [bytes]);
    await throwMutants(running, corpus, seed, keep);
    await until(() => running.gateway.running() === 0 && running.gateway.connections() === 0);
    judge(running);
    await assertServes(running);
  } finally {
    await running.close();
  }
}

async function throwMutants({ origin }: TestGateway, corpus: readonly CorpusEntry[], seed: number, keep: number) {
  const random = seededRandom(seed);
  const all = corpus.map(({ bytes }) => bytes);
  const mutants = Array.from({ length: RUNS }, () => {
    const mutant = mutate(random, all[random(all.length)] ?? Buffer.alloc(0), keep, all);
    const cut = random(mutant.length + 1);
    return random(2) === 0 ? [mutant] : [mutant.subarray(0, cut), mutant.subarray(cut)];
  });
  const thrower = async (): Promise<void> => {
    for (let next = mutants.pop(); next !== undefined; next = mutants.pop()) await throwAt(origin, next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, thrower));
}

/** Sends the pieces one by one and leaves as soon as something came back, or nothing did for a while. */
async function throwAt(origin: string, pieces: readonly Buffer[]): Promise<void> {
  const socket = await openSocket(origin);
  const answered = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    socket.once('data', () => {
      clearTimeout(timer);
      // One turn more, for what follows the first bytes.
      setImmediate(resolve);
    });
    socket.once('close', resolve);
  });
  for (const piece of pieces) {
    if (socket.writable) await new Promise((resolve) => socket.write(piece, resolve));
  }
  await answered;
  socket.destroy();
}

/** Every request that Bedrock saw is one that the gateway let pass, was signed for just that path, and is the same operation to both. */
function judge({ simulator, logged }: TestGateway): void {
  const calls = new Map(
    logged
      .filter(({ facts }) => typeof facts['outcome'] === 'string')
      .map(({ facts }) => [facts['awsRequestId'], facts] as const),
  );
  const arrived = simulator.requests();
  const callCount = logged.filter(({ facts }) => typeof facts['outcome'] === 'string').length;
  assert.ok(arrived.length <= callCount, `${arrived.length} requests at Bedrock from ${callCount} at the gateway`);
  assert.ok(arrived.length > RUNS / 100, `only ${arrived.length} requests came through`);

  for (const request of arrived) {
    // A client that left took its request along before it was looked at.
    if (request.status === undefined) continue;
    const facts = calls.get(request.requestId);
    // Its answer may have been cancelled before its head was read.
    if (facts === undefined) continue;
    const { operation, path } = asSeen(request);
    if (request.operation === undefined) assert.ok(isUnknownToBedrock(request, String(facts['operation'])), path);
    else {
      assert.equal(facts['operation'], operation, path);
      assert.equal(request.signature, 'valid', `${path}: ${request.refusal}`);
    }
  }
  const defects = logged.filter(({ level }) => level === 'error');
  assert.deepEqual(defects, []);
}

/**
 * What the gateway passes although Bedrock has no such operation: HEAD, which it takes for the GET of the same path; what it
 * takes for newer than its table; and awsJson under another content type.
 */
function isUnknownToBedrock({ method, service }: SimulatorRequest, operation: string): boolean {
  return method === 'HEAD' || operation.endsWith(':Unmodelled') || service === 'bedrock-data-automation-runtime';
}

function asSeen({ service, operation, rawPath }: SimulatorRequest): { operation: string; path: string } {
  return { operation: `${service}:${operation}`, path: `${service} ${rawPath}` };
}

async function assertServes({ origin }: TestGateway): Promise<void> {
  const response = await fetch(`${origin}/bedrock/model/amazon.nova-lite-v1%3A0/converse`, {
    method: 'POST',
    headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' },
    body: '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}',
  });
  assert.equal(response.status, 200);
}
