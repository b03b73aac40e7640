import type { Operation } from '../operations/operation.ts';

/**
 * Operations that change something and start work, or a rent, that AWS charges for and of which the answer says
 * nothing. https://aws.amazon.com/bedrock/pricing/ and https://aws.amazon.com/bedrock/agentcore/pricing/
 */
const PAID_WRITES: ReadonlySet<string> = new Set([
  'bedrock:CreateAdvancedPromptOptimizationJob',
  'bedrock:CreateCustomModel',
  'bedrock:CreateCustomModelDeployment',
  'bedrock:CreateEvaluationJob',
  'bedrock:CreateMarketplaceModelEndpoint',
  'bedrock:CreateModelCopyJob',
  'bedrock:CreateModelCustomizationJob',
  'bedrock:CreateModelImportJob',
  'bedrock:CreateModelInvocationJob',
  'bedrock:CreateProvisionedModelThroughput',
  'bedrock:RegisterMarketplaceModelEndpoint',
  'bedrock:StartAutomatedReasoningPolicyBuildWorkflow',
  'bedrock:StartAutomatedReasoningPolicyTestWorkflow',
  'bedrock:UpdateMarketplaceModelEndpoint',
  'bedrock:UpdateProvisionedModelThroughput',
  'bedrock-agent:CreateKnowledgeBase',
  'bedrock-agent:IngestKnowledgeBaseDocuments',
  'bedrock-agent:StartIngestionJob',
  'bedrock-agentcore:BatchCreateMemoryRecords',
  'bedrock-agentcore:BatchUpdateMemoryRecords',
  'bedrock-agentcore:CreateABTest',
  'bedrock-agentcore:CreateEvent',
  'bedrock-agentcore:IngestData',
  'bedrock-agentcore:SaveBrowserSessionProfile',
  'bedrock-agentcore-control:CreateGatewayTarget',
  'bedrock-agentcore-control:CreateOnlineEvaluationConfig',
  'bedrock-agentcore-control:StartPolicyGeneration',
  'bedrock-agentcore-control:SynchronizeGatewayTargets',
  'bedrock-agentcore-control:UpdateGatewayTarget',
  'bedrock-agentcore-control:UpdateOnlineEvaluationConfig',
  'bedrock-data-automation:InvokeBlueprintOptimizationAsync',
  'bedrock-data-automation:InvokeDataAutomationLibraryIngestionJob',
]);

/**
 * Whether AWS charges nothing for a call: for reading, for counting tokens, and for changes that start nothing. What is
 * not known to be free is not.
 */
export function isFree({ qualifiedName, kind, modelled }: Operation): boolean {
  if (!modelled) return false;
  if (kind === 'invoke') return qualifiedName === 'bedrock-runtime:CountTokens';
  return kind === 'read' || !PAID_WRITES.has(qualifiedName);
}
