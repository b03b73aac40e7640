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
  /** A member beside which the models named are not all that may answer. */
  readonly otherwise?: readonly string[];
  /** How a version behind the reference is asked for. Without one AWS answers with `whenNone`. */
  readonly version?: { readonly query: string; readonly member: string; readonly whenNone: string };
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

/** Nobody can change a router of one's own. AWS changes its default ones when models come and go. */
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
 * What to ask: all of it, since a bare name may be that of several things, and whatever is known under it counts. An
 * empty list is unresolvable: AWS does not say which model an imported one or an endpoint of SageMaker is, so those are
 * allowed by their own ARN or not at all. Answers may name resources that have to be looked up in turn.
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
      // An agent, which runs whatever models it was made with.
      otherwise: ['variants', '[]', 'genAiResource'],
      version: { query: 'promptVersion', member: 'version', whenNone: 'DRAFT' },
      holdsMs: MUTABLE_MS,
    },
  ],
  'prompt-router': [PROMPT_ROUTER],
  'default-prompt-router': [{ ...PROMPT_ROUTER, holdsMs: MUTABLE_MS }],
  endpoint: [],
  id: [INFERENCE_PROFILE, PROVISIONED_MODEL],
};
