import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as agentRuntime from '@aws-sdk/client-bedrock-agent-runtime';
import * as agentCore from '@aws-sdk/client-bedrock-agentcore';
import * as runtime from '@aws-sdk/client-bedrock-runtime';
import { NormalizedSchema } from '@smithy/core/schema';
import { SERVICES } from '../../../src/domain/operations/services.ts';
import type { Service } from '../../../src/domain/operations/services.ts';
import { OPERATIONS } from '../../../src/domain/operations/table.ts';
import simulatorOperations from '../../../simulator/operations.generated.json' with { type: 'json' };
import listed from '../../fixtures/bedrock-operations-2026-08.json' with { type: 'json' };

const run = promisify(execFile);
const script = new URL('../../../scripts/update-operations.ts', import.meta.url);
const keyOf = (service: string, name: string): string => `${service}:${name}`;
const byKey = new Map(OPERATIONS.map((operation) => [keyOf(operation.service, operation.name), operation]));

const operationNamed = (key: string): (typeof OPERATIONS)[number] => {
  const operation = byKey.get(key);
  assert.ok(operation, `${key} is not in the table`);
  return operation;
};

test('the committed tables are what the installed AWS SDK clients say', async () => {
  const { stdout } = await run(process.execPath, [script.pathname, '--check']);
  assert.match(stdout, /^\d+ operations of 8 services/);
});

test('every operation of August 2026 is in the table with its service, method and path', () => {
  const known = new Set(OPERATIONS.map(({ service, name, method, path }) => `${service}:${name} ${method} ${path}`));
  assert.equal(listed.length, 491);
  assert.deepEqual(
    listed.filter((operation) => !known.has(operation)),
    [],
  );
});

test('only the services of models take Bedrock API keys, and only AgentCore has a signing name of its own', () => {
  const idsWhere = (holds: (service: Service) => boolean): string[] =>
    Object.values(SERVICES)
      .filter(holds)
      .map(({ id }) => id);
  assert.deepEqual(
    idsWhere(({ takesBearer }) => takesBearer),
    ['bedrock', 'bedrock-runtime'],
  );
  assert.deepEqual(
    idsWhere(({ signingName }) => signingName === 'bedrock-agentcore'),
    ['bedrock-agentcore', 'bedrock-agentcore-control'],
  );
});

test('endpoint variables are named as the AWS SDKs name them', () => {
  for (const { id, endpointVariable } of Object.values(SERVICES)) {
    assert.equal(endpointVariable, `AWS_ENDPOINT_URL_${id.toUpperCase().replaceAll('-', '_')}`);
  }
});

test('the simulator has the same operations', () => {
  assert.deepEqual(
    simulatorOperations.map(({ service, operation, method, uri }) => [service, operation, method, uri]),
    OPERATIONS.map(({ service, name, method, path }) => [service, name, method, path]),
  );
});

test('no operation is listed twice', () => {
  assert.equal(byKey.size, OPERATIONS.length);
});

test('event streams are known by direction', () => {
  const streaming = (direction: string): string[] =>
    OPERATIONS.filter(({ eventStream }) => eventStream === direction).map(({ name }) => name);
  assert.deepEqual(streaming('both'), ['InvokeModelWithBidirectionalStream']);
  assert.deepEqual(streaming('out').toSorted(), [
    'AgenticRetrieveStream',
    'ConverseStream',
    'InvokeAgent',
    'InvokeAgentRuntimeCommand',
    'InvokeCodeInterpreter',
    'InvokeFlow',
    'InvokeHarness',
    'InvokeInlineAgent',
    'InvokeModelWithResponseStream',
    'OptimizePrompt',
    'RetrieveAndGenerateStream',
  ]);
  assert.deepEqual(
    OPERATIONS.filter(({ streamsBytes }) => streamsBytes).map(({ name }) => name),
    ['InvokeAgentRuntime'],
  );
});

test('every event stream models the exception by which a relay says that it broke off', () => {
  const outputs = [
    runtime.ConverseStreamOutput$,
    runtime.ResponseStream$,
    agentRuntime.AgenticRetrieveStreamResponseOutput$,
    agentRuntime.ResponseStream$,
    agentRuntime.InlineAgentResponseStream$,
    agentRuntime.FlowResponseStream$,
    agentRuntime.OptimizedPromptStream$,
    agentRuntime.RetrieveAndGenerateStreamResponseOutput$,
    agentCore.CodeInterpreterStreamOutput$,
    agentCore.InvokeAgentRuntimeCommandStreamOutput$,
    agentCore.InvokeHarnessStreamOutput$,
  ].map((schema) => NormalizedSchema.of(schema));
  for (const output of outputs) {
    const events = [...output.structIterator()].map(([event]) => event);
    assert.ok(events.includes('internalServerException'), output.getName());
    assert.equal(events.includes('modelStreamErrorException'), outputs.indexOf(output) < 2, output.getName());
  }
});

test('modelled input headers are lower case', () => {
  const { headers } = operationNamed('bedrock-runtime:InvokeModel');
  assert.ok(headers.includes('x-amzn-bedrock-guardrailidentifier'));
  for (const operation of OPERATIONS) {
    assert.deepEqual(
      operation.headers,
      operation.headers.map((name) => name.toLowerCase()),
    );
  }
});

for (const [key, kind] of [
  ['bedrock-runtime:Converse', 'invoke'],
  ['bedrock-runtime:StartAsyncInvoke', 'invoke'],
  ['bedrock-runtime:ListAsyncInvokes', 'read'],
  ['bedrock-agent-runtime:Retrieve', 'invoke'],
  ['bedrock-agent-runtime:CreateInvocation', 'write'],
  ['bedrock-agent-runtime:ListSessions', 'read'],
  ['bedrock-agent:PrepareAgent', 'write'],
  ['bedrock-agent:ListAgents', 'read'],
  ['bedrock-data-automation:InvokeBlueprintOptimizationAsync', 'write'],
  ['bedrock-agentcore:InvokeCodeInterpreter', 'invoke'],
  ['bedrock-agentcore:GetPaymentSession', 'read'],
  ['bedrock-agentcore:GetResourceOauth2Token', 'invoke'],
  ['bedrock-agentcore:GetWorkloadAccessTokenForJWT', 'invoke'],
] as const) {
  test(`${key} is of kind ${kind}`, () => {
    assert.equal(operationNamed(key).kind, kind);
  });
}

test('every GET reads and everything that is called Create, Update or Delete writes', () => {
  for (const { name, method, kind } of OPERATIONS) {
    if (method === 'GET') assert.equal(kind, 'read', name);
    if (/^(?:Create|Update|Delete|Put|Tag|Untag)/.test(name)) assert.equal(kind, 'write', name);
  }
});

for (const [key, mebibytes] of [
  ['bedrock-runtime:InvokeModel', 32],
  ['bedrock:TagResource', 1],
  ['bedrock-runtime:Converse', 124],
  ['bedrock-agentcore:InvokeAgentRuntime', 100],
  ['bedrock-agentcore:InvokeCodeInterpreter', 134],
] as const) {
  test(`${key} carries bodies of up to ${mebibytes} MiB`, () => {
    const { bodyBytesMax } = operationNamed(key);
    assert.equal(Math.floor(bodyBytesMax / 1024 / 1024), mebibytes);
  });
}

test('a ConverseStream is complete only with its messageStop', () => {
  assert.deepEqual(operationNamed('bedrock-runtime:ConverseStream').terminalEvents, ['messageStop']);
});
