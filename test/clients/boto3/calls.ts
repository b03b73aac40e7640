import type { Boto3Call } from './driver.ts';
import { AGENT_RUNTIME_ARN, CLAUDE_BODY, MODEL, PROFILE_ARN } from '../examples.ts';

export const MESSAGES = [{ role: 'user', content: [{ text: 'What is an outcrop?' }] }];

/** At least one operation of each service. */
export const CALLS: readonly (Omit<Boto3Call, 'client'> & { readonly operation: string; readonly region?: string })[] =
  [
    { service: 'bedrock', method: 'list_foundation_models', operation: 'ListFoundationModels' },
    {
      service: 'bedrock',
      method: 'list_tags_for_resource',
      args: { resourceARN: 'arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123' },
      operation: 'ListTagsForResource',
    },
    {
      service: 'bedrock-runtime',
      method: 'converse',
      args: { modelId: PROFILE_ARN, messages: MESSAGES },
      operation: 'Converse',
      region: 'us-west-2',
    },
    {
      service: 'bedrock-runtime',
      method: 'invoke_model',
      args: { modelId: MODEL, body: CLAUDE_BODY },
      operation: 'InvokeModel',
    },
    {
      service: 'bedrock-runtime',
      method: 'apply_guardrail',
      args: {
        guardrailIdentifier: 'gr12345',
        guardrailVersion: 'DRAFT',
        source: 'INPUT',
        content: [{ text: { text: 'Hello' } }],
      },
      operation: 'ApplyGuardrail',
    },
    { service: 'bedrock-agent', method: 'prepare_agent', args: { agentId: 'AGENT12345' }, operation: 'PrepareAgent' },
    {
      service: 'bedrock-agent-runtime',
      method: 'retrieve',
      args: { knowledgeBaseId: 'KB12345678', retrievalQuery: { text: 'rock' } },
      operation: 'Retrieve',
    },
    {
      service: 'bedrock-agentcore',
      method: 'invoke_agent_runtime',
      args: { agentRuntimeArn: AGENT_RUNTIME_ARN, payload: '{"prompt":"Hello"}' },
      operation: 'InvokeAgentRuntime',
      region: 'us-west-2',
    },
    { service: 'bedrock-agentcore-control', method: 'list_agent_runtimes', operation: 'ListAgentRuntimes' },
    { service: 'bedrock-data-automation', method: 'list_blueprints', operation: 'ListBlueprints' },
    {
      service: 'bedrock-data-automation-runtime',
      method: 'get_data_automation_status',
      args: { invocationArn: 'arn:aws:bedrock:us-east-1:123456789012:data-automation-invocation/abc123' },
      operation: 'GetDataAutomationStatus',
    },
  ];

/** `first` and `last` are the kinds of the events at both ends. */
export const STREAMS: readonly (Omit<Boto3Call, 'client'> & { readonly first: string; readonly last: string })[] = [
  {
    service: 'bedrock-runtime',
    method: 'converse_stream',
    args: { modelId: PROFILE_ARN, messages: MESSAGES },
    first: 'messageStart',
    last: 'metadata',
  },
  {
    service: 'bedrock-runtime',
    method: 'invoke_model_with_response_stream',
    args: { modelId: MODEL, body: CLAUDE_BODY },
    first: 'chunk',
    last: 'chunk',
  },
  {
    service: 'bedrock-agent-runtime',
    method: 'invoke_agent',
    args: { agentId: 'AGENT12345', agentAliasId: 'ALIAS12345', sessionId: 'session-1', inputText: 'Hello' },
    first: 'chunk',
    last: 'chunk',
  },
  {
    service: 'bedrock-agent-runtime',
    method: 'retrieve_and_generate_stream',
    args: { input: { text: 'Hello' } },
    first: 'output',
    last: 'citation',
  },
];
