import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Fault, SimulatorRequest } from '../../simulator/index.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import { EVERY_OPERATION, issueKey, type IssuedKey } from '../support/virtual-keys.ts';
import { type Abort, anyAbort, Caller, each } from './caller.ts';
import { dollarsOf, type Quantities } from './bills.ts';
import { allStored, assertCountedExactly } from './exact-budget.ts';
import { byUserAgent, type Judge, judgeAll, type Made } from './judging.ts';
import { addUp, bySession, type LedgerOnDisk, readLedger } from './stored-calls.ts';
import { EVERYTHING, one, type Pacing, planCall, type PlannedCall, type Random } from './workload.ts';

/** How many calls are made; the environment may ask for a long run. */
const CALLS = Number(process.env['OUTCROP_METERING_CALLS'] ?? '2000');
const SEED = Number(process.env['OUTCROP_METERING_SEED'] ?? '20261122');

const AT_ONCE = 32;
/** Some come too late: the answer is there before. */
const ABORTING_PERCENT = 40;
const ABORTED_PERCENT_MIN = 25;
/** Some of these too. */
const FAULTY_PERCENT = 8;
const FAULTY_PERCENT_MIN = 4;
/** Those that wait for a timeout hold up the end of the test, so they come at its beginning, and are few. */
const STALLS = 8;
const SILENCE_MS_MAX = 3000;
const RECORDED_BYTES_MAX = 2 ** 31;

function pacingOf(random: Random, abort: Abort | null): Pacing {
  // A client that gives up on its answer needs one that takes a while.
  if (abort !== null) return { delayMs: random(8), intervalMs: 1 + random(3), chunks: 6 };
  // Some are too long to be held until they are whole.
  return random(50) === 0 ? { chunks: 100, textBytes: 1000 } : { chunks: 1 + random(4) };
}

const BROKEN_ENDINGS = ['reset', 'fin'] as const;
const CUT_ENDINGS = [...BROKEN_ENDINGS, 'clean'] as const;

function anyFault(random: Random, { operation }: PlannedCall): Fault {
  const isAgent = operation.endsWith('Agent');
  const streams = operation.endsWith('Stream') || isAgent;
  // A stream of an agent has no last event: an end between two frames is an end.
  const endings = isAgent ? BROKEN_ENDINGS : CUT_ENDINGS;
  const place = { operation, count: 1 };
  switch (random(streams ? 6 : 3)) {
    case 0:
      return { ...place, kind: 'error', ...one(random, ERRORS) };
    case 1:
      return { ...place, kind: 'no-answer', ending: one(random, BROKEN_ENDINGS) };
    case 2:
      return { ...place, kind: 'cut', afterBytes: random(600), ending: one(random, endings) };
    case 3:
      return { ...place, kind: 'cut', afterFrames: random(10), ending: one(random, endings) };
    case 4:
      return { ...place, kind: 'truncated-frame', afterFrames: random(8) };
    default:
      return { ...place, kind: 'exception-frame', afterFrames: random(8), exception: 'modelStreamErrorException' };
  }
}

const ERRORS = [
  { status: 429, exception: 'ThrottlingException' },
  { status: 500, exception: 'InternalServerException' },
  { status: 503, exception: 'ServiceUnavailableException' },
] as const;

function stall(number: number, { operation }: PlannedCall): Fault {
  const place = { operation, count: 1 };
  return number % 2 === 0
    ? { ...place, kind: 'no-answer', ending: 'stall' }
    : { ...place, kind: 'cut', afterBytes: 100, ending: 'stall' };
}

async function makeCalls(
  { origin, simulator }: TestGateway,
  { bearer }: IssuedKey,
): Promise<ReadonlyMap<string, Made>> {
  const caller = new Caller(bearer);
  const made = new Map<string, Made>();
  await each(CALLS, AT_ONCE, async (number) => {
    const random = seededRandom(SEED + number);
    const abort = random(100) < ABORTING_PERCENT ? anyAbort(random) : null;
    const planned = planCall(random, EVERYTHING, pacingOf(random, abort));
    const isFaulty = random(100) < FAULTY_PERCENT;
    const fault = number < STALLS ? stall(number, planned) : isFaulty ? anyFault(random, planned) : null;
    // Whoever comes next with this operation meets it: the simulator knows whom it has hit.
    const injected = fault === null ? null : simulator.inject(fault);
    const labels = { 'x-litellm-customer-id': `customer ${random(7)}`, 'x-litellm-tags': `odd-${number % 2},all` };
    const name = `call-${number}`;
    made.set(name, { planned, seen: await caller.call(origin, name, planned, abort, labels) });
    injected?.clear();
  });
  caller.close();
  return made;
}

