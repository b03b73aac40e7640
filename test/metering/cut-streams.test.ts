import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BedrockAgentRuntimeClient,
  InvokeAgentCommand,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { z } from 'zod';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey, type IssuedKey } from '../support/virtual-keys.ts';
import type { Pacing } from './workload.ts';

/** What an agent is to do: how slowly to speak, and what to say that it used. */
interface Directives extends Pacing {
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
}

/** An agent that tells in its trace what it used: nothing bounds it before, so it holds nothing of its budget. */
async function askAgent({ origin }: TestGateway, { accessKeyId, secretAccessKey }: IssuedKey, directives: Directives) {
  const client = new BedrockAgentRuntimeClient({
    region: 'us-east-1',
    endpoint: `${origin}/bedrock`,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args;
      assert.ok(isRequest(request));
      const body = Buffer.from(
        JSON.stringify({ ...asked.parse(JSON.parse(textOf(request.body))), simulator: directives }),
      );
      Object.assign(request, { body });
      Object.assign(request.headers, { 'content-length': String(body.length) });
      return next(args);
    },
    { step: 'build', priority: 'high' },
  );
  const { completion } = await client.send(
    new InvokeAgentCommand({
      agentId: 'AGENT00001',
      agentAliasId: 'ALIAS00001',
      sessionId: 's1',
      inputText: 'Hi',
      enableTrace: true,
    }),
  );
  assert.ok(completion !== undefined);
  return completion;
}

const asked = z.looseObject({});

function isRequest(request: unknown): request is { body: unknown; headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'body' in request && 'headers' in request;
}

function textOf(body: unknown): string {
  return body instanceof Uint8Array ? Buffer.from(body).toString() : String(body);
}

/** @returns how many pieces it said. @throws what its stream throws */
async function heard(completion: AsyncIterable<object>): Promise<number> {
  let pieces = 0;
  for await (const event of completion) if ('chunk' in event) pieces += 1;
  return pieces;
}

/** Slower than the second in which a budget is looked at. */
const SLOW: Directives = { chunks: 30, intervalMs: 100 };
const ENDLESS: Directives = { ...SLOW, chunks: 300 };
/** A dollar and a quarter. */
const DEAR: Directives = { chunks: 1, usage: { inputTokens: 10, outputTokens: 1_000_000 } };

async function withGateway(env: Readonly<Record<string, string>>, use: (running: TestGateway) => Promise<void>) {
  const running = await startTestGateway({ env: { OUTCROP_UNBOUNDED_CALLS: 'allow', ...env } });
  try {
    await use(running);
  } finally {
    await running.close();
  }
}

describe('a stream whose budget is spent by another one meanwhile', () => {
  test('is ended by a throttlingException with OUTCROP_CUT_STREAMS', async () => {
    await withGateway({ OUTCROP_CUT_STREAMS: 'true', OUTCROP_ON_CLIENT_ABORT: 'cancel' }, async (running) => {
      const key = await issueKey(running.origin, { ...EVERY_OPERATION, max_budget: 1 });
      const slow = await askAgent(running, key, ENDLESS);
      assert.equal(await heard(await askAgent(running, key, DEAR)), 1);
      await assert.rejects(heard(slow), (error) => {
        assert.ok(error instanceof ThrottlingException, String(error));
        assert.match(error.message, /^A budget that this request runs under has been spent/);
        return true;
      });
    });
  });

  test('goes on without', async () => {
    await withGateway({}, async (running) => {
      const key = await issueKey(running.origin, { ...EVERY_OPERATION, max_budget: 1 });
      const slow = await askAgent(running, key, SLOW);
      assert.equal(await heard(await askAgent(running, key, DEAR)), 1);
      assert.equal(await heard(slow), 30);
    });
  });
});
