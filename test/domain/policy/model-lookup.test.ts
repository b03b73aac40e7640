import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NormalizedSchema } from '@smithy/core/schema';
import { OPERATIONS } from '../../../src/domain/operations/table.ts';
import { MODEL_LOOKUPS } from '../../../src/domain/policy/model-lookup.ts';
import type { ModelLookup } from '../../../src/domain/policy/model-lookup.ts';

const LOOKUPS = [...new Set(Object.values(MODEL_LOOKUPS).flat())];

function memberOf(schema: NormalizedSchema, step: string): NormalizedSchema | undefined {
  if (step === '[]') return schema.isListSchema() ? schema.getValueSchema() : undefined;
  if (!schema.isStructSchema()) return undefined;
  return [...schema.structIterator()].find(([name]) => name === step)?.[1];
}

async function answerOf({ service, operation }: ModelLookup): Promise<NormalizedSchema> {
  const client: Record<string, unknown> = await import(`@aws-sdk/client-${service}`);
  const schema = Object.values(client).find((one) => Array.isArray(one) && one[0] === 9 && one[2] === operation);
  assert.ok(Array.isArray(schema));
  return NormalizedSchema.of(schema[5]);
}

for (const lookup of LOOKUPS) {
  test(`${lookup.operation} takes the reference in its path, reads only, and answers with these members`, async () => {
    const operation = OPERATIONS.find(({ service, name }) => service === lookup.service && name === lookup.operation);
    assert.equal(operation?.method, 'GET');
    assert.ok(operation?.path.includes(`{${lookup.label}}`));
    const answer = await answerOf(lookup);
    for (const path of lookup.models) {
      const leaf = path.reduce<NormalizedSchema | undefined>((at, step) => at && memberOf(at, step), answer);
      assert.equal(leaf?.isStringSchema(), true, path.join('.'));
    }
  });
}