/** Holds what is stored of one call against what the simulator said. */
const judge: Judge = ({ planned, seen }, said, stored) => {
  assert.equal(said?.refusal, undefined, 'the simulator takes every call');
  if (said !== undefined) assert.ok(stored !== undefined, 'what Bedrock got is written down');
  if (seen.status !== null) assert.ok(stored !== undefined, 'what was answered is written down');
  if (stored === undefined) return;
  assert.equal(stored.operation ?? planned.operation, planned.operation);
  if (seen.requestId !== null) assert.equal(seen.requestId, stored.id);
  if (seen.costUsd !== null) assert.equal(seen.costUsd, dollarsOf(stored.costNanos ?? -1n));
  if (seen.whole) assert.equal(stored.status, seen.status);

  if (said === undefined) {
    assert.deepEqual([stored.costNanos, stored.used], [0n, {}], 'what Bedrock never got costs nothing');
  } else if (said.ended === 'completed' && said.status === 200) {
    assert.deepEqual(stored.used, planned.used);
    assert.equal(stored.costNanos, planned.costNanos);
    assert.ok(stored.complete || planned.costNanos === null);
    assert.equal(stored.awsRequestId, said.requestId);
    assert.equal(stored.outcome === 'completed' || !seen.whole, true, 'who saw it whole sees it recorded as such');
  } else if (said.ended === 'completed') {
    assert.deepEqual([stored.costNanos, stored.used], [0n, {}], 'an error of Bedrock costs nothing');
    assert.equal(stored.status, said.status);
  } else if ((said.status ?? 0) >= 400) {
    // Of an error that was cut nobody can say more than that it used nothing, if even that arrived.
    assert.deepEqual([stored.costNanos ?? 0n, stored.used], [0n, {}]);
  } else if (stored.costNanos === null) {
    // An answer that was cut: a lower bound, or nothing, but never an end.
    assert.ok(!stored.complete || planned.costNanos === null);
    for (const [unit, quantity] of Object.entries(together(planned.used))) {
      assert.ok((together(stored.used)[unit] ?? 0) <= quantity, unit);
    }
  } else {
    // All was said before it was cut.
    assert.equal(stored.costNanos, planned.costNanos);
    assert.deepEqual(stored.used, planned.used);
  }
};

/** How long cache entries live may stand where the answer was cut. */
function together({ cacheWrite5mTokens = 0, cacheWrite1hTokens = 0, ...others }: Quantities): Quantities {
  return { ...others, cacheWriteTokens: cacheWrite5mTokens + cacheWrite1hTokens };
}

function countWhere<Item>(items: Iterable<Item>, holds: (item: Item) => boolean): number {
  let count = 0;
  for (const item of items) if (holds(item)) count += 1;
  return count;
}

test(`after ${CALLS} calls, many abandoned and some broken, the ledger says what the simulator said, and so do budgets`, async (context) => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-agrees-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const running = await startTestGateway({
    env: {
      OUTCROP_DATA_DIR: dataDir,
      OUTCROP_UPSTREAM_IDLE_TIMEOUT_MS: String(SILENCE_MS_MAX),
      OUTCROP_UPSTREAM_HEADERS_TIMEOUT_MS: String(SILENCE_MS_MAX),
      OUTCROP_INVOKE_HEADERS_TIMEOUT_MS: String(SILENCE_MS_MAX),
      OUTCROP_UNBOUNDED_CALLS: 'allow',
    },
    simulator: { recordsMax: CALLS * 2, recordedBodyBytesMax: RECORDED_BYTES_MAX, hashResponses: false },
  });
  let made: ReadonlyMap<string, Made>;
  let ledger: LedgerOnDisk;
  let said: ReadonlyMap<string, SimulatorRequest>;
  try {
    const key = await issueKey(running.origin, { ...EVERY_OPERATION, max_budget: 1_000_000, key_alias: 'everything' });
    made = await makeCalls(running, key);
    await until(() => running.gateway.running() === 0);
    assert.deepEqual(running.gateway.held(), { bodyBytes: 0, requestSlots: 0, drains: 0 });
    await allStored(running.origin);
    said = byUserAgent(running.simulator.requests());
    ledger = readLedger(dataDir);
    // What its limits hold has not drifted, whatever became of the calls.
    await assertCountedExactly(running.origin, key, () => readLedger(dataDir));
  } finally {
    await running.close();
  }

  const { calls, totals, tagTotals } = ledger;
  const stored = bySession(calls);
  judgeAll(made, said, stored, judge);
  const nameless = calls.filter(({ session }) => session === null);
  for (const call of nameless) {
    // Who asked is known from the head, but not for whom: the body never came.
    assert.deepEqual([call.outcome, call.costNanos, call.used, call.keyId !== null], ['abandoned', 0n, {}, true]);
  }
  assert.equal(stored.size + nameless.length, calls.length);
  assert.equal(
    new Set(calls.map(({ awsRequestId }) => awsRequestId).filter((id) => id !== null)).size,
    countWhere(calls, ({ awsRequestId }) => awsRequestId !== null),
  );

  assert.deepEqual(totals, addUp(calls));
  for (const tag of ['all', 'odd-0', 'odd-1']) {
    assert.deepEqual(tagTotals.get(tag), addUp(calls.filter(({ tags }) => tags.includes(tag))), tag);
  }

  // The test is worth something only if enough of everything has happened.
  const abandoned = countWhere(calls, ({ outcome }) => outcome === 'abandoned');
  const broken = countWhere(said.values(), ({ ended, status }) => ended !== 'completed' || (status ?? 0) >= 400);
  const left = countWhere(made.values(), ({ seen }) => !seen.whole);
  assert.ok(left * 100 > CALLS * ABORTED_PERCENT_MIN, `${left} not seen whole`);
  assert.ok(broken * 100 > CALLS * FAULTY_PERCENT_MIN, `${broken} broken`);
  context.diagnostic(
    `${calls.length} records, ${said.size} at the simulator, ${left} not seen whole, ${abandoned} abandoned, ` +
      `${broken} faulty, ${totals.unpriced} of unknown cost, $${dollarsOf(totals.costNanos)} in all`,
  );
});
