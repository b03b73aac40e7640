import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseArn } from '../../../src/domain/aws/arn.ts';

const arns: readonly (readonly [text: string, parts: readonly string[]])[] = [
  [
    'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0',
    ['aws', 'bedrock', 'us-east-1', '', 'foundation-model/anthropic.claude-3-haiku-20240307-v1:0'],
  ],
  [
    'arn:aws:bedrock:eu-west-3:123456789012:application-inference-profile/abc123def456',
    ['aws', 'bedrock', 'eu-west-3', '123456789012', 'application-inference-profile/abc123def456'],
  ],
  [
    'arn:aws:bedrock:::inference-profile/global.anthropic.claude-sonnet-4-20250514-v1:0',
    ['aws', 'bedrock', '', '', 'inference-profile/global.anthropic.claude-sonnet-4-20250514-v1:0'],
  ],
  [
    'arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:provisioned-model/abc123def456',
    ['aws-us-gov', 'bedrock', 'us-gov-west-1', '123456789012', 'provisioned-model/abc123def456'],
  ],
  [
    'arn:aws:bedrock-agentcore:us-west-2:aws:browser/aws.browser.v1',
    ['aws', 'bedrock-agentcore', 'us-west-2', 'aws', 'browser/aws.browser.v1'],
  ],
  ['arn:aws-cn:s3:::bucket/key', ['aws-cn', 's3', '', '', 'bucket/key']],
  [
    'arn:aws:lambda:us-east-1:123456789012:function:name:$LATEST',
    ['aws', 'lambda', 'us-east-1', '123456789012', 'function:name:$LATEST'],
  ],
];

for (const [text, [partition, service, region, accountId, resource]] of arns) {
  test(`parses ${text}`, () => {
    assert.deepEqual(parseArn(text), { partition, service, region, accountId, resource });
  });
}

const notArns = [
  '',
  'arn',
  'arn:aws:bedrock:us-east-1:123456789012',
  'arn:aws:bedrock:us-east-1:123456789012:',
  'ARN:aws:bedrock:us-east-1:123456789012:guardrail/x',
  ' arn:aws:bedrock:us-east-1:123456789012:guardrail/x',
  'arn:aws:bedrock:us-east-1:123456789012:guardrail/x\n',
  'arn:aws:bedrock:us-east-1:123456789012:guardrail/\u{e9}',
  'arn:aws:bedrock:us-east-1:12345678901:guardrail/x',
  'arn:aws:bedrock:us-east-1:1234567890123:guardrail/x',
  'arn:aws:bedrock:us-east-1:*:guardrail/x',
  'arn:aws:bedrock:us-east-1.evil.com:123456789012:guardrail/x',
  'arn:aws:bedrock:*:123456789012:guardrail/x',
  'arn:aws:bedrock:cn-north-1:123456789012:guardrail/x',
  'arn:aws-cn:bedrock:us-east-1:123456789012:guardrail/x',
  'arn:evil:bedrock:us-east-1:123456789012:guardrail/x',
  'arn::bedrock:us-east-1:123456789012:guardrail/x',
  'arn:aws::us-east-1:123456789012:guardrail/x',
  'arn:aws:Bedrock:us-east-1:123456789012:guardrail/x',
  'arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aguardrail%2Fx',
] as const;

for (const text of notArns) {
  test(`${JSON.stringify(text)} is no ARN`, () => {
    assert.equal(parseArn(text), null);
  });
}

test('an ARN has 2,048 characters at most', () => {
  const longest = 'arn:aws:s3:::'.padEnd(2048, 'x');
  assert.equal(parseArn(longest)?.resource.length, 2048 - 'arn:aws:s3:::'.length);
  assert.equal(parseArn(`${longest}x`), null);
});

test('any text gives null or the parts it consists of', () => {
  const piece = fc.oneof(
    fc.constantFrom('arn', 'aws', 'aws-cn', 'bedrock', 'us-east-1', '', '123456789012', ':', 'x/y', '\n'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  const isTotal = fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
    const text = pieces.join(':');
    const arn = parseArn(text);
    if (arn === null) return;
    assert.equal(`arn:${arn.partition}:${arn.service}:${arn.region}:${arn.accountId}:${arn.resource}`, text);
  });
  fc.assert(isTotal, { numRuns: 5_000 });
});
