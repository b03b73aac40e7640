import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { z } from 'zod';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey, managed, type PlainRequest, send } from '../support/virtual-keys.ts';
import { type Answered, ask, converse, converseStream, HAIKU, invoke, invokeStream } from './ask.ts';

let running: TestGateway;

before(async () => {
  running = await startTestGateway();
});
after(() => running.close());
beforeEach(() => running.simulator.clearRequests());

async function keyWith(facts: object): Promise<string> {
  const { bearer } = await issueKey(running.origin, { ...EVERY_OPERATION, ...facts });
  return bearer;
}

function sent(): number {
  return running.simulator.requests().length;
}

function rateHeaders({ headers }: Answered): readonly (string | null)[] {
  return ['limit', 'remaining'].map((what) => headers.get(`x-ratelimit-${what}-requests`));
}

function postTo(operationPath: string, body: object): PlainRequest {
  return { method: 'POST', path: `/bedrock${operationPath}`, body: JSON.stringify(body) };
}

const RETRIEVE_AND_GENERATE = postTo('/retrieveAndGenerate', { input: { text: 'bedrock' } });
const EMBED = postTo('/model/amazon.titan-embed-text-v2%3A0/invoke', { inputText: 'bedrock' });
const RERANK_ARN = 'arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0';

describe('a rate of requests', () => {
  test('is told on the way, refuses with when to come again, and holds for every operation', async () => {
    const bearer = await keyWith({ rpm_limit: 3 });
    const seen = [converse(), converseStream(), invoke()].map((request) => () => ask(running.origin, bearer, request));
    for (const [index, next] of seen.entries()) {
      const answered = await next();
      assert.equal(answered.status, 200, answered.text);
      assert.deepEqual(rateHeaders(answered), ['3', String(2 - index)]);
    }
    const list: PlainRequest = { method: 'GET', path: '/bedrock/foundation-models', body: '' };
    for (const request of [converse(), converseStream(), invoke(), invokeStream(), RETRIEVE_AND_GENERATE, list]) {
      const refused = await ask(running.origin, bearer, request);
      assert.deepEqual([refused.status, refused.exception], [429, 'ThrottlingException'], request.path);
      const seconds = Number(refused.headers.get('retry-after'));
      assert.ok(seconds >= 1 && seconds <= 61, String(refused.headers.get('retry-after')));
      assert.deepEqual(rateHeaders(refused), ['3', '0']);
      assert.match(refused.message, /3 of 3 requests/);
    }
    assert.equal(sent(), 3, 'a refused request does not reach Bedrock');
  });

  test('of one model leaves others alone, of one tag those without it', async () => {
    const bearer = await keyWith({ model_rpm_limit: { [HAIKU]: 1 }, tag_rpm_limit: { nightly: 1 } });
    const tagged = { 'x-litellm-tags': 'nightly,other' };
    const other = converse({ model: 'amazon.nova-lite-v1:0' });
    const statuses = [];
    for (const [request, headers] of [
      [converse(), {}],
      [converse(), {}],
      [other, tagged],
      [other, tagged],
      [other, {}],
    ] as const) {
      statuses.push((await ask(running.origin, bearer, request, headers)).status);
    }
    assert.deepEqual(statuses, [200, 429, 200, 429, 200]);
  });

  test('of a team is one for all of its keys', async () => {
    const team = await managed(running.origin, 'POST /team/new', { team_id: 'small', rpm_limit: 2 });
    assert.ok(team !== null);
    const bearers = [await keyWith({ team_id: 'small' }), await keyWith({ team_id: 'small' })];
    const statuses = [];
    for (const bearer of [...bearers, ...bearers])
      statuses.push((await ask(running.origin, bearer, converse())).status);
    assert.deepEqual(statuses, [200, 200, 429, 429]);
  });
});

