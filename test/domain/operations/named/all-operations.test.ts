import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NormalizedSchema } from '@smithy/core/schema';
import { inputLeaves } from '../../../../scripts/named-members.ts';
import type { InputLeaf } from '../../../../scripts/named-members.ts';
import { readPlace } from '../../../../src/domain/operations/named/place.ts';
import { NAMED_ROWS } from '../../../../src/domain/operations/named/table.generated.ts';
import { SERVICE_IDS } from '../../../../src/domain/operations/services.ts';

/** Wide on purpose: whatever sounds like a model, a resource or a place of S3. */
const LOOKS_LIKE_ONE =
  /model|profile|s3|bucket|uri$|prefix|arn|guardrail|knowledge|identifier|agentid|flowid|runtimeid/i;

/** Members that sound like one and are none, each with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  additionalModelResponseFieldPaths: 'JSON pointers into an answer',
  bucketOwner: 'the account of a bucket that is named beside it',
  bucketOwnerAccountId: 'the account of a bucket that is named beside it',
  containerUri: 'an image of ECR',
  credentialPrefix: 'text in front of a credential',
  customModelName: 'the name of a model that is to be made',
  desiredProvisionedModelName: 'a new name',
  embeddingModelType: 'an enumeration',
  flowAliasIdentifier: 'a part of the flow in the path',
  foundationModelType: 'an enumeration; MANAGED leaves the model to AWS, which read-named.ts refuses',
  guardrailVersion: 'a part of a guardrail that is named beside it',
  harnessName: 'the name of what is to be made',
  harnessVersion: 'a part of a harness that is named beside it',
  identifier: 'a name inside the request, or of a portal source or sticky session',
  importedModelName: 'the name of a model that is to be made',
  inclusionPrefixes: 'a part of a bucket that counts as a whole',
  inferenceProfileName: 'the name of what is to be made',
  inferenceSourceIdentifier: 'a name that users give to answers they have already',
  invocationIdentifier: 'a part of a session',
  keyPrefix: 'a part of a bucket that counts as a whole',
  knowledgeBaseState: 'an enumeration',
  compositeIdentifier: 'names of headers',
  modelDeploymentName: 'the name of what is to be made',
  modelInvocationType: 'an enumeration',
  modelName: 'the name of a model that is to be made',
  modelStatus: 'an enumeration',
  outputModelNameContains: 'a filter over names',
  prefix: 'a part of a bucket that counts as a whole',
  provisionedModelName: 'the name of what is to be made',
  ragSourceIdentifier: 'a name that users give to answers they have already',
  requestIdentifier: 'a name inside the request',
  rerankingModelType: 'an enumeration',
  resourceConfigurationIdentifier: 'a network of VPC Lattice',
  s3BucketOwner: 'the account of a bucket that is named beside it',
  s3InputFormat: 'an enumeration',
  s3ObjectKey: 'a part of a bucket that counts as a whole',
  sessionUri: 'a session of an OAuth flow',
  targetModelName: 'the name of a model that is to be made',
  vpcIdentifier: 'a network',
  'x-amz-source-arn': 'who calls, for conditions of IAM policies',
  'x-amzn-bedrock-guardrailversion': 'a part of a guardrail that is named beside it',
  logGroupNamePrefixes: 'logs of CloudWatch',
  modelConfiguration: 'free JSON of embeddings: dimensions and data types',
};

interface Input {
  readonly operation: string;
  readonly leaves: readonly InputLeaf[];
}

async function inputs(): Promise<Input[]> {
  const all: Input[] = [];
  for (const service of SERVICE_IDS) {
    const client: Record<string, unknown> = await import(`@aws-sdk/client-${service}`);
    for (const schema of Object.values(client)) {
      if (!Array.isArray(schema) || schema[0] !== 9 || schema.length !== 6) continue;
      all.push({ operation: `${service}:${String(schema[2])}`, leaves: inputLeaves(NormalizedSchema.of(schema[4])) });
    }
  }
  return all;
}

const INPUTS = await inputs();
const TABLE = new Map(NAMED_ROWS.map(([operation, places]) => [operation, new Set(places.map(placeKey))]));

function placeKey(text: string): string {
  const place = readPlace(text);
  return `${place.in} ${place.in === 'body' ? place.path.join('.') : place.name}`;
}

function lastName({ path }: InputLeaf): string {
  return path.filter((name) => name !== '[]' && name !== '*').at(-1) ?? '';
}

/** Whether the leaf or something it stands in is in the table. */
function isInTable(operation: string, leaf: InputLeaf): boolean {
  const places = TABLE.get(operation);
  return leaf.path.some((_, index) => places?.has(`${leaf.in} ${leaf.path.slice(0, index + 1).join('.')}`) === true);
}

test('there are the operations of all services', () => assert.ok(INPUTS.length >= 491));

test('every member that looks like a model, a resource or a place of S3 is in the table or is none for a reason', () => {
  const missing = INPUTS.flatMap(({ operation, leaves }) =>
    leaves
      .filter((leaf) => leaf.in !== 'label' && leaf.kind !== 'beyond' && leaf.kind !== 'blob')
      .filter((leaf) => LOOKS_LIKE_ONE.test(lastName(leaf)) && !isInTable(operation, leaf))
      .filter((leaf) => !Object.hasOwn(EXCEPTIONS, lastName(leaf)))
      .map((leaf) => `${operation} ${leaf.in} ${leaf.path.join('.')}`),
  );
  assert.deepEqual(missing, []);
});

test('no exception is left over', () => {
  const names = new Set(INPUTS.flatMap(({ leaves }) => leaves.map(lastName)));
  assert.deepEqual(
    Object.keys(EXCEPTIONS).filter((name) => !names.has(name) || !LOOKS_LIKE_ONE.test(name)),
    [],
  );
});

test('the labels of every path name a model or a resource, but for a session that clients make up', () => {
  const nameless = INPUTS.filter(({ operation, leaves }) => {
    const labels = leaves.filter((leaf) => leaf.in === 'label');
    return labels.length > 0 && !labels.some((leaf) => isInTable(operation, leaf));
  });
  assert.deepEqual(
    nameless.map(({ operation }) => operation),
    ['bedrock-agent-runtime:InvokeInlineAgent'],
  );
});

test('every place of the table is a place of the model, or is written by hand', () => {
  const known = new Map(INPUTS.map(({ operation, leaves }) => [operation, leaves]));
  const strange = NAMED_ROWS.flatMap(([operation, places]) =>
    places
      .filter((text) => !/ (?:json|json-base64|undecidable)$/.test(text))
      .filter((text) => !known.get(operation)?.some((leaf) => `${leaf.in} ${leaf.path.join('.')}` === placeKey(text)))
      .map((text) => `${operation} ${text}`),
  );
  assert.deepEqual(strange, []);
});

test('a schema that contains itself and names something can not be read to its end', () => {
  const beyond = NAMED_ROWS.filter(([, places]) => places.some((text) => text.includes('loop.definition undecidable')));
  assert.deepEqual(
    beyond.map(([operation]) => operation),
    ['bedrock-agent:CreateFlow', 'bedrock-agent:UpdateFlow', 'bedrock-agent:ValidateFlowDefinition'],
  );
});
