import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedMode } from '../../../src/domain/usage/service-mode.ts';
import { requestFor } from './fixtures.ts';

const CONVERSE = 'bedrock-runtime:Converse';
const INVOKE = 'bedrock-runtime:InvokeModel';
const TIER = 'X-Amzn-Bedrock-Service-Tier';

type Case = readonly [
  operation: string,
  body: object | string,
  headers: readonly string[],
  serviceTier: 'priority' | null,
  latencyOptimized: boolean,
];

const CASES: readonly Case[] = [
  [CONVERSE, {}, [], null, false],
  [CONVERSE, { serviceTier: { type: 'priority' } }, [], 'priority', false],
  [CONVERSE, { serviceTier: { type: 'flex' } }, [], null, false],
  [CONVERSE, { serviceTier: { type: 'reserved' } }, [], null, false],
  [CONVERSE, { performanceConfig: { latency: 'optimized' } }, [], null, true],
  [CONVERSE, '{"serviceTier":{"type":"priority","type":"flex"}}', [], 'priority', false],
  [CONVERSE, '{"performanceConfig":{"latency":"optimized","latency":"standard"}}', [], null, true],
  [INVOKE, {}, [TIER, 'priority'], 'priority', false],
  [INVOKE, { service_tier: 'flex' }, [TIER, 'priority'], 'priority', false],
  [INVOKE, { service_tier: 'priority' }, [TIER, 'flex'], 'priority', false],
  [INVOKE, {}, ['X-Amzn-Bedrock-PerformanceConfig-Latency', 'optimized'], null, true],
];

test('of what a request asks for the dearest counts, and nothing makes it cheaper than the standard', () => {
  for (const [operation, body, headers, serviceTier, latencyOptimized] of CASES) {
    const asked = askedMode(requestFor(operation, { modelId: 'openai.gpt-x', body, headers }));
    assert.deepEqual(asked, { serviceTier, latencyOptimized }, JSON.stringify([body, headers]));
  }
});
