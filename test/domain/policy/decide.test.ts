import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { keyShape } from '../../../src/admin/inputs.ts';
import { Refusal } from '../../../src/domain/errors.ts';
import type { Grant } from '../../../src/domain/policy/grant.ts';
import type { Resolutions } from '../../../src/domain/policy/judge-models.ts';
import { GRANTED_BY } from '../../../src/domain/policy/refusal-message.ts';
import { callerOf, decisionOn, grantOf, outcomeOf } from './asks.ts';
import type { TestAsk } from './asks.ts';

const CLAUDE = { models: ['anthropic.claude-*'] };
const US = { regions: ['us-east-1', 'us-east-2', 'us-west-2'] };
const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc';
const ROUTER = 'arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/claude';

const model = (id: string): string => `/model/${encodeURIComponent(id)}/converse`;
const resolved = (models: readonly string[]): Resolutions => new Map([[PROFILE, { kind: 'models', models }]]);
const RUNTIME =
  '/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fteam_a-0123456789/invocations';
const RAG = {
  input: { text: 'x' },
  retrieveAndGenerateConfiguration: {
    type: 'KNOWLEDGE_BASE',
    knowledgeBaseConfiguration: { knowledgeBaseId: 'KB12345678', modelArn: 'anthropic.claude-x' },
  },
};
const withRagModel = (modelArn: string | undefined): unknown => ({
  ...RAG,
  retrieveAndGenerateConfiguration: {
    type: 'KNOWLEDGE_BASE',
    knowledgeBaseConfiguration: { knowledgeBaseId: 'KB12345678', modelArn },
  },
});

