import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant } from '../../../src/domain/policy/grant.ts';
import { GRANT_ENTRIES_MAX, grantFaults } from '../../../src/domain/policy/grant-faults.ts';
import { grantOf } from './asks.ts';

const GOOD: Partial<Grant> = {
  models: ['anthropic.claude-*', '*', 'arn:aws:bedrock:*::foundation-model/*', 'abc123'],
  operations: ['bedrock-runtime:*', 'bedrock:List*', '*', 'bedrock-runtime:Unmodelled', '*:Unmodelled'],
  resources: ['KB1', 'knowledge-base/*', 's3://bucket/a/*', 'arn:aws:bedrock:us-east-1:123456789012:agent/*'],
  regions: ['us-east-1', 'eu-*', '*'],
  sources: ['10.0.0.0/8', '::1'],
};

test('good entries have no fault', () => assert.deepEqual(grantFaults(grantOf(GOOD)), []));

const BAD: readonly (readonly [field: keyof Grant, grant: Partial<Grant>, problem: RegExp])[] = [
  ['models', { models: [''] }, /visible ASCII/],
  ['models', { models: ['a b'] }, /visible ASCII/],
  ['models', { models: ['аnthropic.claude'] }, /visible ASCII/],
  ['models', { models: ['x'.repeat(2049)] }, /longer/],
  ['models', { models: ['arn:aws:bedrock:foundation-model/x'] }, /six parts/],
  ['models', { models: Array.from({ length: GRANT_ENTRIES_MAX + 1 }, String) }, /more than/],
  ['operations', { operations: ['Converse'] }, /service:Name/],
  ['operations', { operations: ['bedrock-runtime:converse'] }, /case-sensitive/],
  ['operations', { operations: ['s3:GetObject'] }, /no service/],
  ['resources', { resources: ['S3://bucket/x'] }, /s3:\/\//],
  ['regions', { regions: ['US-EAST-1'] }, /region/],
  ['sources', { sources: ['10.0.0.1/8'] }, /CIDR/],
];

for (const [field, grant, problem] of BAD) {
  test(`${JSON.stringify(grant).slice(0, 60)} is refused by name`, () => {
    const [fault, ...others] = grantFaults(grantOf(grant));
    assert.equal(fault?.field, field);
    assert.match(fault?.problem ?? '', problem);
    assert.deepEqual(others, []);
  });
}
