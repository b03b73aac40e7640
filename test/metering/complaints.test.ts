import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { Fault } from '../../simulator/index.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { until } from '../support/until.ts';
import { EVERY_OPERATION, type IssuedKey, issueKey, managed, type PlainRequest } from '../support/virtual-keys.ts';
import { ask, converse, converseStream, invoke, invokeStream } from './ask.ts';
import { dollarsOf } from './bills.ts';
import { anyAbort, Caller, each } from './caller.ts';
import { type CallOnDisk, readLedger } from './stored-calls.ts';
import { BOUNDED, EVERYTHING, HONEST_INPUT_TOKENS_MAX, planCall } from './workload.ts';

/**
 * What users of LiteLLM have complained about, by the number of their issue there: each is a test here.
 */

const SONNET = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

let running: TestGateway;
let dataDir: string;
let named = 0;

before(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-complaints-'));
  running = await startTestGateway({ env: { OUTCROP_DATA_DIR: dataDir } });
});

after(async () => {
  await running.close();
  await rm(dataDir, { recursive: true, force: true });
});

function newKey(facts: object = {}): Promise<IssuedKey> {
  return issueKey(running.origin, { ...EVERY_OPERATION, ...facts });
}

function newName(): string {
  named += 1;
  return `complaint-${named}`;
}

/** What the ledger has of a call, once it has it. */
async function recordOf(name: string): Promise<CallOnDisk> {
  let found: CallOnDisk | undefined;
  await until(() => {
    found = readLedger(dataDir).calls.find(({ session }) => session === name);
    return found !== undefined;
  });
  assert.ok(found !== undefined);
  return found;
}

/** Makes a call, however it ends. @returns what the ledger has of it */
async function recorded(request: PlainRequest, headers: Readonly<Record<string, string>> = {}): Promise<CallOnDisk> {
  const { bearer } = await newKey();
  const name = newName();
  await ask(running.origin, bearer, request, { 'x-litellm-session-id': name, ...headers }).catch(() => null);
  return recordOf(name);
}

describe('what a call cost', () => {
  test('is never zero for what is paid for, whatever the operation (30725, 9531, 11359)', async () => {
    const { bearer } = await newKey();
    const caller = new Caller(bearer);
    const random = seededRandom(30_725);
    const plans = Array.from({ length: 150 }, () => planCall(random, EVERYTHING));
    await each(plans.length, 8, async (number) => {
      const planned = plans[number];
      if (planned !== undefined) await caller.call(running.origin, `paid-${number}`, planned);
    });
    caller.close();
    for (const [number, planned] of plans.entries()) {
      const { costNanos } = await recordOf(`paid-${number}`);
      assert.equal(costNanos, planned.costNanos, planned.operation);
      const isFree = planned.operation === 'CountTokens' || planned.operation === 'ListFoundationModels';
      assert.equal(costNanos === 0n, isFree, planned.operation);
    }
    assert.ok(new Set(plans.map(({ operation }) => operation)).size >= 9);
  });

  test('has cache writes for an hour at their own rate (29432)', async () => {
    const usage = {
      inputTokens: 100,
      outputTokens: 10,
      cacheWriteInputTokens: 9000,
      cacheWrite1hInputTokens: 8000,
    };
    // $3.30, $16.50, $4.125 and $6.60 for a million.
    const nanos = 100n * 3300n + 10n * 16_500n + 1000n * 4125n + 8000n * 6600n;
    for (const form of [converse, converseStream, invoke, invokeStream]) {
      const record = await recorded(form({ model: SONNET, usage }));
      assert.equal(record.costNanos, nanos, record.operation ?? '');
      assert.equal(record.used['cacheWrite1hTokens'], 8000);
    }
  });

  test('has what was read from caches and written to them (36760, 36762, 29145, 15270)', async () => {
    const usage = { inputTokens: 100, outputTokens: 10, cacheReadInputTokens: 50_000, cacheWriteInputTokens: 2000 };
    // $0.25, $1.25, $0.025 and $0.3125 for a million; half a nano-dollar goes up.
    const nanos = 100n * 250n + 10n * 1250n + 50_000n * 25n + 625_000n;
    for (const form of [converse, converseStream, invoke, invokeStream]) {
      const record = await recorded(form({ usage }));
      assert.equal(record.costNanos, nanos, record.operation ?? '');
    }
  });

  test('is known of an application inference profile by its models (18761, 19399, 18258, 28105)', async () => {
    const own = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile';
    const profiles = [
      ['one-region', 'arn:aws:bedrock:us-east-1::foundation-model/', 3300n * 1000n + 16_500n * 100n],
      ['world', 'arn:aws:bedrock:::foundation-model/', 3000n * 1000n + 15_000n * 100n],
    ] as const;
    for (const [id, prefix, nanos] of profiles) {
      const arn = `${own}/${id}`;
      running.simulator.setResource('GetInferenceProfile', arn, { models: [{ modelArn: prefix + SONNET }] });
      const usage = { inputTokens: 1000, outputTokens: 100 };
      for (const form of [converse, invokeStream]) {
        const record = await recorded(form({ model: arn, usage }));
        assert.deepEqual([record.modelId, record.costNanos], [arn, nanos]);
      }
    }
  });
});