const ROWS: readonly (readonly [what: string, grant: Partial<Grant>, ask: TestAsk, outcome: string])[] = [
  ['a new key may converse', {}, {}, 'permitted'],
  ['a new key may not list guardrails', {}, { method: 'GET', path: '/guardrails' }, 'operation'],
  ['a granted control plane', { operations: ['bedrock:List*'] }, { method: 'GET', path: '/guardrails' }, 'permitted'],
  ['a glob grants no other verb', { operations: ['bedrock:List*'] }, { path: '/guardrails' }, 'operation'],
  ['a list of operations replaces the default', { operations: ['bedrock:List*'] }, {}, 'operation'],
  ['no operation at all', { operations: [] }, {}, 'operation'],
  [
    'all of a service is not what nobody knows',
    { operations: ['bedrock-runtime:*'] },
    { path: '/model/m/new-thing' },
    'operation',
  ],
  ['everything is not what nobody knows', { operations: ['*'] }, { path: '/model/m/new-thing' }, 'operation'],
  ['unmodelled by name', { operations: ['bedrock-runtime:Unmodelled'] }, { path: '/model/m/new-thing' }, 'permitted'],
  [
    'unmodelled under a model list',
    { ...CLAUDE, operations: ['bedrock-runtime:Unmodelled'] },
    { path: '/model/anthropic.claude-x/new-thing' },
    'model',
  ],
  [
    'unmodelled under a resource list',
    { resources: ['KB1'], operations: ['bedrock-runtime:Unmodelled'] },
    { path: '/model/m/new-thing' },
    'resource',
  ],

  ['an allowed model', CLAUDE, {}, 'permitted'],
  ['another model', CLAUDE, { path: model('amazon.nova-lite-v1:0') }, 'model'],
  ['no model at all', { models: [] }, {}, 'model'],
  ['every model', { models: ['*'] }, { path: model(PROFILE) }, 'permitted'],
  ['a profile of an allowed model', CLAUDE, { path: model('eu.anthropic.claude-x') }, 'permitted'],
  ['a raw colon', { models: ['anthropic.claude-x:0'] }, { path: '/model/anthropic.claude-x:0/converse' }, 'permitted'],
  [
    'an encoded colon',
    { models: ['anthropic.claude-x:0'] },
    { path: '/model/anthropic.claude-x%3A0/converse' },
    'permitted',
  ],
  ['listing names no model', CLAUDE, { method: 'GET', path: '/foundation-models' }, 'permitted'],
  ['looking up another model', CLAUDE, { method: 'GET', path: '/foundation-models/amazon.nova-lite-v1:0' }, 'model'],
  ['a model in the body', CLAUDE, { path: '/retrieveAndGenerate', body: RAG }, 'permitted'],
  [
    'another model in the body',
    CLAUDE,
    { path: '/retrieveAndGenerate', body: withRagModel('amazon.nova-lite-v1:0') },
    'model',
  ],
  ['a model AWS would choose', CLAUDE, { path: '/retrieveAndGenerate', body: withRagModel(undefined) }, 'model'],
  [
    'a body that is no JSON',
    { ...CLAUDE, actFor: true },
    { path: '/retrieveAndGenerate', rawBody: Buffer.from('{') },
    'model',
  ],
  [
    'a body nobody restricts is not read',
    { actFor: true },
    { path: '/retrieveAndGenerate', rawBody: Buffer.from('{') },
    'permitted',
  ],

  ['a profile of the account', CLAUDE, { path: model(PROFILE) }, 'needs-resolving'],
  [
    'a profile of allowed models',
    CLAUDE,
    { path: model(PROFILE), resolutions: resolved(['anthropic.claude-x', 'anthropic.claude-y']) },
    'permitted',
  ],
  [
    'a profile with one other model',
    CLAUDE,
    { path: model(PROFILE), resolutions: resolved(['anthropic.claude-x', 'amazon.nova-lite-v1:0']) },
    'model',
  ],
  ['a profile of nothing', CLAUDE, { path: model(PROFILE), resolutions: resolved([]) }, 'model'],
  ['a profile of itself', CLAUDE, { path: model(PROFILE), resolutions: resolved([PROFILE]) }, 'model'],
  ['a profile of a router', CLAUDE, { path: model(PROFILE), resolutions: resolved([ROUTER]) }, 'needs-resolving'],
  [
    'an unresolvable profile',
    CLAUDE,
    { path: model(PROFILE), resolutions: new Map([[PROFILE, { kind: 'unresolvable', why: 'no such profile' }]]) },
    'model',
  ],
  ['a profile that is named', { models: [PROFILE] }, { path: model(PROFILE) }, 'permitted'],
  ['a bare id of no provider', CLAUDE, { path: model('abc123') }, 'needs-resolving'],

  ['an allowed region', US, {}, 'permitted'],
  ['another region', US, { region: 'eu-west-1' }, 'region'],
  ['a profile within the regions', US, { path: model('us.anthropic.claude-x') }, 'permitted'],
  ['a profile beyond the regions', { regions: ['us-east-1'] }, { path: model('us.anthropic.claude-x') }, 'region'],
  ['a global profile', US, { path: model('global.anthropic.claude-x') }, 'region'],
  ['a profile of an unknown geography', US, { path: model('xx.anthropic.claude-x') }, 'region'],
  [
    'a model of another region by its ARN',
    US,
    { path: model('arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-x') },
    'region',
  ],
  ['an account profile, by region', US, { path: model(PROFILE) }, 'needs-resolving'],
  [
    'an account profile that runs elsewhere',
    US,
    { path: model(PROFILE), resolutions: resolved(['arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-x']) },
    'region',
  ],

  [
    'an allowed knowledge base',
    { resources: ['KB12345678'] },
    { path: '/knowledgebases/KB12345678/retrieve', body: {} },
    'permitted',
  ],
  [
    'another knowledge base',
    { resources: ['KB12345678'] },
    { path: '/knowledgebases/KB00000000/retrieve', body: {} },
    'resource',
  ],
  [
    'an id in the wrong case',
    { resources: ['KB12345678'] },
    { path: '/knowledgebases/kb12345678/retrieve', body: {} },
    'resource',
  ],
  ['an allowed type', { resources: ['knowledge-base/*'] }, { path: '/retrieveAndGenerate', body: RAG }, 'permitted'],
  ['another type', { resources: ['agent/*'] }, { path: '/retrieveAndGenerate', body: RAG }, 'resource'],
  [
    'an alias goes with its agent',
    { resources: ['AGENT12345'] },
    { path: '/agents/AGENT12345/agentAliases/ALIAS12345/sessions/s/text', body: {} },
    'permitted',
  ],
  [
    'a runtime by its ARN',
    { resources: ['arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/team_a-*'] },
    { path: RUNTIME },
    'permitted',
  ],
  [
    'a runtime of another account',
    { resources: ['arn:aws:bedrock-agentcore:us-east-1:999999999999:runtime/team_a-*'] },
    { path: RUNTIME },
    'resource',
  ],
  [
    'a bare id in the account of the ARN',
    { resources: ['arn:aws:bedrock:us-east-1:123456789012:knowledge-base/*'] },
    { path: '/knowledgebases/KB12345678/retrieve', body: {}, accountId: '123456789012' },
    'permitted',
  ],
  [
    'a bare id in an unknown account',
    { resources: ['arn:aws:bedrock:us-east-1:123456789012:knowledge-base/*'] },
    { path: '/knowledgebases/KB12345678/retrieve', body: {} },
    'resource',
  ],
  [
    'a guardrail in the body',
    { resources: ['gr1'] },
    { body: { messages: [], guardrailConfig: { guardrailIdentifier: 'gr2' } } },
    'resource',
  ],
  [
    'a guardrail in a header',
    { resources: ['gr1'] },
    { path: '/model/m/invoke', body: {}, headers: ['X-Amzn-Bedrock-GuardrailIdentifier', 'gr2'] },
    'resource',
  ],
  ['no resource at all', { resources: ['gr1'] }, { body: { messages: [] } }, 'permitted'],
  [
    'a place of S3',
    { resources: ['s3://mine/*'] },
    { body: { messages: [{ content: [{ image: { source: { s3Location: { uri: 's3://mine/a.png' } } } }] }] } },
    'permitted',
  ],
  [
    'another bucket',
    { resources: ['s3://mine/*'] },
    { body: { messages: [{ content: [{ image: { source: { s3Location: { uri: 's3://theirs/a.png' } } } }] }] } },
    'resource',
  ],
  [
    'a place of S3 in free JSON',
    { resources: ['s3://mine/*'] },
    { path: '/model/m/invoke', body: { any: [{ where: 's3://theirs/a.mp4' }] } },
    'resource',
  ],
  [
    'a place of S3 in base64',
    { resources: ['s3://mine/*'] },
    {
      path: '/model/m/count-tokens',
      body: { input: { invokeModel: { body: Buffer.from('{"a":"s3://theirs/x"}').toString('base64') } } },
    },
    'resource',
  ],
  [
    'base64 without any',
    { resources: ['s3://mine/*'] },
    {
      path: '/model/m/count-tokens',
      body: { input: { invokeModel: { body: Buffer.from('{"a":"b"}').toString('base64') } } },
    },
    'permitted',
  ],

  ['an allowed source', { sources: ['10.0.0.0/8'] }, { sourceAddress: '::ffff:10.1.1.1' }, 'permitted'],
  ['another source', { sources: ['10.0.0.0/8'] }, { sourceAddress: '192.0.2.1' }, 'source'],
  ['an unknown source', { sources: ['0.0.0.0/0'] }, { sourceAddress: null }, 'source'],
  [
    'acting for another user',
    {},
    { path: RUNTIME, headers: ['x-amzn-bedrock-agentcore-runtime-user-id', 'eve'] },
    'acting',
  ],
  [
    'acting for another user in the body',
    {},
    { path: '/retrieveAndGenerate', body: { userContext: { userId: 'eve' } } },
    'acting',
  ],
  [
    'acting for another user in the body with a grant',
    { actFor: true },
    { path: '/retrieveAndGenerate', body: { userContext: { userId: 'eve' } } },
    'permitted',
  ],
  [
    'acting in a body that can be read in two ways',
    {},
    { path: '/retrieveAndGenerate', body: { usercontext: { userId: 'eve' } } },
    'acting',
  ],
  [
    'acting for another user by the header of payments, on any operation',
    {},
    { path: RUNTIME, headers: ['x-amzn-bedrock-agentcore-payments-user-id', 'eve'] },
    'acting',
  ],
  [
    'acting for another user with a grant',
    { actFor: true },
    { path: RUNTIME, headers: ['x-amzn-bedrock-agentcore-runtime-user-id', 'eve'] },
    'permitted',
  ],
];

