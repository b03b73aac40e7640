import type { ServiceId } from '../operations/services.ts';
import type { ResolvableKind } from './model-reference.ts';

/** How AWS is asked what a resource stands for. */
export interface ModelLookup {
  readonly service: ServiceId;
  readonly operation: string;
  /** The label of its path that takes the reference: the ARN or id as the client wrote it. */
  readonly label: string;
  /** Where the answer names the models, all of which may be used: member names, `[]` for items of lists. */
  readonly models: readonly (readonly string[])[];
  /** How long an answer holds, in milliseconds. */
  readonly holdsMs: number;
}

/** For what can be changed in place. */
const MUTABLE_MS = 10_000;
/** For what AWS has no operation to change: another one gets another ARN. */
const IMMUTABLE_MS = 3_600_000;

const INFERENCE_PROFILE: ModelLookup = {
  service: 'bedrock',
  operation: 'GetInferenceProfile',
  label: 'inferenceProfileIdentifier',
  models: [['models', '[]', 'modelArn']],
  holdsMs: IMMUTABLE_MS,
};

/** While it changes over, the model of today and that of tomorrow may both answer. */
const PROVISIONED_MODEL: ModelLookup = {
  service: 'bedrock',
  operation: 'GetProvisionedModelThroughput',
  label: 'provisionedModelId',
  models: [['modelArn'], ['desiredModelArn']],
  holdsMs: MUTABLE_MS,
};

const PROMPT_ROUTER: ModelLookup = {
  service: 'bedrock',
  operation: 'GetPromptRouter',
  label: 'promptRouterArn',
  models: [
    ['models', '[]', 'modelArn'],
    ['fallbackModel', 'modelArn'],
  ],
  holdsMs: IMMUTABLE_MS,
};

/**
 * What to ask, in this order, until one knows the reference. An empty list is unresolvable: AWS does not say which model
 * an imported one or an endpoint of SageMaker is, so those are allowed by their own ARN or not at all. Answers may name
 * resources that have to be looked up in turn.
 */
export const MODEL_LOOKUPS: Readonly<Record<ResolvableKind, readonly ModelLookup[]>> = {
  'application-inference-profile': [INFERENCE_PROFILE],
  'provisioned-model': [PROVISIONED_MODEL],
  'imported-model': [],
  'custom-model': [
    {
      service: 'bedrock',
      operation: 'GetCustomModel',
      label: 'modelIdentifier',
      models: [['baseModelArn']],
      holdsMs: IMMUTABLE_MS,
    },
  ],
  'custom-model-deployment': [
    {
      service: 'bedrock',
      operation: 'GetCustomModelDeployment',
      label: 'customModelDeploymentIdentifier',
      models: [['modelArn']],
      holdsMs: MUTABLE_MS,
    },
  ],
  prompt: [
    {
      service: 'bedrock-agent',
      operation: 'GetPrompt',
      label: 'promptIdentifier',
      models: [['variants', '[]', 'modelId']],
      holdsMs: MUTABLE_MS,
    },
  ],
  'prompt-router': [PROMPT_ROUTER],
  'default-prompt-router': [PROMPT_ROUTER],
  endpoint: [],
  id: [INFERENCE_PROFILE, PROVISIONED_MODEL],
};
