import { BedrockError } from '../bedrock-error.ts';

/** Throws 404 for a model the simulator pretends not to have: any id or ARN that names `unknown.` as its vendor. */
export function checkModelId(modelId: string): void {
  if (!/(^|[./])unknown\./.test(modelId)) return;
  throw new BedrockError(404, 'ResourceNotFoundException', `Could not find the model ${modelId}.`);
}
