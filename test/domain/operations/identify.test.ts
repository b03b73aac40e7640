import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../../src/domain/errors.ts';
import type { RefusalKind } from '../../../src/domain/errors.ts';
import { identifyOperation } from '../../../src/domain/operations/identify.ts';
import { routeRequest } from '../../../src/domain/operations/route.ts';
import type { ServiceId } from '../../../src/domain/operations/services.ts';
import { OPERATIONS } from '../../../src/domain/operations/table.ts';
import { parseRequestTarget } from '../../../src/domain/request-target.ts';

interface Evidence {
  readonly body?: string;
  readonly signingService?: string;
}

function identify(method: string, raw: string, { body = '', signingService }: Evidence = {}): string {
  const route = routeRequest({ method, target: parseRequestTarget(raw), amzTarget: undefined });
  return identifyOperation(route, { body: new TextEncoder().encode(body), signingService }).operation.service;
}

function refused(kind: RefusalKind, method: string, raw: string, evidence?: Evidence): void {
  assert.throws(
    () => identify(method, raw, evidence),
    (error) => error instanceof Refusal && error.kind === kind,
  );
}

const arnOf = (service: string, resource: string): string => `arn:aws:${service}:us-east-1:123456789012:${resource}`;

const PATH_ARNS: readonly [path: 'tags' | 'resourcepolicy', arn: string, owner: ServiceId][] = [
  ['tags', arnOf('bedrock', 'agent/A1'), 'bedrock-agent'],
  ['tags', arnOf('bedrock', 'agent-alias/A1/B2'), 'bedrock-agent'],
  ['tags', arnOf('bedrock', 'knowledge-base/K1'), 'bedrock-agent'],
  ['tags', arnOf('bedrock', 'flow/F1/alias/A1'), 'bedrock-agent'],
  ['tags', arnOf('bedrock', 'prompt/P1:1'), 'bedrock-agent'],
  ['tags', arnOf('bedrock', 'session/s-1'), 'bedrock-agent-runtime'],
  ['tags', arnOf('bedrock-agentcore', 'runtime/r-1'), 'bedrock-agentcore-control'],
  ['tags', arnOf('bedrock-agentcore', 'session/s-1'), 'bedrock-agentcore-control'],
  ['resourcepolicy', arnOf('bedrock', 'knowledge-base/K1'), 'bedrock-agent'],
  ['resourcepolicy', arnOf('bedrock-agentcore', 'gateway/g-1'), 'bedrock-agentcore-control'],
];

for (const [path, arn, owner] of PATH_ARNS) {
  test(`/${path}/ of ${arn} is ${owner}'s, however the ARN is written`, () => {
    for (const method of path === 'tags' ? ['GET', 'POST', 'DELETE'] : ['GET', 'PUT', 'DELETE']) {
      assert.equal(identify(method, `/bedrock/${path}/${encodeURIComponent(arn)}`), owner);
      assert.equal(identify(method, `/bedrock/${path}/${arn.replaceAll('/', '%2F')}`), owner);
    }
  });
}

const BODY_ARNS: readonly [arn: string, owner: ServiceId][] = [
  [arnOf('bedrock', 'guardrail/g1'), 'bedrock'],
  [arnOf('bedrock', 'application-inference-profile/p1'), 'bedrock'],
  [arnOf('bedrock', 'custom-model/x/y'), 'bedrock'],
  [arnOf('bedrock', 'blueprint/b1'), 'bedrock-data-automation'],
  [arnOf('bedrock', 'data-automation-project/p1'), 'bedrock-data-automation'],
  [arnOf('bedrock', 'data-automation-library/l1'), 'bedrock-data-automation'],
];

for (const [arn, owner] of BODY_ARNS) {
  test(`the tag operations of the body's ${arn} are ${owner}'s`, () => {
    for (const path of ['listTagsForResource', 'tagResource', 'untagResource']) {
      assert.equal(
        identify('POST', `/bedrock/${path}`, { body: JSON.stringify({ tags: [], resourceARN: arn }) }),
        owner,
      );
    }
  });
}

test('the table of this file covers every path that services share', () => {
  const owners = Map.groupBy(OPERATIONS, ({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
  const shared = [...owners].filter(([key, operations]) => key !== 'POST /' && operations.length > 1);
  assert.deepEqual(shared.map(([key]) => key).toSorted(), [
    'DELETE /resourcepolicy/{}',
    'DELETE /tags/{}',
    'GET /resourcepolicy/{}',
    'GET /tags/{}',
    'POST /listTagsForResource',
    'POST /tagResource',
    'POST /tags/{}',
    'POST /untagResource',
    'PUT /resourcepolicy/{}',
  ]);
});

test('without an ARN the scope of the signature decides, if it can', () => {
  assert.equal(
    identify('GET', '/bedrock/tags/x', { signingService: 'bedrock-agentcore' }),
    'bedrock-agentcore-control',
  );
  assert.equal(identify('GET', '/bedrock/resourcepolicy/x', { signingService: 'bedrock' }), 'bedrock-agent');
  refused('ambiguousOperation', 'GET', '/bedrock/tags/x', { signingService: 'bedrock' });
  refused('ambiguousOperation', 'GET', '/bedrock/tags/x', { signingService: 's3' });
  refused('ambiguousOperation', 'GET', '/bedrock/tags/x');
});

test('the scope of a signature does not overrule an ARN', () => {
  const raw = `/bedrock/tags/${encodeURIComponent(arnOf('bedrock', 'agent/A1'))}`;
  assert.equal(identify('GET', raw, { signingService: 'bedrock-agentcore' }), 'bedrock-agent');
});

test('an ARN that none of the services keeps is refused', () => {
  for (const arn of [
    arnOf('s3', 'x'),
    arnOf('lambda', 'agent/A1'),
    arnOf('bedrock', 'guardrail/g1'),
    arnOf('bedrock', 'new-thing/x'),
  ]) {
    refused('ambiguousOperation', 'GET', `/bedrock/tags/${encodeURIComponent(arn)}`, {
      signingService: 'bedrock-agentcore',
    });
  }
});

test('a body that names no resource, or is no JSON, is refused', () => {
  for (const body of ['', '{}', '{"resourceARN":null}', '{"resourceARN":"x"}', '{"resourceARN":1}', '[]', 'x']) {
    refused('ambiguousOperation', 'POST', '/bedrock/tagResource', { body, signingService: 'bedrock' });
  }
});

test('a body that names a resource of another AWS service is refused', () => {
  const body = JSON.stringify({ resourceARN: arnOf('s3', 'bucket') });
  refused('ambiguousOperation', 'POST', '/bedrock/tagResource', { body });
});

test('a body that names its resource twice, also by an escape, is refused', () => {
  const [one, other] = [arnOf('bedrock', 'guardrail/g'), arnOf('bedrock', 'blueprint/b')];
  for (const name of ['resourceARN', '\\u0072esourceARN']) {
    refused('invalidRequest', 'POST', '/bedrock/tagResource', {
      body: `{"resourceARN":"${one}","${name}":"${other}"}`,
    });
  }
});

test('a single candidate needs no evidence', () => {
  assert.equal(identify('POST', '/bedrock/-/bedrock/us-east-1/tagResource', { body: 'x' }), 'bedrock');
});
