/**
 * What a new key may do when nothing else is said: use models, guardrails, knowledge bases, agents, flows and runtimes,
 * and look models up. Everything else is granted by name. Left out on purpose: what reads other people's sessions,
 * memories and invocations, what hands out tokens or moves money, what starts jobs, and every change to a control plane.
 */
export const DEFAULT_OPERATIONS: readonly string[] = [
  'bedrock-runtime:Converse',
  'bedrock-runtime:ConverseStream',
  'bedrock-runtime:InvokeModel',
  'bedrock-runtime:InvokeModelWithResponseStream',
  'bedrock-runtime:CountTokens',
  'bedrock-runtime:ApplyGuardrail',
  'bedrock-agent-runtime:Retrieve',
  'bedrock-agent-runtime:RetrieveAndGenerate',
  'bedrock-agent-runtime:RetrieveAndGenerateStream',
  'bedrock-agent-runtime:Rerank',
  'bedrock-agent-runtime:GenerateQuery',
  'bedrock-agent-runtime:OptimizePrompt',
  'bedrock-agent-runtime:InvokeAgent',
  'bedrock-agent-runtime:InvokeInlineAgent',
  'bedrock-agent-runtime:InvokeFlow',
  'bedrock-agentcore:InvokeAgentRuntime',
  'bedrock:ListFoundationModels',
  'bedrock:GetFoundationModel',
  'bedrock:ListInferenceProfiles',
  'bedrock:GetInferenceProfile',
];
