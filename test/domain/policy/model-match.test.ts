import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileModelPattern, modelPatternCovers } from '../../../src/domain/policy/model-match.ts';
import { parseModelReference } from '../../../src/domain/policy/model-reference.ts';

const CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const ARN = 'arn:aws:bedrock:us-east-1::foundation-model';
const OWN = 'arn:aws:bedrock:us-east-1:123456789012';

function allows(pattern: string, text: string): boolean {
  const compiled = compileModelPattern(pattern);
  const reference = parseModelReference(text);
  const isKnown = reference.kind === 'foundation-model' || reference.kind === 'inference-profile';
  return compiled.allowsText(reference) || (isKnown && compiled.allows(reference, 'us-east-1'));
}

const ROWS: readonly (readonly [pattern: string, text: string, allowed: boolean])[] = [
  [CLAUDE, CLAUDE, true],
  [CLAUDE, CLAUDE.toUpperCase(), false],
  ['anthropic.claude-*', CLAUDE, true],
  ...['us', 'eu', 'apac', 'jp', 'au', 'ca', 'sa', 'us-gov', 'global'].map(
    (prefix) => ['anthropic.claude-*', `${prefix}.${CLAUDE}`, true] as const,
  ),
  ['anthropic.claude-*', `xx.${CLAUDE}`, false],
  ['anthropic.claude-*', `us.eu.${CLAUDE}`, false],
  ['anthropic.claude-*', `US.${CLAUDE}`, false],
  ['eu.anthropic.claude-*', `eu.${CLAUDE}`, true],
  ['eu.anthropic.claude-*', `us.${CLAUDE}`, false],
  ['eu.anthropic.claude-*', CLAUDE, false],
  ['anthropic.claude-*', 'amazon.nova-lite-v1:0', false],
  ['anthropic.claude-*', `${ARN}/${CLAUDE}`, true],
  ['anthropic.claude-*', `${OWN}:inference-profile/us.${CLAUDE}`, true],
  ['anthropic.claude-*', `${OWN}:foundation-model/us.${CLAUDE}`, false],
  ['anthropic.claude-*', `${OWN}:inference-profile/${CLAUDE}`, false],
  ['anthropic.claude-*', `${ARN.toUpperCase()}/${CLAUDE}`, false],
  ['anthropic.claude-*', `arn:aws:bedrock:us-east-1::foundation-model:${CLAUDE}`, false],
  ['anthropic.claude-*', `arn:aws:s3:us-east-1::foundation-model/${CLAUDE}`, false],
  ['anthropic.claude-*', `${OWN}:application-inference-profile/anthropic.claude-x`, false],
  ['anthropic.claude-*', 'anthropic.claude-x/../amazon.nova', false],
  ['anthropic.claude-*', 'anthropic.claude-\u0445', false],
  ['anthropic.claude-*', ' anthropic.claude-x', false],
  [`${ARN}/anthropic.*`, CLAUDE, true],
  ['arn:aws:bedrock:eu-west-1::foundation-model/anthropic.*', CLAUDE, false],
  ['arn:aws:bedrock:*::foundation-model/anthropic.*', `us.${CLAUDE}`, false],
  [`${OWN}:inference-profile/us.anthropic.*`, `us.${CLAUDE}`, true],
  [`${OWN}:application-inference-profile/abc`, `${OWN}:application-inference-profile/abc`, true],
  [`${OWN}:application-inference-profile/*`, `${OWN}:application-inference-profile/abc`, true],
  [
    'arn:aws:bedrock:*:1*:application-inference-profile/*',
    'arn:aws:bedrock:us-east-1:222222222222:application-inference-profile/1:application-inference-profile/x',
    false,
  ],
  ['abcdef123456', 'abcdef123456', true],
  ['abc*', 'abcdef123456', false],
  ['*', 'abcdef123456', true],
  ['*', '???', true],
];

for (const [pattern, text, allowed] of ROWS) {
  test(`${pattern} ${allowed ? 'allows' : 'does not allow'} ${text}`, () => {
    assert.equal(allows(pattern, text), allowed);
  });
}

const KINDS: readonly (readonly [text: string, kind: string])[] = [
  ['zai.glm-4.7', 'foundation-model'],
  ['minimax.minimax-m2.1', 'foundation-model'],
  ['newvendor.model-x-v1:0', 'foundation-model'],
  ['newgeo.anthropic.claude-x', 'inference-profile'],
  ['us.claude', 'unknown'],
  ['abc123', 'to-resolve'],
  ...[
    'application-inference-profile',
    'provisioned-model',
    'imported-model',
    'custom-model',
    'custom-model-deployment',
    'prompt',
    'prompt-router',
    'default-prompt-router',
  ].map((type) => [`${OWN}:${type}/abc`, 'to-resolve'] as const),
  ['arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine', 'to-resolve'],
  [`${OWN}:guardrail/abc`, 'unknown'],
  ['', 'unknown'],
];

for (const [text, kind] of KINDS) {
  test(`${JSON.stringify(text)} is ${kind}`, () => assert.equal(parseModelReference(text).kind, kind));
}

const COVERS: readonly (readonly [outer: string, inner: string, covers: boolean])[] = [
  ['*', 'x', true],
  ['anthropic.*', 'anthropic.claude-*', true],
  ['anthropic.*', 'us.anthropic.claude-*', true],
  ['us.anthropic.*', 'anthropic.claude-*', false],
  ['anthropic.*', '*', false],
  ['anthropic.*', 'anthropic*', false],
  ['a*', 'abc', false],
  ['*.claude', `${ARN}/anthropic.claude`, false],
  [`${ARN}/*`, `${ARN}/anthropic.*`, true],
  [`${ARN}/*`, 'arn:aws:bedrock:*::foundation-model/anthropic.*', false],
];

for (const [outer, inner, covers] of COVERS) {
  test(`${inner} is ${covers ? '' : 'not '}within ${outer}`, () =>
    assert.equal(modelPatternCovers(outer, inner), covers));
}