for (const [what, grant, ask, outcome] of ROWS) {
  test(`${what}: ${outcome}`, () => assert.equal(outcomeOf(callerOf(grantOf(grant)), ask), outcome));
  test(`${what}, as a team allows it: ${outcome}`, () => {
    const wide = grantOf({ operations: [...(grant.operations ?? ['*']), 'bedrock-runtime:Unmodelled'], actFor: true });
    assert.equal(outcomeOf(callerOf(wide, grantOf(grant)), ask), outcome);
  });
}

test('a caller without any grant may nothing', () => assert.equal(outcomeOf(callerOf(), {}), 'operation'));

test('a refusal says what was asked, what is allowed, whose it is and which field adds more', () => {
  const caller = callerOf(grantOf({}), grantOf(CLAUDE));
  const decision = decisionOn(caller, { path: model('amazon.nova-lite-v1:0') });
  assert.ok(decision.kind === 'refused');
  assert.equal(
    decision.message,
    'The team of this key may not use the model amazon.nova-lite-v1:0. Allowed: anthropic.claude-*. "models" of the team adds more.',
  );
});

test('a refusal of what is not a default operation points at the page that lists them', () => {
  const decision = decisionOn(callerOf(grantOf({})), { method: 'GET', path: '/guardrails' });
  assert.ok(decision.kind === 'refused');
  assert.equal(
    decision.message,
    'This key may not use the operation bedrock:ListGuardrails. Allowed: the default operations ' +
      '(docs/virtual-keys.md). "allowed_operations" of the key adds more.',
  );
});

