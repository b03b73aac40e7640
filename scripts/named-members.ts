import type { NormalizedSchema } from '@smithy/core/schema';
import { classifyLabel, classifyMember } from '../src/domain/operations/named/classify.ts';
import type { ServiceId } from '../src/domain/operations/services.ts';

/** A string or free-form value somewhere in the input of an operation. */
export interface InputLeaf {
  readonly in: 'label' | 'header' | 'query' | 'body';
  /** Wire name, or path of wire names with `[]` and `*`. */
  readonly path: readonly string[];
  readonly kind: 'string' | 'document' | 'blob' | 'beyond';
  /** For `beyond`, where a schema contains itself: the path at which that schema began. */
  readonly from?: readonly string[];
}

/** A schema that is being walked, and where it began. */
interface Within {
  readonly name: string;
  readonly path: readonly string[];
}

/** Every leaf of an operation's input that a name could stand in. */
export function inputLeaves(input: NormalizedSchema): InputLeaf[] {
  const leaves: InputLeaf[] = [];
  if (!input.isStructSchema()) return leaves;
  for (const [member, schema] of input.structIterator()) {
    const { httpLabel, httpHeader, httpQuery, httpPayload } = schema.getMergedTraits();
    if (httpLabel !== undefined) leaves.push({ in: 'label', path: [member], kind: 'string' });
    else if (httpHeader !== undefined) leaves.push({ in: 'header', path: [httpHeader.toLowerCase()], kind: 'string' });
    else if (httpQuery !== undefined) leaves.push({ in: 'query', path: [httpQuery], kind: 'string' });
    else walk(schema, httpPayload === undefined ? [wireName(member, schema)] : [], [], leaves);
  }
  return leaves;
}

function walk(schema: NormalizedSchema, path: readonly string[], within: readonly Within[], leaves: InputLeaf[]): void {
  if (schema.isListSchema()) return walk(schema.getValueSchema(), [...path, '[]'], within, leaves);
  if (schema.isMapSchema()) return walk(schema.getValueSchema(), [...path, '*'], within, leaves);
  if (schema.isStructSchema()) {
    const name = schema.getName(true) ?? '';
    const outer = within.find((one) => one.name === name);
    if (outer !== undefined) {
      leaves.push({ in: 'body', path, kind: 'beyond', from: outer.path });
      return;
    }
    for (const [member, inner] of schema.structIterator()) {
      walk(inner, [...path, wireName(member, inner)], [...within, { name, path }], leaves);
    }
    return;
  }
  const kind = schema.isDocumentSchema() ? 'document' : schema.isBlobSchema() ? 'blob' : 'string';
  if (kind !== 'string' || schema.isStringSchema()) leaves.push({ in: 'body', path, kind });
}

function wireName(member: string, schema: NormalizedSchema): string {
  const { jsonName } = schema.getMergedTraits();
  return jsonName ?? member;
}

// Free JSON of control planes names models, buckets and whatever a connector of somebody takes.
const CONNECTOR_PARAMETERS =
  'body dataSourceConfiguration.managedKnowledgeBaseConnectorConfiguration.connectorParameters undecidable';
const TARGET_PARAMETERS = 'body targetConfiguration.mcp.connector.configurations.[].parameterValues undecidable';

/** Bodies and members that hold more than their schema says, and queries that change what an id means. */
const WRITTEN_BY_HAND: Readonly<Record<string, readonly string[]>> = {
  'bedrock-runtime:InvokeModel': ['body  json'],
  'bedrock-runtime:InvokeModelWithResponseStream': ['body  json'],
  'bedrock-runtime:CountTokens': ['body input.invokeModel.body json-base64'],
  // A runtime named by its id alone is one of another account then.
  'bedrock-agentcore:InvokeAgentRuntime': ['query accountId undecidable'],
  'bedrock-agentcore:InvokeAgentRuntimeCommand': ['query accountId undecidable'],
  'bedrock-agent:CreateDataSource': [CONNECTOR_PARAMETERS],
  'bedrock-agent:UpdateDataSource': [CONNECTOR_PARAMETERS],
  'bedrock-agentcore-control:CreateGatewayTarget': [TARGET_PARAMETERS],
  'bedrock-agentcore-control:UpdateGatewayTarget': [TARGET_PARAMETERS],
  'bedrock-agentcore-control:CreateConfigurationBundle': ['body components.*.configuration undecidable'],
  'bedrock-agentcore-control:UpdateConfigurationBundle': ['body components.*.configuration undecidable'],
};

/** The places of an operation that name something, in the notation of `readPlace`. */
export function namedPlaces(service: ServiceId, name: string, input: NormalizedSchema): string[] {
  const leaves = inputLeaves(input);
  const places = leaves.flatMap((leaf) => {
    const text = leaf.path.join('.');
    if (leaf.in === 'label') return placeOf(leaf, text, classifyLabel(text));
    if (leaf.kind === 'beyond') return placeOf(leaf, text, leadsToNamed(leaf, leaves) ? 'undecidable' : null);
    if (leaf.kind === 'blob') return [];
    if (leaf.in === 'header' && leaf.path[0] === 'x-amzn-bedrock-guardrailidentifier')
      return `header ${text} guardrail`;
    return placeOf(leaf, text, classifyMember(leaf.path));
  });
  return [...places, ...(WRITTEN_BY_HAND[`${service}:${name}`] ?? [])];
}

function placeOf({ in: where }: InputLeaf, text: string, what: string | null): string[] {
  return what === null ? [] : [`${where} ${text} ${what}`];
}

/** Whether a schema that contains itself holds something named: then there is no end to the places it may stand in. */
function leadsToNamed({ from = [] }: InputLeaf, leaves: readonly InputLeaf[]): boolean {
  return leaves.some(
    ({ in: where, kind, path }) =>
      where === 'body' &&
      kind !== 'beyond' &&
      from.every((step, index) => path[index] === step) &&
      classifyMember(path) !== null,
  );
}
