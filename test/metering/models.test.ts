import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, beforeEach, describe, test } from 'node:test';
import { z } from 'zod';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey, managed, type PlainRequest } from '../support/virtual-keys.ts';
import { ask, converse, HAIKU } from './ask.ts';

/** Calls whose model does not stand in their path, and models that are called by other names. */

const FOUNDATION = 'arn:aws:bedrock:us-east-1::foundation-model';
const HAIKU_ARN = `${FOUNDATION}/${HAIKU}`;
const RERANK_ARN = `${FOUNDATION}/cohere.rerank-v3-5:0`;
const NOVA_ARN = `${FOUNDATION}/amazon.nova-lite-v1:0`;
const OWN = 'arn:aws:bedrock:us-east-1:123456789012';
const PROFILE = `${OWN}:application-inference-profile/nova`;
const PROVISIONED = `${OWN}:provisioned-model/nova`;

function post(operationPath: string, body: object | string): PlainRequest {
  return {
    method: 'POST',
    path: `/bedrock${operationPath}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

const reranking = {
  type: 'BEDROCK_RERANKING_MODEL',
  bedrockRerankingConfiguration: { modelConfiguration: { modelArn: RERANK_ARN } },
};

const REEL = post('/async-invoke', {
  modelId: 'amazon.nova-reel-v1:0',
  modelInput: { taskType: 'TEXT_VIDEO', videoGenerationConfig: { durationSeconds: 6, dimension: '1280x720' } },
  outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://bucket' } },
});
const RERANK = post('/rerank', { queries: [], sources: [{}, {}], rerankingConfiguration: reranking });
const INLINE_AGENT = post('/agents/s1', {
  foundationModel: HAIKU,
  instruction: 'Answer whatever is asked about rocks, and be brief about it.',
  inputText: 'Hi',
});
const GENERATE = post('/retrieveAndGenerate', {
  input: { text: 'bedrock' },
  retrieveAndGenerateConfiguration: {
    type: 'KNOWLEDGE_BASE',
    knowledgeBaseConfiguration: {
      knowledgeBaseId: 'KB12345678',
      modelArn: HAIKU_ARN,
      retrievalConfiguration: { vectorSearchConfiguration: { rerankingConfiguration: reranking } },
    },
  },
});

/** Each with a glob of every model it names; the first is that of the one that answers. */
const ROWS: readonly (readonly [name: string, request: PlainRequest, globs: readonly string[], model: string])[] = [
  ['StartAsyncInvoke', REEL, ['amazon.nova-reel-*'], 'amazon.nova-reel-v1:0'],
  ['Rerank', RERANK, ['cohere.*'], RERANK_ARN],
  ['InvokeInlineAgent', INLINE_AGENT, ['anthropic.*'], HAIKU],
  ['RetrieveAndGenerate', GENERATE, ['anthropic.*', 'cohere.*'], HAIKU_ARN],
];

const NOTHING = { budget_limit: 0, time_period: '1d' };

let running: TestGateway;

before(async () => {
  running = await startTestGateway();
});
after(() => running.close());
beforeEach(() => running.simulator.clearRequests());

async function keyWith(facts: object, { origin } = running): Promise<string> {
  const { bearer } = await issueKey(origin, { ...EVERY_OPERATION, ...facts });
  return bearer;
}

async function statusOf(bearer: string, request: PlainRequest): Promise<number> {
  return (await ask(running.origin, bearer, request)).status;
}

describe('a call whose model stands in its body', () => {
  for (const [name, request, globs, model] of ROWS) {
    test(`${name} is held by limits of all the models it names, and by those of no other`, async () => {
      for (const glob of ['*', ...globs]) {
        assert.equal(await statusOf(await keyWith({ model_rpm_limit: { [glob]: 0 } }), request), 400, glob);
        const spent = await statusOf(await keyWith({ model_max_budget: { [glob]: NOTHING } }), request);
        // What nothing bounds is refused as such.
        assert.ok(spent === 400 || spent === 403, `${glob}: ${spent}`);
      }
      assert.equal(running.simulator.requests().length, 0);
      const others = { 'mistral.*': 0 };
      assert.equal(await statusOf(await keyWith({ model_rpm_limit: others }), request), 200);
      const one = await keyWith({ model_rpm_limit: { [globs[0] ?? '']: 1 } });
      assert.deepEqual([await statusOf(one, request), await statusOf(one, request)], [200, 429]);
    });

    test(`${name} is recorded with the model that answers`, async () => {
      const { id, bearer } = await issueKey(running.origin, EVERY_OPERATION);
      assert.equal(await statusOf(bearer, request), 200);
      assert.deepEqual(await modelsSpent(running, id), [model]);
    });
  }

  test('costs what that model does', async () => {
    const answered = await ask(running.origin, await keyWith({}), REEL);
    // $0.08 a second.
    assert.equal(answered.headers.get('x-outcrop-cost-usd'), '0.480000000');
  });

  test('is refused under limits of models where nobody can say which one it is, and under no others', async () => {
    const twice = { ...REEL, body: REEL.body.replace('{', '{"modelId":"mistral.x-v1:0",') };
    const none = post('/rerank', { queries: [], sources: [{}] });
    for (const request of [twice, none]) {
      const refused = await ask(running.origin, await keyWith({ model_rpm_limit: { 'amazon.*': 100 } }), request);
      assert.deepEqual([refused.status, refused.exception], [403, 'AccessDeniedException']);
      assert.match(refused.message, /limits of single models \(amazon\.\*\)/);
      assert.equal(running.simulator.requests().length, 0);
      await ask(running.origin, await keyWith({ rpm_limit: 100 }), request);
      assert.equal(running.simulator.requests().length, 1);
      running.simulator.clearRequests();
    }
  });

  test('is held to the most output its key may get', async () => {
    const bearer = await keyWith({ max_output_tokens_reserved: 500 });
    const refused = await ask(running.origin, bearer, INLINE_AGENT);
    assert.deepEqual([refused.status, refused.exception], [400, 'ValidationException']);
    assert.equal(await statusOf(await keyWith({ max_output_tokens_reserved: 500_000 }), INLINE_AGENT), 200);
  });

  test('that is a job is bounded by nothing, also where its model makes images', async () => {
    const job = post('/model-invocation-job', { modelId: 'amazon.nova-canvas-v1:0', jobName: 'x' });
    const refused = await ask(running.origin, await keyWith({ max_budget: 1000 }), job);
    assert.deepEqual([refused.status, refused.exception], [403, 'AccessDeniedException']);
  });
});

describe('a model by another name', () => {
  test('is the one limits mean, also where it is paid for by the hour', async () => {
    running.simulator.setResource('GetProvisionedModelThroughput', PROVISIONED, {
      modelArn: NOVA_ARN,
      desiredModelArn: NOVA_ARN,
    });
    const request = converse({ model: PROVISIONED });
    const bearer = await keyWith({ model_rpm_limit: { 'amazon.nova-*': 1 } });
    assert.deepEqual([await statusOf(bearer, request), await statusOf(bearer, request)], [200, 429]);
    assert.equal(await statusOf(await keyWith({ model_rpm_limit: { 'anthropic.*': 0 } }), request), 200);
  });

  test('has spent after a restart what it had spent before', async (context) => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-models-'));
    context.after(() => rm(dataDir, { recursive: true, force: true }));
    const start = async (): Promise<TestGateway> => {
      const gateway = await startTestGateway({ env: { OUTCROP_DATA_DIR: dataDir } });
      gateway.simulator.setResource('GetInferenceProfile', PROFILE, { models: [{ modelArn: NOVA_ARN }] });
      return gateway;
    };
    const first = await start();
    const budget = { budget_limit: 0.001, time_period: '1mo' };
    const bearer = await keyWith({ model_max_budget: { 'amazon.nova-*': budget } }, first);
    const reranked = await keyWith({ limits: [{ kind: 'requests', max: 1, window: '1mo', model: 'cohere.*' }] }, first);
    // $0.06 and $0.24 for a million.
    const request = converse({ model: PROFILE, usage: { inputTokens: 14_000, outputTokens: 10 } });
    const statuses = async ({ origin }: TestGateway) => [
      (await ask(origin, bearer, request)).status,
      (await ask(origin, reranked, GENERATE)).status,
    ];
    assert.deepEqual(
      [await statuses(first), await statuses(first)],
      [
        [200, 200],
        [400, 400],
      ],
    );
    await first.close();
    for (let starts = 0; starts < 2; starts += 1) {
      const again = await start();
      try {
        assert.deepEqual(await statuses(again), [400, 400]);
      } finally {
        await again.close();
      }
    }
  });
});

const logs = z.array(z.looseObject({ model: z.string() }));

/** Calls are written to the database a moment after their end. */
async function modelsSpent({ origin }: TestGateway, keyId: string): Promise<readonly string[]> {
  for (;;) {
    const rows = logs.parse(await managed(origin, `GET /spend/logs?api_key=${keyId}`));
    if (rows.length > 0) return rows.map(({ model }) => model);
    await pause(2);
  }
}
