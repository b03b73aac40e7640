/**
 * What a member of a request names, told by its name as AWS names them. `npm run update-operations` builds the table
 * from this, and a test asks of every member that looks like one of these whether the table has it.
 */

/** Members that name a model, profile, or something that stands for models. */
const MODELS: ReadonlySet<string> = new Set([
  'baseModelArnEquals',
  'baseModelIdentifier',
  'copyFrom',
  'customModelDeploymentIdentifier',
  'desiredModelId',
  'embeddingModelArn',
  'endpointArn',
  'endpointIdentifier',
  'excludedModels',
  'foundationModel',
  'foundationModelArnEquals',
  'includedModels',
  'inferenceProfileIdentifier',
  'model',
  'modelArn',
  'modelArnEquals',
  'modelId',
  'modelIdentifier',
  'modelSourceEquals',
  'modelSourceIdentifier',
  'promptRouterArn',
  'provisionedModelId',
  'sourceModelArn',
  'sourceModelArnEquals',
  'targetModelId',
  'teacherModelIdentifier',
]);

/**
 * Labels that mean something only together with the resource in front of them, and sessions, whose ids clients make up.
 */
const PARTS: ReadonlySet<string> = new Set([
  'actionGroupId',
  'actorId',
  'agentAliasId',
  'agentVersion',
  'aliasIdentifier',
  'buildWorkflowId',
  'buildWorkflowType',
  'collaboratorId',
  'dataSourceId',
  'documentId',
  'endpointName',
  'entityId',
  'entityType',
  'eventId',
  'executionIdentifier',
  'flowAliasIdentifier',
  'flowVersion',
  'guardrailVersion',
  'ingestionJobId',
  'invocationIdentifier',
  'invocationStepId',
  'memoryRecordId',
  'paymentConnectorId',
  'policyGenerationId',
  'policyId',
  'rateLimitId',
  'recordId',
  'ruleId',
  'sessionId',
  'targetId',
  'testCaseId',
  'versionId',
]);

/** Members of bodies, headers and queries that name a resource by its id. */
const RESOURCES: ReadonlyMap<string, string> = new Map([
  ['agentId', 'agent'],
  ['agentIdentifier', 'agent'],
  ['agentRuntimeId', 'runtime'],
  ['baseEvaluatorId', 'evaluator'],
  ['browserId', 'browser'],
  ['browserIdentifier', 'browser'],
  ['codeInterpreterId', 'code-interpreter'],
  ['codeInterpreterIdentifier', 'code-interpreter'],
  ['clusterIdentifier', 'cluster'],
  ['configId', 'config'],
  ['connectorId', 'connector'],
  ['consentPortalIdentifier', 'consent-portal'],
  ['datasetId', 'dataset'],
  ['evaluatorId', 'evaluator'],
  ['flowIdentifier', 'flow'],
  ['gatewayIdentifier', 'gateway'],
  ['guardrailId', 'guardrail'],
  ['guardrailIdentifier', 'guardrail'],
  ['guardrailProfileIdentifier', 'guardrail-profile'],
  ['harnessId', 'harness'],
  ['jobIdentifier', 'job'],
  ['jobIdentifiers', 'job'],
  ['knowledgeBaseId', 'knowledge-base'],
  ['policyEngineId', 'policy-engine'],
  ['profileIdentifier', 'profile'],
  ['promptIdentifier', 'prompt'],
  ['registryId', 'registry'],
  ['registryIds', 'registry'],
  ['restApiId', 'rest-api'],
  ['secretId', 'secret'],
  ['tokenVaultId', 'token-vault'],
]);

const BUCKETS: ReadonlySet<string> = new Set(['bucket', 'bucketName', 's3BucketName', 'payloadDeliveryBucketName']);

/** Free JSON that goes to a model, in which some models take S3 places. */
const FREE_JSON: ReadonlySet<string> = new Set(['additionalModelRequestFields', 'additionalParams', 'modelInput']);

/**
 * What a value names: `model`, `actor` (a user on whose behalf something is done), `s3` (a URI), `bucket`, `json` (free JSON that may hold S3 places), `json-base64` (the
 * same in base64), `undecidable` (whatever stands there, nobody can say what it means), or the type of a resource.
 */
export type What = string;

/** @param path member names, `[]` for items of lists and `*` for values of maps. */
export function classifyMember(path: readonly string[]): What | null {
  const names = path.filter((name) => name !== '[]' && name !== '*');
  const name = names.at(-1) ?? '';
  if (MODELS.has(name)) return 'model';
  // Knowledge bases filter documents by it, agents and payments act as it; the headers that do the same end alike.
  if (name === 'userId' || name.endsWith('-user-id')) return 'actor';
  if (name === 's3Uri' || (name === 'uri' && /s3/i.test(names.at(-2) ?? ''))) return 's3';
  if (BUCKETS.has(name)) return 'bucket';
  if (FREE_JSON.has(name)) return 'json';
  const resource = RESOURCES.get(name);
  if (resource !== undefined) return resource;
  // At the top of a request it is a conversation of an agent, whose id clients make up.
  if (name === 'memoryId' && names.length > 1) return 'memory';
  if (/(?:^k|K)msKeyId$|EncryptionKeyId$/.test(name)) return 'kms-key';
  return /(?:Arns?|ARN)$|^arn$/.test(name) ? 'arn' : null;
}

/** Every path label names a model, or a resource, or a part of the one before it. */
export function classifyLabel(name: string): What | null {
  if (MODELS.has(name)) return 'model';
  if (PARTS.has(name)) return null;
  return RESOURCES.get(name) ?? kebab(name.replace(/(?:Id|Identifier|Arn|ARN)$/, ''));
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