describe('a rate of tokens', () => {
  const usage = { inputTokens: 900, outputTokens: 100, cacheReadInputTokens: 500 };

  test('counts what was used, from caches too', async () => {
    const bearer = await keyWith({ tpm_limit: 4000 });
    for (let call = 0; call < 3; call += 1) {
      const answered = await ask(
        running.origin,
        bearer,
        [converse, converseStream, invokeStream][call]?.({ usage }) ?? converse(),
      );
      assert.equal(answered.status, 200, answered.text);
    }
    const refused = await ask(running.origin, bearer, converse({ usage }));
    assert.deepEqual([refused.status, refused.exception], [429, 'ThrottlingException']);
    assert.match(refused.message, /4,500 of 4,000 tokens/);
    assert.equal(refused.headers.get('x-ratelimit-limit-tokens'), '4000');
    assert.equal(refused.headers.get('x-ratelimit-remaining-tokens'), '0');
  });
});

describe('requests at the same time', () => {
  test('are as many as were allowed; who ends makes room', async () => {
    const bearer = await keyWith({ max_parallel_requests: 2 });
    const slow = converseStream({ pacing: { intervalMs: 20, chunks: 20 } });
    const open = [ask(running.origin, bearer, slow), ask(running.origin, bearer, slow)];
    await running.simulator.until(() => sent() === 2);
    const refused = await ask(running.origin, bearer, converse());
    assert.deepEqual([refused.status, refused.exception], [429, 'ThrottlingException']);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.deepEqual(
      (await Promise.all(open)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal((await ask(running.origin, bearer, converse())).status, 200);
  });
});

describe('a budget', () => {
  test('refuses what it may not suffice for with 400, which no client repeats, and with the arithmetic', async () => {
    const bearer = await keyWith({ max_budget: 0.003 });
    const refused = await ask(running.origin, bearer, converse({ maxTokens: 32_000 }));
    assert.deepEqual(
      [refused.status, refused.exception, refused.errorType],
      [400, 'ServiceQuotaExceededException', 'budget_exceeded'],
    );
    assert.match(refused.message, /^Budget has been exceeded! key key_\w+ has \$0\.0030 left of \$0\.0030/);
    assert.match(
      refused.message,
      /could cost up to \$0\.0\d+: [\d,]+ input tokens × \$0\.\d+ \+ max_tokens 32,000 × \$1\.25 per million tokens/,
    );
    assert.equal(refused.headers.get('retry-after'), null);
    assert.equal(sent(), 0);
    assert.equal((await ask(running.origin, bearer, converse({ maxTokens: 100 }))).status, 200);
  });

  test('is spent to the nano-dollar, and not beyond', async () => {
    const bearer = await keyWith({ max_budget: 0.02 });
    const usage = { inputTokens: 2000, outputTokens: 4000 };
    // $0.25 and $1.25 for a million: 0.0055 each.
    const statuses = [];
    for (let call = 0; call < 4; call += 1) {
      statuses.push((await ask(running.origin, bearer, converse({ maxTokens: 4000, usage }))).status);
    }
    assert.deepEqual(statuses, [200, 200, 200, 400]);
  });

  test('is not overspent by a thousand requests at once, whatever maximum they name', async () => {
    const bearer = await keyWith({ max_budget: 0.06 });
    const usage = { inputTokens: 1000, outputTokens: 4096 };
    // More than the model gives, what it gives, and none: each may cost some $0.0058.
    const maxima = ['"maxTokens":100000', '"maxTokens":4096', ''];
    const request = converse({ usage, pacing: { delayMs: 300 } });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, number) => {
        const body = request.body.replace('"maxTokens":100', maxima[number % maxima.length] ?? '');
        return ask(running.origin, bearer, { ...request, body });
      }),
    );
    const admitted = answers.filter(({ status }) => status === 200).length;
    assert.equal(answers.filter(({ status }) => status === 400).length, answers.length - admitted);
    assert.equal(admitted, sent());
    // Each has used $0.00537. Ten that run at once may come to $0.06; then what they did not use makes room again.
    assert.ok(admitted >= 10 && admitted * 0.00537 <= 0.06, `${admitted} admitted`);
  });

  test('is not overspent by what is not paid by the token', async () => {
    const documents = ['granite', 'basalt'];
    const rerank = {
      type: 'BEDROCK_RERANKING_MODEL',
      bedrockRerankingConfiguration: { modelConfiguration: { modelArn: RERANK_ARN } },
    };
    const guardrailConfig = { guardrailIdentifier: 'gr1', guardrailVersion: '1', trace: 'enabled' };
    const cases: readonly (readonly [PlainRequest, costUsd: number, budgetUsd: number])[] = [
      [postTo('/model/cohere.rerank-v3-5%3A0/invoke', { query: 'x', documents, api_version: 2 }), 0.002, 0.007],
      [postTo('/rerank', { queries: [], sources: [{}, {}], rerankingConfiguration: rerank }), 0.002, 0.007],
      // Topics and contents $0.15, personal data $0.10 for a thousand units.
      [
        postTo('/guardrail/gr1/version/1/apply', { source: 'INPUT', content: [{ text: { text: 'x' } }] }),
        0.0004,
        0.002,
      ],
      [converse({ usage: { inputTokens: 4, outputTokens: 4 }, more: { guardrailConfig } }), 0.000806, 0.005],
    ];
    running.simulator.setPace({ delayMs: 100 });
    for (const [request, costUsd, budgetUsd] of cases) {
      const bearer = await keyWith({ max_budget: budgetUsd });
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(running.origin, bearer, request)));
      const admitted = answers.filter(({ status }) => status === 200);
      assert.equal(admitted[0]?.headers.get('x-outcrop-cost-usd'), costUsd.toFixed(9), request.path);
      assert.ok(admitted.length * costUsd <= budgetUsd, `${request.path}: ${admitted.length} admitted`);
      assert.ok(answers.every(({ status }) => status === 200 || status === 400));
    }
    running.simulator.setPace({ delayMs: 0 });
  });

  test('that suffices for 32 calls of an agent at once refuses none of them', async () => {
    const bearer = await keyWith({ max_budget: 40 });
    const text = 'x'.repeat(85_000);
    const request = invokeStream({
      model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
      maxTokens: 32_000,
      text,
      usage: { inputTokens: 21_000, outputTokens: 800 },
      pacing: { delayMs: 200 },
    });
    const answers = await Promise.all(Array.from({ length: 32 }, () => ask(running.origin, bearer, request)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  });

  test('that is set back, raised for a while or changed on the shared one has room again at once', async () => {
    await managed(running.origin, 'POST /budget/new', { budget_id: 'small', max_budget: 0.006 });
    const { id, bearer } = await issueKey(running.origin, { ...EVERY_OPERATION, budget_id: 'small' });
    const request = converse({ maxTokens: 4000, usage: { inputTokens: 2000, outputTokens: 4000 } });
    const status = async (): Promise<number> => (await ask(running.origin, bearer, request)).status;
    // $0.0055 each.
    assert.deepEqual([await status(), await status()], [200, 400]);
    await managed(running.origin, `POST /key/${id}/reset_spend`, { reset_to: 0 });
    assert.deepEqual([await status(), await status()], [200, 400]);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await managed(running.origin, 'POST /key/update', {
      key: id,
      max_budget: 0.006,
      temp_budget_increase: 0.006,
      temp_budget_expiry: tomorrow,
    });
    assert.deepEqual([await status(), await status()], [200, 400]);
    await managed(running.origin, 'POST /key/update', {
      key: id,
      max_budget: null,
      temp_budget_increase: null,
      temp_budget_expiry: null,
    });
    await managed(running.origin, 'POST /budget/update', { budget_id: 'small', max_budget: 1 });
    assert.equal(await status(), 200);
  });

  test('lets no call through that nothing bounds, nor one without a price', async () => {
    const bearer = await keyWith({ max_budget: 1000 });
    const agent = '/agents/AGENT00001/agentAliases/ALIAS00001/sessions/s1/text';
    const requests: readonly PlainRequest[] = [
      RETRIEVE_AND_GENERATE,
      postTo(agent, { inputText: 'Hi' }),
      postTo(agent, { inputText: 'Hi', enableTrace: true }),
      converse({ model: 'somebody.new-model-v1:0' }),
    ];
    for (const request of requests) {
      const refused = await ask(running.origin, bearer, request);
      assert.deepEqual([refused.status, refused.exception], [403, 'AccessDeniedException'], request.path);
      assert.match(refused.message, /hard limit, and nothing tells what .* unboundedCalls/);
    }
    assert.equal(sent(), 0);
  });

  test('of one model leaves others alone', async () => {
    const bearer = await keyWith({ model_max_budget: { [HAIKU]: { budget_limit: 0.000001, time_period: '1d' } } });
    assert.equal((await ask(running.origin, bearer, converse())).status, 400);
    assert.equal((await ask(running.origin, bearer, converse({ model: 'amazon.nova-lite-v1:0' }))).status, 200);
  });

  test('that is soft refuses nothing and tells once', async () => {
    const bearer = await keyWith({ soft_budget: 0.000001 });
    const from = running.logged.length;
    for (let call = 0; call < 3; call += 1) assert.equal((await ask(running.origin, bearer, converse())).status, 200);
    const told = running.logged.slice(from).filter(({ message }) => message === 'a limit has reached a threshold');
    assert.deepEqual(
      told.map(({ facts }) => facts['threshold']),
      [100],
    );
  });
});

