import { BedrockError } from '../bedrock-error.ts';
import type { JsonObject } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer } from './answer.ts';
import { ownResource } from './own-resources.ts';

/** The models the simulator says it has. It answers for any other id just the same. */

interface Model {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly output: 'TEXT' | 'EMBEDDING';
  readonly streams: boolean;
}

const MODELS: readonly Model[] = [
  text('anthropic.claude-sonnet-4-5-20250929-v1:0', 'Claude Sonnet 4.5', 'Anthropic'),
  text('anthropic.claude-haiku-4-5-20251001-v1:0', 'Claude Haiku 4.5', 'Anthropic'),
  text('amazon.nova-pro-v1:0', 'Nova Pro', 'Amazon'),
  text('amazon.nova-lite-v1:0', 'Nova Lite', 'Amazon'),
  text('meta.llama3-3-70b-instruct-v1:0', 'Llama 3.3 70B Instruct', 'Meta'),
  text('amazon.titan-text-express-v1', 'Titan Text G1 - Express', 'Amazon'),
  embedding('amazon.titan-embed-text-v2:0', 'Titan Text Embeddings V2', 'Amazon'),
  embedding('cohere.embed-multilingual-v3', 'Embed Multilingual', 'Cohere'),
  { id: 'cohere.rerank-v3-5:0', name: 'Rerank 3.5', provider: 'Cohere', output: 'TEXT', streams: false },
];

const ACCOUNT = '123456789012';
const REGION = 'us-east-1';
const CREATED_AT = '2025-01-01T00:00:00Z';
const RESULTS_MAX = 1000;

export function listFoundationModels(asked: Asked): Answer {
  const { byProvider, byOutputModality } = asked.query;
  const models = MODELS.filter(
    ({ provider, output }) =>
      (byProvider ?? provider).toLowerCase() === provider.toLowerCase() && (byOutputModality ?? output) === output,
  );
  return jsonAnswer({ modelSummaries: models.map(modelSummary) });
}

export function getFoundationModel(asked: Asked): Answer {
  const wanted = asked.labels['modelIdentifier'] ?? '';
  const model = MODELS.find(({ id }) => id === wanted || modelArn(id) === wanted);
  if (model === undefined) throw new BedrockError(404, 'ResourceNotFoundException', `Could not find ${wanted}.`);
  return jsonAnswer({ modelDetails: modelSummary(model) });
}

/** Pages of `maxResults`; the token is the place of the next profile. */
export function listInferenceProfiles(asked: Asked): Answer {
  const { type = 'SYSTEM_DEFINED', maxResults, nextToken } = asked.query;
  const profiles = type === 'SYSTEM_DEFINED' ? MODELS.map(profileSummary) : [];
  const start = Number(nextToken ?? 0) || 0;
  const end = start + (Number(maxResults ?? RESULTS_MAX) || RESULTS_MAX);
  return jsonAnswer({
    inferenceProfileSummaries: profiles.slice(start, end),
    ...(end < profiles.length ? { nextToken: String(end) } : {}),
  });
}

export function getInferenceProfile(asked: Asked): Answer {
  const wanted = asked.labels['inferenceProfileIdentifier'] ?? '';
  const own = ownResource(asked);
  if (own !== undefined) return jsonAnswer(own);
  const profile = MODELS.map(profileSummary).find(
    ({ inferenceProfileId, inferenceProfileArn }) => inferenceProfileId === wanted || inferenceProfileArn === wanted,
  );
  if (profile === undefined) throw new BedrockError(404, 'ResourceNotFoundException', `Could not find ${wanted}.`);
  return jsonAnswer(profile);
}

function text(id: string, name: string, provider: string): Model {
  return { id, name, provider, output: 'TEXT', streams: true };
}

function embedding(id: string, name: string, provider: string): Model {
  return { id, name, provider, output: 'EMBEDDING', streams: false };
}

function modelArn(id: string): string {
  return `arn:aws:bedrock:${REGION}::foundation-model/${id}`;
}

function modelSummary({ id, name, provider, output, streams }: Model): JsonObject {
  return {
    modelArn: modelArn(id),
    modelId: id,
    modelName: name,
    providerName: provider,
    inputModalities: ['TEXT'],
    outputModalities: [output],
    responseStreamingSupported: streams,
    customizationsSupported: [],
    inferenceTypesSupported: ['ON_DEMAND'],
    modelLifecycle: { status: 'ACTIVE' },
  };
}

function profileSummary({ id, name }: Model): JsonObject {
  return {
    inferenceProfileName: `US ${name}`,
    description: `Routes requests to ${name} in US regions.`,
    createdAt: CREATED_AT,
    updatedAt: CREATED_AT,
    inferenceProfileArn: `arn:aws:bedrock:${REGION}:${ACCOUNT}:inference-profile/us.${id}`,
    models: [{ modelArn: modelArn(id) }],
    inferenceProfileId: `us.${id}`,
    status: 'ACTIVE',
    type: 'SYSTEM_DEFINED',
  };
}