describe('usage that others lose', () => {
  test('when the client leaves in the middle: the answer is read to its end (14457)', async () => {
    const { bearer } = await newKey();
    const caller = new Caller(bearer);
    const usage = { inputTokens: 2000, outputTokens: 300 };
    for (const form of [converseStream, invokeStream]) {
      const name = newName();
      const request = form({ usage, pacing: { intervalMs: 10, chunks: 10 } });
      const abort = { place: 'in the answer', after: 0.2 } as const;
      const seen = await caller.call(
        running.origin,
        name,
        { ...request, operation: '', used: {}, costNanos: null, paced: true },
        abort,
      );
      assert.equal(seen.whole, false);
      const record = await recordOf(name);
      assert.deepEqual([record.outcome, record.costNanos], ['abandoned', 2000n * 250n + 300n * 1250n]);
    }
    caller.close();
  });

  test('when Bedrock breaks off in the middle: what it had said is kept, and no cost is made up (30667)', async () => {
    running.simulator.inject({ kind: 'cut', afterFrames: 4, ending: 'reset', count: 1 });
    const record = await recorded(invokeStream({ usage: { inputTokens: 2000, outputTokens: 300 } }));
    assert.deepEqual([record.outcome, record.complete, record.costNanos], ['broken', false, null]);
    assert.equal(record.used['inputTokens'], 2000);
  });
});

describe('a budget', () => {
  const FAULTS: readonly Fault[] = [
    { kind: 'error', status: 500, exception: 'InternalServerException' },
    { kind: 'error', status: 429, exception: 'ThrottlingException' },
    { kind: 'no-answer', ending: 'reset' },
    { kind: 'cut', afterBytes: 200, ending: 'fin' },
    { kind: 'cut', afterBytes: 100, ending: 'reset' },
  ];

  test('has nothing reserved after 200 calls that were abandoned or broke (27639, 28283, 30460, 36926, 27735, 40050)', async () => {
    const key = await newKey({ max_budget: 1000, max_parallel_requests: 400, tpm_limit: 1_000_000_000 });
    const caller = new Caller(key.bearer);
    await each(200, 20, async (number) => {
      const random = seededRandom(27_639 + number);
      const abort = number % 2 === 0 ? anyAbort(random) : null;
      const fault = FAULTS[number % FAULTS.length];
      const injected = fault === undefined || abort !== null ? null : running.simulator.inject({ ...fault, count: 1 });
      const planned = planCall(
        random,
        BOUNDED,
        { delayMs: random(5), intervalMs: 1, chunks: 5 },
        HONEST_INPUT_TOKENS_MAX,
      );
      await caller.call(running.origin, `phantom-${number}`, planned, abort);
      injected?.clear();
    });
    caller.close();
    await until(() => running.gateway.running() === 0);

    // Another call of the same kind tells what one holds.
    const sample = newName();
    const request = converse({ maxTokens: 500 });
    assert.equal((await ask(running.origin, key.bearer, request, { 'x-litellm-session-id': sample })).status, 200);
    const { reservedNanos } = await recordOf(sample);
    const records = (): readonly CallOnDisk[] => readLedger(dataDir).calls.filter(({ keyId }) => keyId === key.id);
    const charged = records().reduce((sum, call) => sum + (call.costNanos ?? call.reservedNanos), 0n);
    assert.ok(records().some(({ outcome }) => outcome === 'abandoned'));
    assert.ok(records().some(({ costNanos }) => costNanos === null));

    // It has room for just one more, and for no nano-dollar less; and nothing else is still at it.
    const withBudget = async (nanos: bigint): Promise<number> => {
      await managed(running.origin, 'POST /key/update', {
        key: key.id,
        max_budget: dollarsOf(nanos),
        max_parallel_requests: 1,
      });
      return (await ask(running.origin, key.bearer, request)).status;
    };
    assert.equal(await withBudget(charged + reservedNanos - 1n), 400);
    assert.equal(await withBudget(charged + reservedNanos), 200);
  });

  test('holds on every form of a call (13882)', async () => {
    const { bearer } = await newKey({ max_budget: 0.01 });
    const usage = { inputTokens: 4000, outputTokens: 4000 };
    // $0.006: a second one does not fit.
    assert.equal((await ask(running.origin, bearer, converse({ maxTokens: 4000, usage }))).status, 200);
    for (const form of [converse, converseStream, invoke, invokeStream]) {
      const refused = await ask(running.origin, bearer, form({ maxTokens: 4000, usage }));
      assert.deepEqual([refused.status, refused.errorType], [400, 'budget_exceeded']);
    }
  });

  test('of a key is shown as it is spent', async () => {
    const key = await newKey({ max_budget: 5 });
    const name = newName();
    const answered = await ask(
      running.origin,
      key.bearer,
      converse({ usage: { inputTokens: 1000, outputTokens: 100 } }),
      {
        'x-litellm-session-id': name,
      },
    );
    const nanos = 1000n * 250n + 100n * 1250n;
    assert.equal(answered.headers.get('x-litellm-response-cost'), dollarsOf(nanos));
    await recordOf(name);
    const info = z
      .object({ info: z.looseObject({ spend: z.number(), max_budget: z.number() }) })
      .parse(await managed(running.origin, `GET /key/info?key=${key.id}`));
    assert.deepEqual([info.info.spend, info.info.max_budget], [0.000375, 5]);
  });
});