describe('an end user', () => {
  test('who is blocked gets 403, from the moment it is blocked', async () => {
    const bearer = await keyWith({});
    const named = (id: string): Promise<Answered> =>
      ask(running.origin, bearer, converse(), { 'x-litellm-customer-id': id });
    await managed(running.origin, 'POST /customer/new', { user_id: 'ada' });
    assert.equal((await named('ada')).status, 200);
    await managed(running.origin, 'POST /customer/block', { user_ids: ['ada'] });
    const refused = await named('ada');
    assert.deepEqual([refused.status, refused.exception], [403, 'AccessDeniedException']);
    assert.match(refused.message, /end user .* is blocked/);
    assert.equal((await named('bob')).status, 200);
    await managed(running.origin, 'POST /customer/unblock', { user_ids: ['ada'] });
    assert.equal((await named('ada')).status, 200);
    assert.equal(sent(), 3);
  });
});

describe('what has no bound', () => {
  test('is charged a flat amount where the operator says so', async () => {
    const flat = await startTestGateway({
      env: { OUTCROP_UNBOUNDED_CALLS: 'flat', OUTCROP_UNBOUNDED_CALL_USD: '0.10' },
    });
    try {
      const { bearer } = await issueKey(flat.origin, { ...EVERY_OPERATION, max_budget: 0.25 });
      const statuses = [];
      for (let call = 0; call < 3; call += 1) {
        statuses.push((await ask(flat.origin, bearer, RETRIEVE_AND_GENERATE)).status);
      }
      assert.deepEqual(statuses, [200, 200, 400]);
    } finally {
      await flat.close();
    }
  });
});

