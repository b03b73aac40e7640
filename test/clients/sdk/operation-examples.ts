import type { ServiceId } from '../../../simulator/index.ts';
import type { ExampleValues } from './example-input.ts';

/** A region that is not the gateway's default: a request about a resource in it has to be signed for it. */
export const ARN_REGION = 'eu-west-1';

const ACCOUNT = '123456789012';
const SONNET = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const PROFILE_ARN = `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:application-inference-profile/abc123`;
const FOUNDATION_MODEL_ARN = `arn:aws:bedrock:${ARN_REGION}::foundation-model/${SONNET}`;

const MESSAGES = [{ role: 'user', content: [{ text: 'Grüß dich, "bedrock"' }] }];
const CLAUDE_BODY = new TextEncoder().encode(
  JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 50,
    messages: [{ role: 'user', content: 'Grüß dich' }],
  }),
);
const INVOKE = { body: CLAUDE_BODY, contentType: 'application/json', accept: 'application/json' };

/** A resource of each service, which tells services apart that share a path. */
const ARNS: Readonly<Record<ServiceId, string>> = {
  bedrock: `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:custom-model/amazon.nova-lite-v1:0/abc`,
  'bedrock-runtime': PROFILE_ARN,
  'bedrock-agent': `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:agent-alias/AGENT12345/ALIAS12345`,
  'bedrock-agent-runtime': `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:session/5f0c9f0e-0000-4000-8000-000000000000`,
  'bedrock-agentcore': `arn:aws:bedrock-agentcore:${ARN_REGION}:${ACCOUNT}:runtime/tool-abc123`,
  'bedrock-agentcore-control': `arn:aws:bedrock-agentcore:${ARN_REGION}:${ACCOUNT}:runtime/tool-abc123`,
  'bedrock-data-automation': `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:blueprint/abc123`,
  'bedrock-data-automation-runtime': `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:data-automation-profile/us.data`,
};

/** In the body: ListTagsForResource and its kin, shared by two services. */
const BODY_ARNS: Partial<Readonly<Record<ServiceId, string>>> = {
  bedrock: `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:guardrail/abc123`,
  'bedrock-data-automation': `arn:aws:bedrock:${ARN_REGION}:${ACCOUNT}:data-automation-project/abc123`,
};

/** What the simulator, as Bedrock, looks into: everywhere else any text does. */
const OPERATIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'bedrock:GetFoundationModel': { modelIdentifier: SONNET },
  'bedrock:GetInferenceProfile': { inferenceProfileIdentifier: `us.${SONNET}` },
  'bedrock-runtime:ApplyGuardrail': { source: 'INPUT', content: [{ text: { text: 'Grüß dich' } }] },
  'bedrock-runtime:Converse': { modelId: `us.${SONNET}`, messages: MESSAGES },
  'bedrock-runtime:ConverseStream': { modelId: PROFILE_ARN, messages: MESSAGES },
  'bedrock-runtime:CountTokens': { modelId: FOUNDATION_MODEL_ARN, input: { converse: { messages: MESSAGES } } },
  'bedrock-runtime:InvokeModel': { modelId: `global.${SONNET}`, ...INVOKE },
  'bedrock-runtime:InvokeModelWithResponseStream': { modelId: PROFILE_ARN, ...INVOKE },
  'bedrock-agentcore:InvokeHarness': { messages: MESSAGES },
};

/** The values with which an operation can be called at the simulator. */
export function examplesFor(service: ServiceId, operation: string): ExampleValues {
  const bodyArn = BODY_ARNS[service];
  return {
    arn: ARNS[service],
    members: {
      ...(bodyArn === undefined ? {} : { resourceARN: bodyArn }),
      ...OPERATIONS[`${service}:${operation}`],
    },
  };
}