describe('end users', () => {
  test('are known by every name a client has for them', async () => {
    const cases: readonly (readonly [PlainRequest, Readonly<Record<string, string>>])[] = [
      [converse(), { 'x-litellm-customer-id': 'ada' }],
      [converseStream(), { 'x-litellm-end-user-id': 'ada' }],
      [converse({ more: { requestMetadata: { user_id: 'ada' } } }), {}],
      [invoke({ more: { metadata: { user_id: 'ada' } } }), {}],
    ];
    for (const [request, headers] of cases) {
      assert.equal((await recorded(request, headers)).customerId, 'ada', request.body);
    }
    const info = z
      .looseObject({ spend: z.number() })
      .parse(
        await managed(running.origin, 'POST /customer/new', { user_id: 'ada' }).then(() =>
          managed(running.origin, 'GET /customer/info?end_user_id=ada'),
        ),
      );
    assert.ok(info.spend > 0);
  });

  test('have limits of their own, also behind a key that is in memory (39713, 39884)', async () => {
    await managed(running.origin, 'POST /customer/new', { user_id: 'one-a-minute', rpm_limit: 1 });
    await managed(running.origin, 'POST /customer/new', { user_id: 'poor', max_budget: 0.000001 });
    const { bearer } = await newKey();
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await ask(running.origin, bearer, converse(), headers)).status;
    assert.equal(await status({}), 200);
    assert.equal(await status({ 'x-litellm-customer-id': 'one-a-minute' }), 200);
    assert.equal(await status({ 'x-litellm-customer-id': 'one-a-minute' }), 429);
    assert.equal(await status({ 'x-litellm-end-user-id': 'poor' }), 400);
    assert.equal(await status({}), 200);
  });
});

describe('rates', () => {
  test('of requests hold for calls that are passed on (4698)', async () => {
    const { bearer } = await newKey({ rpm_limit: 2 });
    const statuses = [];
    for (const form of [invokeStream, converse, invoke])
      statuses.push((await ask(running.origin, bearer, form())).status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });

  test('of tokens count the tokens that were used (18953)', async () => {
    const { bearer } = await newKey({ tpm_limit: 10_000 });
    const usage = { inputTokens: 4000, outputTokens: 1000 };
    const statuses = [];
    for (let call = 0; call < 3; call += 1) {
      statuses.push((await ask(running.origin, bearer, converse({ usage }))).status);
    }
    assert.deepEqual(statuses, [200, 200, 429]);
  });
});

test('x-amzn-requestid is on every answer: of Bedrock its own, of the gateway its own (38357)', async () => {
  const { bearer } = await newKey();
  for (const form of [converse, converseStream, invoke, invokeStream]) {
    const answered = await ask(running.origin, bearer, form());
    assert.equal(answered.headers.get('x-amzn-requestid'), running.simulator.requests().at(-1)?.requestId);
  }
  running.simulator.inject({ kind: 'error', status: 500, exception: 'InternalServerException', count: 1 });
  const failed = await ask(running.origin, bearer, converse());
  assert.equal(failed.headers.get('x-amzn-requestid'), running.simulator.requests().at(-1)?.requestId);

  const { bearer: poor } = await newKey({ max_budget: 0 });
  const refused = [
    await ask(running.origin, poor, converse()),
    await ask(running.origin, 'sk-nobody', converse()),
    await ask(running.origin, bearer, { method: 'GET', path: '/bedrock/nothing/here', body: '' }),
  ];
  assert.deepEqual(
    refused.map(({ status }) => status),
    [400, 401, 404],
  );
  for (const { headers } of refused) {
    assert.match(headers.get('x-amzn-requestid') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(headers.get('x-amzn-requestid'), headers.get('x-outcrop-request-id'));
  }
});

test('tags and end users change nothing of what Bedrock gets (30629, 36861)', async () => {
  const { bearer } = await newKey({ metadata: { tags: ['team-red'] } });
  const request = invoke({ more: { metadata: { user_id: 'ada' } } });
  const headers = { 'x-litellm-tags': 'nightly', 'x-litellm-customer-id': 'ada' };
  assert.equal((await ask(running.origin, bearer, request, headers)).status, 200);
  const arrived = running.simulator.requests().at(-1);
  assert.equal(arrived?.body.toString(), request.body);
  assert.ok(!JSON.stringify(arrived?.rawHeaders).includes('nightly'));
});