describe('the most output a key may get at once', () => {
  test('refuses requests for more, and those that name no maximum of a model that gives more', async () => {
    for (const limits of [{ max_budget: 100 }, {}]) {
      const bearer = await keyWith({ max_output_tokens_reserved: 500, ...limits });
      const any = converse();
      const unsaid = { ...any, body: any.body.replace('"maxTokens":100', '') };
      const answers = [];
      for (const request of [converse({ maxTokens: 500 }), converse({ maxTokens: 501 }), unsaid, EMBED]) {
        const { status, exception } = await ask(running.origin, bearer, request);
        answers.push([status, exception]);
      }
      const [fine, over] = [
        [200, ''],
        [400, 'ValidationException'],
      ];
      assert.deepEqual(answers, [fine, over, over, fine]);
    }
  });
});

describe('the most output a key may get at once, with streams that are ended there', () => {
  let ending: TestGateway;
  before(async () => {
    ending = await startTestGateway({ env: { OUTCROP_OUTPUT_CAP: 'end' } });
  });
  after(() => ending.close());

  const usage = { inputTokens: 100, outputTokens: 4000 };
  /** 40 pieces of 25 tokens each, by their bytes. */
  const long = { maxTokens: 4000, usage, pacing: { chunks: 40, textBytes: 100, intervalMs: 2 } };

  test('a stream that goes beyond is ended by an exception, and charged for all that Bedrock made', async () => {
    for (const request of [converseStream(long), invokeStream(long)]) {
      const key = await issueKey(ending.origin, { max_output_tokens_reserved: 500, max_budget: 0.02 });
      const cut = await fetchToEnd(ending.origin, key.bearer, request);
      assert.deepEqual([cut.status, cut.isComplete], [200, false]);
      assert.match(cut.text, /throttlingException.*may get 500 output tokens at once/s);
      const whole = await fetchToEnd(ending.origin, (await issueKey(ending.origin)).bearer, request);
      assert.ok(cut.bytes < whole.bytes * 0.7, 'what is beyond is not seen');
      await ending.simulator.until(() => ending.gateway.running() === 0);
      // $0.25 and $1.25 for a million.
      const { info } = z
        .looseObject({ info: z.looseObject({ spend: z.number() }) })
        .parse(await managed(ending.origin, `GET /key/info?key=${key.id}`));
      assert.equal(info.spend, 0.005025);
    }
  });

  test('a stream that stays within is left alone, whatever maximum it names', async () => {
    const { bearer } = await issueKey(ending.origin, { max_output_tokens_reserved: 1000 });
    const whole = await fetchToEnd(ending.origin, bearer, converseStream(long));
    assert.deepEqual([whole.status, whole.isComplete], [200, true]);
    assert.doesNotMatch(whole.text, /throttlingException/);
  });

  test('what can not be ended is refused, and hard limits hold all that a stream may come to', async () => {
    const { bearer } = await issueKey(ending.origin, { max_output_tokens_reserved: 500, max_budget: 0.004 });
    for (const request of [converse(long), invoke(long)]) {
      const { status, exception } = await ask(ending.origin, bearer, request);
      assert.deepEqual([status, exception], [400, 'ValidationException']);
    }
    const refused = await ask(ending.origin, bearer, converseStream(long));
    assert.deepEqual([refused.status, refused.exception], [400, 'ServiceQuotaExceededException']);
    assert.match(refused.message, /max_tokens 4,000 × \$1\.25/);
  });
});

