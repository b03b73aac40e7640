import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS } from '../../../src/domain/operations/table.ts';
import { DEFAULT_OPERATIONS } from '../../../src/domain/policy/default-operations.ts';

/** Written out a second time on purpose: nothing becomes open to every key by a slip in one file. */
const SNAPSHOT = `
  bedrock-agent-runtime:GenerateQuery bedrock-agent-runtime:InvokeAgent bedrock-agent-runtime:InvokeFlow
  bedrock-agent-runtime:InvokeInlineAgent bedrock-agent-runtime:OptimizePrompt bedrock-agent-runtime:Rerank
  bedrock-agent-runtime:Retrieve bedrock-agent-runtime:RetrieveAndGenerate bedrock-agent-runtime:RetrieveAndGenerateStream
  bedrock-agentcore:InvokeAgentRuntime bedrock-runtime:ApplyGuardrail bedrock-runtime:Converse
  bedrock-runtime:ConverseStream bedrock-runtime:CountTokens bedrock-runtime:InvokeModel
  bedrock-runtime:InvokeModelWithResponseStream bedrock:GetFoundationModel bedrock:GetInferenceProfile
  bedrock:ListFoundationModels bedrock:ListInferenceProfiles`;

test('a new key may do these operations and no other', () => {
  assert.deepEqual(DEFAULT_OPERATIONS.toSorted(), SNAPSHOT.trim().split(/\s+/));
});

test('each of them is an operation of Bedrock, written out', () => {
  const known = new Set(OPERATIONS.map(({ service, name }) => `${service}:${name}`));
  assert.deepEqual(
    DEFAULT_OPERATIONS.filter((operation) => !known.has(operation)),
    [],
  );
});
