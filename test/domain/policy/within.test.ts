import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_GRANT } from '../../../src/domain/policy/grant.ts';
import type { Grant } from '../../../src/domain/policy/grant.ts';
import { excessOf, isWithin } from '../../../src/domain/policy/within.ts';
import { callerOf, grantOf, outcomeOf } from './asks.ts';
import type { TestAsk } from './asks.ts';

const ROWS: readonly (readonly [
  what: string,
  child: Partial<Grant>,
  parent: Partial<Grant>,
  excess: readonly string[],
])[] = [
  ['the same', {}, {}, []],
  ['an unrestricted child of a restricted parent', {}, { models: ['a.b'] }, ['models']],
  ['a restricted child', { models: ['a.b'] }, {}, []],
  [
    'nothing is within anything',
    { models: [], operations: [] },
    { models: ['a.b'], operations: ['bedrock:List*'] },
    [],
  ],
  ['the default operations of a child under a shorter list', {}, { operations: ['bedrock-runtime:*'] }, ['operations']],
  ['one of the default operations', { operations: ['bedrock-runtime:Converse'] }, {}, []],
  ['more than the default operations', { operations: ['bedrock-runtime:*'] }, {}, ['operations']],
  [
    'unmodelled under everything',
    { operations: ['bedrock-runtime:Unmodelled'] },
    { operations: ['*'] },
    ['operations'],
  ],
  ['unmodelled under unmodelled', { operations: ['bedrock-runtime:Unmodelled'] }, { operations: ['*:Unmodelled'] }, []],
  ['a wider service', { operations: ['bedrock*:List*'] }, { operations: ['bedrock:List*'] }, ['operations']],
  ['a narrower S3 place', { resources: ['s3://b/a/*'] }, { resources: ['s3://b/*'] }, []],
  ['a wider S3 place', { resources: ['s3://b/*'] }, { resources: ['s3://b/a/*'] }, ['resources']],
  ['an S3 place under ids', { resources: ['s3://b/*'] }, { resources: ['s3*'] }, ['resources']],
  [
    'an ARN whose account is another',
    { resources: ['arn:aws:bedrock:us-east-1:222222222222:agent/*'] },
    { resources: ['arn:aws:bedrock:*:111111111111:agent/*'] },
    ['resources'],
  ],
  ['regions', { regions: ['eu-west-1', 'us-*'] }, { regions: ['eu-*'] }, ['regions']],
  ['sources', { sources: ['10.1.0.0/16'] }, { sources: ['10.0.0.0/8'] }, []],
  ['wider sources', { sources: ['10.0.0.0/8'] }, { sources: ['10.1.0.0/16'] }, ['sources']],
  ['acting for others', { actFor: true }, {}, ['actFor']],
  ['everything under a star', {}, { models: ['*'], resources: ['*'], regions: ['*'] }, []],
];

for (const [what, child, parent, excess] of ROWS) {
  test(`${what}: ${excess.length === 0 ? 'within' : excess.join(', ')}`, () => {
    const [inner, outer] = [grantOf(child), grantOf(parent)];
    assert.deepEqual(excessOf(inner, outer), excess);
    assert.equal(isWithin(inner, outer), excess.length === 0);
  });
}

const pick = (...patterns: readonly string[]): fc.Arbitrary<readonly string[] | null> =>
  fc.option(fc.subarray([...patterns], { minLength: 1, maxLength: 3 }), { freq: 1 });
const grants: fc.Arbitrary<Grant> = fc.record({
  models: pick(
    '*',
    'anthropic.*',
    'us.anthropic.*',
    'anthropic.claude-x',
    'a*',
    'arn:aws:bedrock:*::*',
    'arn:aws:bedrock:us-east-1::foundation-model/*',
    'arn:aws:bedrock:*:*:application-inference-profile/*',
    'abc123',
    'us.foo',
  ),
  operations: pick(
    '*',
    'bedrock-runtime:*',
    'bedrock*:*',
    'bedrock-runtime:Converse',
    '*:Unmodelled',
    'bedrock-runtime:Unmodelled',
    'bedrock-agent-runtime:Re*',
  ),
  resources: pick(
    '*',
    'KB*',
    'KB1',
    'knowledge-base/*',
    'knowledge-base/KB1',
    's3://b/*',
    's3://b/a/*',
    'arn:aws:bedrock:*:*:*',
    'arn:aws:bedrock:us-east-1:*:knowledge-base/KB1',
    'arn:aws:bedrock:us-east-1:123456789012:knowledge-base/*',
  ),
  regions: pick('*', 'us-*', 'us-east-1', 'us-west-2', 'us-east-2', 'eu-west-1'),
  sources: pick('0.0.0.0/0', '10.0.0.0/8', '10.1.1.1'),
  actFor: fc.boolean(),
});
const model = fc.constantFrom(
  'anthropic.claude-x',
  'us.anthropic.claude-x',
  'amazon.nova',
  'abc123',
  'us.foo',
  'xx.a.b',
  'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x',
  'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc',
  'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-x',
);
const uri = fc.constantFrom('s3://b/a/x', 's3://b/x', 's3://c/x', 'S3://b/a/x');
const kb = fc.constantFrom('KB1', 'KB2', 'X1');
const asks: fc.Arbitrary<TestAsk> = fc
  .record({
    request: fc.oneof(
      model.map((id): TestAsk => ({ path: `/model/${encodeURIComponent(id)}/converse` })),
      model.map((id): TestAsk => ({ path: `/model/${encodeURIComponent(id)}/new-thing` })),
      fc
        .tuple(model, uri)
        .map(([id, place]): TestAsk => ({ path: `/model/${encodeURIComponent(id)}/invoke`, body: { place } })),
      kb.map((id): TestAsk => ({ path: `/knowledgebases/${id}/retrieve`, body: {} })),
      fc.tuple(kb, model).map(([knowledgeBaseId, modelArn]): TestAsk => ({
        path: '/retrieveAndGenerate',
        body: { retrieveAndGenerateConfiguration: { knowledgeBaseConfiguration: { knowledgeBaseId, modelArn } } },
      })),
    ),
    region: fc.constantFrom('us-east-1', 'us-west-2', 'eu-west-1'),
    accountId: fc.constantFrom(null, '123456789012', '999999999999'),
    sourceAddress: fc.constantFrom(null, '10.1.1.1', '10.2.2.2', '192.0.2.1'),
  })
  .map(({ request, ...around }) => ({ ...request, ...around }));

test('what a grant within another permits, the other permits too', () => {
  let within = 0;
  let permitted = 0;
  fc.assert(
    fc.property(grants, grants, fc.array(asks, { minLength: 5, maxLength: 5 }), (child, parent, some) => {
      if (!isWithin(child, parent)) return;
      within += 1;
      for (const ask of some) {
        const inner = outcomeOf(callerOf(child), ask);
        const outer = outcomeOf(callerOf(parent), ask);
        if (inner === 'permitted') permitted += 1;
        if (inner === 'permitted') assert.equal(outer, 'permitted');
        // What the child leaves to a look-up, the parent must not refuse outright.
        if (inner === 'needs-resolving') assert.ok(outer === 'permitted' || outer === 'needs-resolving');
      }
    }),
    { numRuns: 40_000, seed: 3 },
  );
  assert.ok(within > 500 && permitted > 300, `${within} within, ${permitted} permitted`);
});

test('within is reflexive', () => {
  fc.assert(
    fc.property(grants, (grant) => assert.ok(isWithin(grant, grant))),
    { numRuns: 2000, seed: 3 },
  );
  assert.ok(isWithin(DEFAULT_GRANT, DEFAULT_GRANT));
});
