import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anything, assert as assertProperty, constantFrom, property } from 'fast-check';
import { parseModelReference } from '../../../src/domain/policy/model-reference.ts';
import { modelsOf, planResolution } from '../../../src/domain/policy/resolution-plan.ts';
import type { Question } from '../../../src/domain/policy/resolution-plan.ts';

const OWN = 'arn:aws:bedrock:us-east-1:123456789012';
const FROM = { region: 'us-east-1', accountOf: () => '123456789012' };
const ENCODED = 'arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3A';

function questionsOn(text: string): readonly Question[] {
  const plan = planResolution(parseModelReference(text), FROM);
  assert.ok(plan.kind === 'ask', plan.kind === 'unresolvable' ? plan.why : '');
  return plan.questions;
}

function questionOn(text: string): Question {
  const [question] = questionsOn(text);
  assert.ok(question !== undefined);
  return question;
}

const ASKED: readonly (readonly [text: string, ...targets: string[]])[] = [
  [`${OWN}:application-inference-profile/abc`, `/inference-profiles/${ENCODED}application-inference-profile%2Fabc`],
  [`${OWN}:provisioned-model/abc`, `/provisioned-model-throughput/${ENCODED}provisioned-model%2Fabc`],
  [`${OWN}:custom-model/amazon.x/abc`, `/custom-models/${ENCODED}custom-model%2Famazon.x%2Fabc`],
  [`${OWN}:prompt-router/abc`, `/prompt-routers/${ENCODED}prompt-router%2Fabc`],
  [`${OWN}:default-prompt-router/abc:1`, `/prompt-routers/${ENCODED}default-prompt-router%2Fabc%3A1`],
  [`${OWN}:prompt/PROMPT1234`, `/prompts/${ENCODED}prompt%2FPROMPT1234/`],
  [`${OWN}:prompt/PROMPT1234:7`, `/prompts/${ENCODED}prompt%2FPROMPT1234/?promptVersion=7`],
  ['abc123', '/inference-profiles/abc123', '/provisioned-model-throughput/abc123'],
];

const UNASKED: readonly (readonly [text: string, why: RegExp])[] = [
  [`${OWN}:imported-model/abc`, /AWS does not tell/],
  ['arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine', /AWS does not tell/],
  ['arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc', /not in us-east-1/],
  ['arn:aws:bedrock:us-east-1:210987654321:application-inference-profile/abc', /another account/],
  ['arn:aws:bedrock:us-east-1::application-inference-profile/abc', /no account/],
  ['arn:aws:bedrock:us-east-1:aws:application-inference-profile/abc', /no account/],
  ['arn:aws:bedrock::123456789012:application-inference-profile/abc', /not in us-east-1/],
  [`${OWN}:custom-model/amazon.x/../../prompts`, /no form of AWS/],
  [`${OWN}:application-inference-profile/a?b`, /no form of AWS/],
  [`${OWN}:application-inference-profile/a%2e%2e`, /no form of AWS/],
  ['anthropic.claude-x', /stands for nothing else/],
];

describe('what AWS is asked', () => {
  for (const [text, ...targets] of ASKED) {
    test(text, () => {
      const asked = questionsOn(text).map(({ path, query }) => (query === '' ? path : `${path}?${query}`));
      assert.deepEqual(asked, targets);
    });
  }
  for (const [text, why] of UNASKED) {
    test(`nothing about ${text}`, () => {
      const plan = planResolution(parseModelReference(text), FROM);
      assert.ok(plan.kind === 'unresolvable');
      assert.match(plan.why, why);
    });
  }
  test('an account is compared only when the gateway knows its own', () => {
    const other = parseModelReference('arn:aws:bedrock:us-east-1:210987654321:provisioned-model/abc');
    assert.equal(planResolution(other, { ...FROM, accountOf: () => null }).kind, 'ask');
  });
});

const PROFILE = questionOn(`${OWN}:application-inference-profile/abc`);
const PROVISIONED = questionOn(`${OWN}:provisioned-model/abc`);
const ROUTER = questionOn(`${OWN}:prompt-router/abc`);
const DRAFT = questionOn(`${OWN}:prompt/PROMPT1234`);
const VERSION = questionOn(`${OWN}:prompt/PROMPT1234:7`);

const ANSWERS: readonly (readonly [name: string, Question, answer: unknown, models: readonly string[] | null])[] = [
  [
    'every model of a profile, once',
    PROFILE,
    { models: [{ modelArn: 'a' }, { modelArn: 'b' }, { modelArn: 'a' }] },
    ['a', 'b'],
  ],
  ['a profile one model of which has no name', PROFILE, { models: [{ modelArn: 'a' }, {}] }, null],
  ['a profile of nothing', PROFILE, { models: [] }, null],
  ['today’s model and tomorrow’s', PROVISIONED, { modelArn: 'a', desiredModelArn: 'b' }, ['a', 'b']],
  ['a provisioned model whose tomorrow is not told', PROVISIONED, { modelArn: 'a' }, null],
  [
    'a router’s models and what it falls back to',
    ROUTER,
    { models: [{ modelArn: 'a' }], fallbackModel: { modelArn: 'b' } },
    ['a', 'b'],
  ],
  ['a router without a fallback', ROUTER, { models: [{ modelArn: 'a' }] }, null],
  ['the draft of a prompt', DRAFT, { version: 'DRAFT', variants: [{ modelId: 'a' }, { modelId: 'b' }] }, ['a', 'b']],
  ['a version where the draft was asked for', DRAFT, { version: '7', variants: [{ modelId: 'a' }] }, null],
  ['a version of a prompt', VERSION, { version: '7', variants: [{ modelId: 'a' }] }, ['a']],
  ['the draft where a version was asked for', VERSION, { version: 'DRAFT', variants: [{ modelId: 'a' }] }, null],
  [
    'a prompt for an agent',
    DRAFT,
    { version: 'DRAFT', variants: [{ genAiResource: { agent: { agentIdentifier: 'x' } } }] },
    null,
  ],
  [
    'a prompt that names a model beside an agent',
    DRAFT,
    { version: 'DRAFT', variants: [{ modelId: 'a', genAiResource: { agent: { agentIdentifier: 'x' } } }] },
    null,
  ],
  [
    'too many models',
    PROFILE,
    { models: Array.from({ length: 101 }, (_, index) => ({ modelArn: `m${index}` })) },
    null,
  ],
];

describe('what an answer says', () => {
  for (const [name, question, answer, models] of ANSWERS) {
    test(name, () => assert.deepEqual(modelsOf(question, answer), models));
  }
  test('whatever an answer is, reading it does not throw', () => {
    assertProperty(
      property(constantFrom(PROFILE, PROVISIONED, ROUTER, DRAFT, VERSION), anything(), (question, answer) => {
        const models = modelsOf(question, answer);
        assert.ok(models === null || models.every((model) => model !== ''));
      }),
    );
  });
});
