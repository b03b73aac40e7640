import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS, unmodelledOperation } from '../../../src/domain/operations/table.ts';
import { createUsageReader } from '../../../src/domain/usage/create-usage-reader.ts';
import { isFree } from '../../../src/domain/usage/free-operations.ts';
import { HeaderList } from '../../../src/domain/headers.ts';
import { MeteredRequest } from '../../../src/domain/usage/metered-request.ts';
import { operationNamed } from './fixtures.ts';

test('reading costs nothing, and neither do changes that start nothing', () => {
  for (const operation of OPERATIONS.filter(({ kind }) => kind === 'read')) assert.equal(isFree(operation), true);
  for (const name of [
    'bedrock:CreateGuardrail',
    'bedrock-agent:UpdateAgent',
    'bedrock:DeleteCustomModel',
    'bedrock-agent-runtime:CreateSession',
  ]) {
    assert.equal(isFree(operationNamed(name)), true, name);
  }
});

test('work that was started, and whatever makes a model, agent or tool do something, is not free', () => {
  for (const operation of OPERATIONS.filter(({ kind }) => kind === 'invoke')) {
    assert.equal(isFree(operation), operation.name === 'CountTokens', operation.qualifiedName);
  }
  for (const name of [
    'bedrock:CreateModelInvocationJob',
    'bedrock-agent:StartIngestionJob',
    'bedrock-agentcore:CreateEvent',
  ]) {
    assert.equal(isFree(operationNamed(name)), false, name);
  }
  assert.equal(isFree(unmodelledOperation('bedrock-runtime')), false);
});

test('every job, deployment and stored thing that costs by itself is one the table of AWS has', () => {
  const starts = OPERATIONS.filter(
    ({ kind, name }) => kind === 'write' && /^(Create|Start|Invoke)\w*(Job|Workflow|Throughput)$/.test(name),
  );
  assert.ok(starts.length > 8);
  for (const operation of starts) assert.equal(isFree(operation), false, operation.qualifiedName);
});

test('of every operation something is said, and of none a cost of zero that nobody vouched for', () => {
  for (const operation of [...OPERATIONS, unmodelledOperation('bedrock-agentcore')]) {
    const request = new MeteredRequest(operation, null, HeaderList.fromRaw([]), Buffer.alloc(0));
    const reader = createUsageReader(request, 200, []);
    reader.push(Buffer.from('{}'));
    const usage = reader.end(true);
    if (usage.source === 'free') assert.equal(isFree(operation), true, operation.qualifiedName);
    else assert.ok(usage.source === 'unknown' || usage.lines.length > 0, operation.qualifiedName);
    assert.deepEqual(createUsageReader(request, 500, []).end(true).source, 'free');
  }
});