/** Also of an answer that is broken off. */
async function fetchToEnd(origin: string, bearer: string, request: PlainRequest) {
  const response = await send(origin, request, { authorization: `Bearer ${bearer}` });
  const chunks: Uint8Array[] = [];
  let isComplete = false;
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk);
    isComplete = true;
  } catch {
    // Broken off: what came is what counts.
  }
  const whole = Buffer.concat(chunks);
  return { status: response.status, text: whole.toString('latin1'), bytes: whole.length, isComplete };
}

test('limits go on after a restart where they were', async (context) => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-limits-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const start = (): Promise<TestGateway> => startTestGateway({ env: { OUTCROP_DATA_DIR: dataDir } });
  const first = await start();
  const { bearer } = await issueKey(first.origin, {
    max_budget: 0.02,
    limits: [{ kind: 'requests', max: 3, window: '1mo', model: 'amazon.*' }],
  });
  const nova = converse({ model: 'amazon.nova-lite-v1:0' });
  const dear = converse({ maxTokens: 4000, usage: { inputTokens: 2000, outputTokens: 4000 } });
  for (const request of [dear, dear, dear, nova, nova]) {
    assert.equal((await ask(first.origin, bearer, request)).status, 200);
  }
  await first.close();

  const second = await start();
  try {
    const statuses = [];
    for (const request of [dear, nova, nova]) statuses.push((await ask(second.origin, bearer, request)).status);
    assert.deepEqual(statuses, [400, 200, 400], 'the budget is spent, one request to Nova is left');
  } finally {
    await second.close();
  }
});
