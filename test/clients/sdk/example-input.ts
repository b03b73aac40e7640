import { NormalizedSchema } from '@smithy/core/schema';

/**
 * Inputs for any operation, made from the schemas of the AWS SDK: all labels, headers and query parameters, and of the
 * body what is required. Texts hold characters that must be escaped wherever they may stand.
 */

export type SchemaRef = Parameters<typeof NormalizedSchema.of>[0];

/** A fixed instant: inputs are the same each time. */
const INSTANT = new Date('2026-01-02T03:04:05Z');
const DEPTH_MAX = 12;

export interface ExampleValues {
  /** Values of top-level members that have to be more than some text. */
  readonly members: Readonly<Record<string, unknown>>;
  /** For path labels that take one. */
  readonly arn: string;
}

export function exampleInput(input: SchemaRef, { members, arn }: ExampleValues): Record<string, unknown> {
  const schema = NormalizedSchema.of(input);
  if (!schema.isStructSchema()) return {};
  const arnLabels = [...schema.structIterator()].filter(([name, member]) => name.endsWith('Arn') && isLabel(member));
  return structure(schema, { ...Object.fromEntries(arnLabels.map(([name]) => [name, arn])), ...members }, 0);
}

function isLabel(member: NormalizedSchema): boolean {
  return member.getMergedTraits().httpLabel !== undefined;
}

function structure(
  schema: NormalizedSchema,
  given: Readonly<Record<string, unknown>>,
  depth: number,
): Record<string, unknown> {
  const requiredCount = requiredMembers(schema);
  const members: Record<string, unknown> = {};
  for (const [index, [name, member]] of [...schema.structIterator()].entries()) {
    if (Object.hasOwn(given, name)) members[name] = given[name];
    else if (index < requiredCount || (depth === 0 && standsOutsideTheBody(member)))
      members[name] = exampleValue(name, member, depth + 1);
  }
  return members;
}

/** Required members stand first in the SDK's schemas, and their count last. */
function requiredMembers(schema: NormalizedSchema): number {
  const parts: unknown = schema.getSchema();
  const count: unknown = Array.isArray(parts) ? parts[6] : undefined;
  return typeof count === 'number' ? count : 0;
}

function standsOutsideTheBody(member: NormalizedSchema): boolean {
  const { httpLabel, httpQuery, httpQueryParams, httpHeader, httpPayload, idempotencyToken } = member.getMergedTraits();
  // A token the SDK would make up differs from call to call.
  return [httpLabel, httpQuery, httpQueryParams, httpHeader, httpPayload, idempotencyToken].some(
    (trait) => trait !== undefined,
  );
}

function exampleValue(name: string, schema: NormalizedSchema, depth: number): unknown {
  if (depth > DEPTH_MAX) throw new Error(`${name} is nested too deep for an example.`);
  if (schema.isUnionSchema()) return union(schema, depth);
  if (schema.isStructSchema()) return structure(schema, {}, depth);
  if (schema.isListSchema()) return [exampleValue(name, schema.getValueSchema(), depth + 1)];
  if (schema.isMapSchema()) return { key: exampleValue(name, schema.getValueSchema(), depth + 1) };
  if (schema.isDocumentSchema()) return { document: 'ü' };
  if (schema.isBlobSchema()) return new TextEncoder().encode('{"blob":"ü"}');
  if (schema.isTimestampSchema()) return INSTANT;
  if (schema.isBooleanSchema()) return true;
  if (schema.isNumericSchema()) return 1;
  return exampleText(name, schema);
}

/** The simplest alternative: the others may lead back to the union itself. */
function union(schema: NormalizedSchema, depth: number): unknown {
  const alternatives = [...schema.structIterator()];
  const [name, member] = alternatives.find(([, candidate]) => isSimple(candidate)) ?? alternatives[0] ?? [];
  if (name === undefined || member === undefined) throw new Error('A union without alternatives has no example.');
  return { [name]: exampleValue(name, member, depth + 1) };
}

function isSimple(schema: NormalizedSchema): boolean {
  return !schema.isStructSchema() && !schema.isListSchema() && !schema.isMapSchema();
}

function exampleText(name: string, schema: NormalizedSchema): string {
  const { httpHeader, httpLabel, mediaType } = schema.getMergedTraits();
  if (mediaType === 'application/json') return '{"name":"value"}';
  if (httpHeader !== undefined) return `${name} of a header`;
  if (httpLabel === undefined) return `a ${name} & ü/+%25=?`;
  if (name === 'actorId') return 'team/user 1';
  return `${name}-1:0`;
}
