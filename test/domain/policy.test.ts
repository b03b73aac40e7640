import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../src/domain/caller.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { HeaderList } from '../../src/domain/headers.ts';
import { identifyOperation } from '../../src/domain/operations/identify.ts';
import { routeRequest, type Route } from '../../src/domain/operations/route.ts';
import { permit, type Policy } from '../../src/domain/policy/permit.ts';
import { chooseRegion } from '../../src/domain/region.ts';
import { parseRequestTarget } from '../../src/domain/request-target.ts';

const ANONYMOUS: Caller = { kind: 'anonymous' };
const MASTER: Caller = { kind: 'master' };
const POLICY: Policy = { allowedRegions: ['us-east-1'], anonymousControlPlane: false };

function routeOf(method: string, path: string): Route {
  return routeRequest({ method, target: parseRequestTarget(path), amzTarget: undefined });
}

interface Ask {
  readonly caller: Caller;
  readonly method?: string;
  readonly path?: string;
  readonly region?: string;
  readonly headers?: readonly string[];
  readonly policy?: Partial<Policy>;
}

function outcome({
  caller,
  method = 'POST',
  path = '/bedrock/model/m/converse',
  region = 'us-east-1',
  headers = [],
  policy,
}: Ask): string {
  const { operation } = identifyOperation(routeOf(method, path), { body: new Uint8Array(), signingService: undefined });
  try {
    permit(caller, operation, region, HeaderList.fromRaw(headers), { ...POLICY, ...policy });
    return 'permitted';
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error.kind;
  }
}

const USER_HEADER = ['x-amzn-bedrock-agentcore-runtime-user-id', 'somebody'];
const ROWS: readonly (readonly [what: string, ask: Ask, expected: string])[] = [
  ['anyone may converse', { caller: ANONYMOUS }, 'permitted'],
  ['the master key may converse', { caller: MASTER }, 'permitted'],
  ['another region is refused to anyone', { caller: ANONYMOUS, region: 'eu-west-1' }, 'accessDenied'],
  ['another region is refused to the master key', { caller: MASTER, region: 'eu-west-1' }, 'accessDenied'],
  [
    'a control plane is refused to anyone',
    { caller: ANONYMOUS, method: 'GET', path: '/bedrock/guardrails' },
    'accessDenied',
  ],
  [
    'a control plane is open to the master key',
    { caller: MASTER, method: 'GET', path: '/bedrock/guardrails' },
    'permitted',
  ],
  [
    'a control plane is open to anyone when the operator says so',
    { caller: ANONYMOUS, method: 'GET', path: '/bedrock/guardrails', policy: { anonymousControlPlane: true } },
    'permitted',
  ],
  ['acting for another user is refused to anyone', { caller: ANONYMOUS, headers: USER_HEADER }, 'accessDenied'],
  ['acting for another user is open to the master key', { caller: MASTER, headers: USER_HEADER }, 'permitted'],
];

for (const [what, ask, expected] of ROWS) test(what, () => assert.equal(outcome(ask), expected));

function regionOf(method: string, path: string, body = ''): string {
  const route = routeOf(method, path);
  const { resourceArn } = identifyOperation(route, { body: Buffer.from(body), signingService: undefined });
  return chooseRegion(route, resourceArn, 'us-east-1');
}

const ARN = 'arn%3Aaws%3Abedrock%3Aus-west-2%3A123456789012%3Aapplication-inference-profile%2Fabc';
const HARNESS = 'arn%3Aaws%3Abedrock-agentcore%3Aeu-west-1%3A123456789012%3Aharness%2Fabc';
const REGIONS: readonly (readonly [what: string, path: string, region: string])[] = [
  ['the default when nothing names one', '/bedrock/model/m/converse', 'us-east-1'],
  ['the ARN of the model', `/bedrock/model/${ARN}/converse`, 'us-west-2'],
  ['the ARN of the resource in the query', `/bedrock/harnesses/invoke?qualifier=v1&harnessArn=${HARNESS}`, 'eu-west-1'],
  [
    'the explicit mount before that',
    `/bedrock/-/bedrock-agentcore/us-west-2/harnesses/invoke?harnessArn=${HARNESS}`,
    'us-west-2',
  ],
  [
    'the default when that can be read in two ways',
    `/bedrock/harnesses/invoke?harnessArn=${HARNESS}&harnessarn=${HARNESS}`,
    'us-east-1',
  ],
  [
    'the default when an ARN stands in another parameter',
    `/bedrock/harnesses/invoke?qualifier=${HARNESS}`,
    'us-east-1',
  ],
  ['the explicit mount', '/bedrock/-/bedrock-runtime/eu-west-1/model/m/converse', 'eu-west-1'],
  ['the explicit mount before the ARN', `/bedrock/-/bedrock-runtime/eu-west-1/model/${ARN}/converse`, 'eu-west-1'],
];

for (const [what, path, region] of REGIONS) {
  test(`region: ${what}`, () => assert.equal(regionOf('POST', path), region));
}

test('region: the ARN of the resource a body names', () => {
  const body = '{"resourceARN":"arn:aws:bedrock:eu-west-1:123456789012:guardrail/abc"}';
  assert.equal(regionOf('POST', '/bedrock/listTagsForResource', body), 'eu-west-1');
});

for (const region of ['us-east-1.evil.com', 'evil', 'us-east-1@x', 'US-EAST-1', '169.254.169.254']) {
  test(`region: ${region} in the mount is no region`, () => {
    const route = routeOf('POST', `/bedrock/-/bedrock-runtime/${region}/model/m/converse`);
    assert.throws(() => chooseRegion(route, null, 'us-east-1'), Refusal);
  });
}

test('region: without any, the refusal says what to set', () => {
  assert.throws(() => chooseRegion(routeOf('POST', '/bedrock/model/m/converse'), null, null), /AWS_REGION/);
});
