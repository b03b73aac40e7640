import type { Operation } from '../route.ts';
import { invokeAgentRuntimeCommand, invokeCodeInterpreter } from './agentcore.ts';
import { invokeAgent, invokeInlineAgent } from './agents.ts';
import type { AnswerOperation } from './answer.ts';
import { getFoundationModel, getInferenceProfile, listFoundationModels, listInferenceProfiles } from './catalogue.ts';
import { converse, converseStream } from './converse.ts';
import { countTokens } from './count-tokens.ts';
import { echo } from './echo.ts';
import { invokeFlow } from './flows.ts';
import { applyGuardrail, invokeGuardrailChecks } from './guardrail.ts';
import { invokeModel, invokeModelWithResponseStream } from './invoke-model/index.ts';
import {
  agenticRetrieveStream,
  rerank,
  retrieve,
  retrieveAndGenerate,
  retrieveAndGenerateStream,
} from './knowledge-bases.ts';
import { getOwnResource } from './own-resources.ts';
import { optimizePrompt } from './optimize-prompt.ts';

/** Which operation has which answer. What is not listed is echoed. */
const ANSWERS: Readonly<Record<string, AnswerOperation>> = {
  'bedrock:GetCustomModel': getOwnResource,
  'bedrock:GetCustomModelDeployment': getOwnResource,
  'bedrock:GetFoundationModel': getFoundationModel,
  'bedrock:GetImportedModel': getOwnResource,
  'bedrock:GetInferenceProfile': getInferenceProfile,
  'bedrock:GetPromptRouter': getOwnResource,
  'bedrock:GetProvisionedModelThroughput': getOwnResource,
  'bedrock:ListFoundationModels': listFoundationModels,
  'bedrock:ListInferenceProfiles': listInferenceProfiles,

  'bedrock-runtime:ApplyGuardrail': applyGuardrail,
  'bedrock-runtime:Converse': converse,
  'bedrock-runtime:ConverseStream': converseStream,
  'bedrock-runtime:CountTokens': countTokens,
  'bedrock-runtime:InvokeGuardrailChecks': invokeGuardrailChecks,
  'bedrock-runtime:InvokeModel': invokeModel,
  'bedrock-runtime:InvokeModelWithResponseStream': invokeModelWithResponseStream,

  'bedrock-agent:GetPrompt': getOwnResource,

  'bedrock-agent-runtime:AgenticRetrieveStream': agenticRetrieveStream,
  'bedrock-agent-runtime:InvokeAgent': invokeAgent,
  'bedrock-agent-runtime:InvokeFlow': invokeFlow,
  'bedrock-agent-runtime:InvokeInlineAgent': invokeInlineAgent,
  'bedrock-agent-runtime:OptimizePrompt': optimizePrompt,
  'bedrock-agent-runtime:Rerank': rerank,
  'bedrock-agent-runtime:Retrieve': retrieve,
  'bedrock-agent-runtime:RetrieveAndGenerate': retrieveAndGenerate,
  'bedrock-agent-runtime:RetrieveAndGenerateStream': retrieveAndGenerateStream,

  'bedrock-agentcore:InvokeAgentRuntimeCommand': invokeAgentRuntimeCommand,
  'bedrock-agentcore:InvokeCodeInterpreter': invokeCodeInterpreter,
  // A harness streams the events of a conversation, under the same names.
  'bedrock-agentcore:InvokeHarness': converseStream,
};

/** How an operation is answered. */
export function answerOf({ service, operation }: Operation): AnswerOperation {
  return ANSWERS[`${service}:${operation}`] ?? echo;
}