test('the fields that refusals name are fields of the management API', () => {
  for (const field of Object.values(GRANTED_BY)) assert.ok(field in keyShape, field);
});

test('a refusal stays one line of ASCII whatever was asked', () => {
  const ask = { path: `/model/${encodeURIComponent(`x\u2028\u{1F600}${'y'.repeat(1000)}`)}/converse` };
  const decision = decisionOn(callerOf(grantOf(CLAUDE)), ask);
  assert.ok(decision.kind === 'refused');
  assert.match(decision.message, /^[\x20-\x7e…]{1,600}$/);
});

test('what has to be resolved is asked for once, whoever needs it', () => {
  const decision = decisionOn(callerOf(grantOf(CLAUDE), grantOf(US)), { path: model(PROFILE) });
  assert.ok(decision.kind === 'needs-resolving');
  assert.deepEqual(
    decision.references.map(({ text }) => text),
    [PROFILE],
  );
});

test('no other spelling of a model passes: allowed is exactly what the path decodes to', () => {
  const allowed = 'anthropic.claude-x:0';
  const arn = `arn:aws:bedrock:us-east-1::foundation-model/${allowed}`;
  const respelled = fc
    .tuple(fc.constantFrom(allowed, arn), fc.array(fc.tuple(fc.nat(200), fc.nat(5)), { maxLength: 3 }))
    .map(([text, changes]) => {
      const characters = text.split('').map((character) => (character === '/' ? '%2F' : character));
      for (const [at, how] of changes) {
        const index = at % characters.length;
        characters[index] = respell(characters[index] ?? '', how);
      }
      return characters.join('');
    });
  let permitted = 0;
  fc.assert(
    fc.property(respelled, (raw) => {
      let outcome: string;
      try {
        outcome = outcomeOf(callerOf(grantOf({ models: [allowed] })), { path: `/model/${raw}/converse` });
      } catch (error) {
        // The grammar of targets refuses doubled encodings and bytes that must be encoded.
        assert.ok(error instanceof Refusal);
        return;
      }
      const decoded = decodeURIComponent(raw);
      assert.equal(outcome === 'permitted', decoded === allowed || decoded === arn, raw);
      if (outcome === 'permitted') permitted += 1;
    }),
    { numRuns: 20_000, seed: 3 },
  );
  assert.ok(permitted > 100);
});

function respell(character: string, how: number): string {
  switch (how) {
    case 0:
      return character.toUpperCase();
    case 1:
      return `%${character.charCodeAt(0).toString(16)}`;
    case 2:
      return `%25${character.charCodeAt(0).toString(16)}`;
    case 3:
      return encodeURIComponent(String.fromCharCode(character.charCodeAt(0) + 0xfee0));
    case 4:
      return `${character}%20`;
    default:
      return `${character}*`;
  }
}
