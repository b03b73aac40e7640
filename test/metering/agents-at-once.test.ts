import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startRedis, type TestRedis } from '../counters/redis-server.ts';
import { needs } from '../support/needs.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { issueKey, type PlainRequest } from '../support/virtual-keys.ts';
import { type Answered, ask } from './ask.ts';
import { dollarsOf } from './bills.ts';
import { allStored } from './exact-budget.ts';
import { readLedger } from './stored-calls.ts';

const CALLS = 32;
const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const BODY_BYTES = 85_000;
const BEDROCK_MS = 3000;

/** As Claude Code sends them: a long system text and tools that go into the cache, and far more output allowed than used. */
function agentCall(pacing: object): PlainRequest {
  const body = {
    anthropic_version: 'bedrock-2023-05-31',
    anthropic_beta: ['interleaved-thinking-2025-05-14'],
    max_tokens: 32_000,
    system: [{ type: 'text', text: '', cache_control: { type: 'ephemeral' } }],
    tools: [{ name: 'Bash', description: 'Runs a command.', input_schema: { type: 'object', properties: {} } }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Where does bedrock come to the surface?' }] }],
    metadata: { user_id: 'user_0_account__session_9b2f0c5e-7c1d-4a43-8f6e-2f6b1d1f0a11' },
    simulator: { ...pacing, usage: { inputTokens: 3, outputTokens: 500, cacheReadInputTokens: 20_000 } },
  };
  const missing = BODY_BYTES - JSON.stringify(body).length;
  const system = [{ type: 'text', text: 'x'.repeat(missing), cache_control: { type: 'ephemeral' } }];
  return {
    method: 'POST',
    path: `/bedrock/model/${MODEL}/invoke-with-response-stream`,
    body: JSON.stringify({ ...body, system }),
  };
}

const HEADERS = { 'user-agent': 'claude-cli/2.1.197 (external, cli)', accept: 'application/json' };

/** $3.30, $16.50 and $0.33 for a million: 3 in, 500 out, 20,000 from the cache. */
const USED_NANOS = 3n * 3300n + 500n * 16_500n + 20_000n * 330n;

function suite(where: string, environment: () => Record<string, string>): void {
  describe(`${CALLS} calls of agents at once, counted in ${where}`, () => {
    let running: TestGateway;
    let dataDir: string;
    before(async () => {
      dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-agents-'));
      running = await startTestGateway({
        env: {
          OUTCROP_DATA_DIR: dataDir,
          OUTCROP_ALLOWED_REGIONS: 'us-east-1,us-east-2,us-west-2',
          ...environment(),
        },
      });
    });
    after(async () => {
      await running.close();
      await rm(dataDir, { recursive: true, force: true });
    });

    const call = (bearer: string, pacing: object = {}): Promise<Answered> =>
      ask(running.origin, bearer, agentCall(pacing), HEADERS);

    /** On a busy machine Redis may be late, which closes budgets for a moment: not what is looked for here. */
    const whileReachable = async (calls: () => Promise<readonly Answered[]>): Promise<readonly Answered[]> => {
      for (;;) {
        const answers = await calls();
        if (answers.every(({ status }) => status !== 503)) return answers;
      }
    };

    /** The most that one of them may come to, as it is held: no more than what they may cost by hand. */
    const boundOfOne = async (): Promise<bigint> => {
      const { id, bearer } = await issueKey(running.origin, { max_budget: 100 });
      const [answer] = await whileReachable(async () => [await call(bearer)]);
      assert.equal(answer?.status, 200, answer?.text);
      await allStored(running.origin);
      const stored = readLedger(dataDir).calls.find(({ keyId, status }) => keyId === id && status === 200);
      assert.equal(stored?.costNanos, USED_NANOS);
      // A token for each byte, 2,048 that a provider may add, all of them written to the cache for an hour at most.
      const mostNanos = BigInt(BODY_BYTES + 2048) * 6600n + 32_000n * 16_500n;
      assert.ok(stored.reservedNanos > USED_NANOS && stored.reservedNanos <= mostNanos, String(stored.reservedNanos));
      return stored.reservedNanos;
    };

    /** Bedrock takes so long that all of them run together. */
    const allAtOnce = (budgetNanos: bigint): Promise<readonly Answered[]> =>
      whileReachable(async () => {
        const { bearer } = await issueKey(running.origin, { max_budget: dollarsOf(budgetNanos) });
        return Promise.all(Array.from({ length: CALLS }, () => call(bearer, { delayMs: BEDROCK_MS })));
      });

    test('are all let through by a budget that has what they may come to together', async () => {
      const bound = await boundOfOne();
      const answers = await allAtOnce(bound * BigInt(CALLS));
      assert.deepEqual(
        answers.filter(({ status }) => status !== 200).map(({ text }) => text),
        [],
      );
    });

    test('are all but one let through when it is a nano-dollar less, which is told with the arithmetic', async () => {
      const bound = await boundOfOne();
      const answers = await allAtOnce(bound * BigInt(CALLS) - 1n);
      const refused = answers.filter(({ status }) => status !== 200);
      assert.deepEqual(
        refused.map(({ status, exception }) => [status, exception]),
        [[400, 'ServiceQuotaExceededException']],
      );
      const [{ message } = { message: '' }] = refused;
      const most = `\\$${(Number(bound) / 1e9).toFixed(2)}`;
      assert.match(message, new RegExp(`^Budget has been exceeded! .* could cost up to ${most}\\d*: `));
      assert.match(
        message,
        /: 8[567],\d{3} input tokens × \$\d\.\d+ \+ max_tokens 32,000 × \$16\.50 per million tokens/,
      );
      assert.match(message, /spent or held by running requests/);
    });

    test('are let through one at a time by a budget for what they use, though not for what they may come to', async () => {
      const bound = await boundOfOne();
      const answers = await whileReachable(async () => {
        const { bearer } = await issueKey(running.origin, { max_budget: dollarsOf(bound + 3n * USED_NANOS) });
        const inTurn: Answered[] = [];
        for (let number = 0; number < 5; number += 1) inTurn.push(await call(bearer));
        return inTurn;
      });
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 400],
      );
    });
  });
}

suite('memory', () => ({}));

describe('with Redis', needs('redis-server'), () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());
  suite('Redis', () => ({ REDIS_URL: redis.url }));
});
