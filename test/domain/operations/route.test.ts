import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RefusalKind } from '../../../src/domain/errors.ts';
import { Refusal } from '../../../src/domain/errors.ts';
import { identifyOperation } from '../../../src/domain/operations/identify.ts';
import { routeRequest } from '../../../src/domain/operations/route.ts';
import type { Route } from '../../../src/domain/operations/route.ts';
import { SERVICES } from '../../../src/domain/operations/services.ts';
import { OPERATIONS } from '../../../src/domain/operations/table.ts';
import { parseRequestTarget } from '../../../src/domain/request-target.ts';
import { examplePath, resourceArn, SPELLINGS } from './example-requests.ts';

const TARGET_PREFIX = 'AmazonBedrockKeystoneRuntimeService.';

function route(method: string, raw: string, amzTarget?: string): Route {
  return routeRequest({ method, target: parseRequestTarget(raw), amzTarget });
}

function refused(kind: RefusalKind, message: RegExp, method: string, raw: string, amzTarget?: string): void {
  assert.throws(
    () => route(method, raw, amzTarget),
    (error) => error instanceof Refusal && error.kind === kind && message.test(error.message),
    `${method} ${raw}`,
  );
}

const named = ({ candidates }: Route): string[] => candidates.map(({ service, name }) => `${service}:${name}`);

const CARRIED_REST = OPERATIONS.filter(
  ({ service, eventStream }) => SERVICES[service].protocol === 'rest-json' && eventStream !== 'both',
);

for (const spelling of SPELLINGS) {
  test(`every operation routes back to itself under every mount, labels as ${spelling.name} writes them`, () => {
    for (const operation of CARRIED_REST) {
      const path = examplePath(operation, spelling);
      const mounts = [
        '/bedrock',
        '/bedrock/',
        `/bedrock/-/${operation.service}/eu-west-1`,
        ...(operation.service === 'bedrock' ? [] : [`/${operation.service}`]),
      ];
      const body = new TextEncoder().encode(JSON.stringify({ resourceARN: resourceArn(operation.service) }));
      for (const mount of mounts) {
        const found = route(operation.method, `${mount}${path}?a=b`);
        assert.equal(
          identifyOperation(found, { body, signingService: undefined }).operation,
          operation,
          `${mount}${path}`,
        );
        assert.equal(found.upstreamPath, path);
        assert.equal(found.query, 'a=b');
      }
    }
  });
}

test('labels are the raw segments by the names of the model, and ARNs among them are parsed', () => {
  const { labels, resourceArns } = route(
    'POST',
    '/bedrock/guardrail/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aguardrail%2Fg/version/1/apply',
  );
  assert.deepEqual(labels, {
    guardrailIdentifier: 'arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aguardrail%2Fg',
    guardrailVersion: '1',
  });
  assert.deepEqual(
    resourceArns.map(({ region, resource }) => [region, resource]),
    [['eu-west-1', 'guardrail/g']],
  );
});

test('operations that share a path share its label names', () => {
  for (const { method, path, service } of CARRIED_REST) {
    const raw = `/bedrock${path.replaceAll(/[{}]/g, '')}`;
    const labelNames = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(Object.keys(route(method, raw).labels), labelNames, `${service} ${path}`);
  }
});

test('a mount that names service and region passes both on', () => {
  const { service, region, upstreamPath } = route('POST', '/bedrock/-/bedrock-runtime/eu-west-1/model/x/invoke');
  assert.deepEqual([service, region, upstreamPath], ['bedrock-runtime', 'eu-west-1', '/model/x/invoke']);
});

test('a mount that names a service takes shared paths for that service', () => {
  assert.deepEqual(named(route('GET', '/bedrock-agent/tags/x')), ['bedrock-agent:ListTagsForResource']);
  assert.deepEqual(named(route('POST', '/bedrock/-/bedrock/us-east-1/tagResource')), ['bedrock:TagResource']);
});

test('HEAD is routed as its GET', () => {
  assert.deepEqual(named(route('HEAD', '/bedrock/guardrails')), ['bedrock:ListGuardrails']);
});

test('a doubled slash is collapsed and a trailing one decides', () => {
  assert.deepEqual(named(route('POST', '/bedrock//agents/a')), ['bedrock-agent-runtime:InvokeInlineAgent']);
  assert.deepEqual(named(route('POST', '/bedrock/agents/a/')), ['bedrock-agent:PrepareAgent']);
  assert.equal(route('POST', '/bedrock//agents//a//').upstreamPath, '/agents/a/');
});

test('case decides', () => {
  assert.deepEqual(named(route('POST', '/bedrock/agents/a/agentaliases/')), ['bedrock-agent:ListAgentAliases']);
  refused('unknownOperation', /No Bedrock operation/, 'POST', '/bedrock/agents/a/agentAliases/');
  refused('unknownOperation', /not served here/, 'POST', '/Bedrock/model/x/converse');
  refused('unknownOperation', /No Bedrock operation/, 'POST', '/bedrock/MODEL/x/converse');
  refused('unknownOperation', /takes POST/, 'post', '/bedrock/model/x/converse');
});

test('a literal beats a parameter, and gives way where it leads nowhere', () => {
  assert.deepEqual(named(route('POST', '/bedrock/flows/validate-definition')), [
    'bedrock-agent:ValidateFlowDefinition',
  ]);
  assert.deepEqual(named(route('POST', '/bedrock/flows/validate-definition/')), ['bedrock-agent:PrepareFlow']);
});

for (const [method, raw, message] of [
  ['POST', '/model/x/converse', /served under \/bedrock: use http:\/\/…\/bedrock as the endpoint/],
  ['POST', '/', /not served here/],
  ['GET', '/bedrock-mantel/x', /not served here/],
  ['POST', '/bedrock/-/bedrock-runtime', /the form is/],
  ['POST', '/bedrock/-/', /the form is/],
  ['POST', '/bedrock/-/bedrock-runtime/', /the form is/],
  ['POST', '/bedrock/-/s3/us-east-1/model/x/invoke', /the form is/],
  ['POST', '/bedrock/-/bedrock-runtime//us-east-1', /names no operation/],
  ['POST', '/bedrock/-/bedrock-runtime/us-east-1', /names no operation/],
  ['GET', '/bedrock/model/x/converse', /takes POST, not GET/],
  ['POST', '/bedrock/model/x/converse/', /only without its trailing slash/],
  ['GET', '/bedrock/async-invoke/', /only without its trailing slash/],
  ['PUT', '/bedrock/sessions', /only with its trailing slash/],
  ['POST', '/bedrock/nothing/here', /No Bedrock operation/],
  ['POST', '/bedrock/agents/a/new-thing', /No Bedrock operation/],
  ['POST', '/bedrock-agent/model/x/converse', /No bedrock-agent operation/],
  ['POST', '/bedrock/model/x/%69nvoke', /No Bedrock operation/],
  ['POST', '/bedrock/mode%6C/x/invoke', /No Bedrock operation/],
  ['POST', '/bedrock/model/x/inv%6Fke-later', /No Bedrock operation/],
  ['POST', '/bedrock/flows/validate%2Ddefinition', /No Bedrock operation/],
  ['POST', '/b%65drock/model/x/invoke', /not served here/],
  ['POST', '/bedrock/-/bedrock%2Druntime/us-east-1/model/x/invoke', /the form is/],
  ['TRACE', '/bedrock/model/x/new', /No Bedrock operation/],
  ['OPTIONS', '/bedrock/model/x/invoke', /takes POST, not OPTIONS/],
  ['POST', '/bedrock/v2/x', /No Bedrock operation/],
] as const) {
  test(`${method} ${raw} is 404`, () => {
    refused('unknownOperation', message, method, raw);
  });
}

for (const [method, raw, message] of [
  ['POST', '/bedrock/model/x/invoke-with-bidirectional-stream', /InvokeModelWithBidirectionalStream is not carried/],
  ['POST', '/bedrock/openai/v1/chat/completions', /OpenAI-shaped/],
  ['POST', '/bedrock/v1/responses', /OpenAI-shaped/],
  ['POST', '/bedrock-runtime/anthropic/v1/messages', /Anthropic-shaped/],
  ['POST', '/bedrock/-/bedrock-runtime/us-east-1/openai/v1/responses', /OpenAI-shaped/],
  ['POST', '/bedrock/mantle/v1/responses', /bedrock-mantle/],
  ['POST', '/bedrock-mantle/v1/responses', /bedrock-mantle/],
  ['POST', '/bedrock/-/bedrock-mantle/us-east-1/v1/responses', /bedrock-mantle/],
  ['GET', '/bedrock/runtimes/x/ws', /WebSocket/],
  ['GET', '/bedrock-agentcore/runtimes/x/ws', /WebSocket/],
] as const) {
  test(`${method} ${raw} is said not to be carried yet`, () => {
    refused('notImplemented', message, method, raw);
  });
}

test('an encoded slash is refused in a label that is neither ARN nor id, and in an unmodelled segment', () => {
  refused('invalidRequest', /guardrailVersion/, 'POST', '/bedrock/guardrail/g/version/1%2F2/apply');
  refused('invalidRequest', /guardrailVersion/, 'POST', '/bedrock/guardrail/g/version/1%5c2/apply');
  refused('invalidRequest', /no ARN/, 'POST', '/bedrock/model/a%2Fb/new-thing');
  assert.equal(route('POST', '/bedrock/model/a%2Fb/invoke').labels['modelId'], 'a%2Fb');
});

test('an unknown path goes to the one service that owns its first segment, marked as unmodelled', () => {
  const found = route('PATCH', '/bedrock/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Ax%2Fy/new-thing?a');
  const [operation] = found.candidates;
  assert.deepEqual(
    [operation.service, operation.name, operation.modelled, operation.kind, operation.headers],
    ['bedrock-runtime', 'Unmodelled', false, 'invoke', []],
  );
  assert.equal(found.resourceArns[0]?.region, 'eu-west-1');
  assert.equal(found.upstreamPath.endsWith('/new-thing'), true);
});

test('under a mount that names a service, that service having the first segment is enough', () => {
  assert.deepEqual(named(route('POST', '/bedrock-agent/agents/a/new-thing')), ['bedrock-agent:Unmodelled']);
  refused('unknownOperation', /No bedrock-agent operation/, 'POST', '/bedrock-agent/new-things');
});

for (const raw of [
  '/bedrock',
  '/bedrock/',
  '/bedrock-data-automation-runtime',
  '/bedrock-data-automation-runtime/',
  '/bedrock/-/bedrock-data-automation-runtime/us-east-1',
  '/bedrock/-/bedrock-data-automation-runtime/us-east-1/',
]) {
  test(`${raw} serves the awsJson operations`, () => {
    const names = OPERATIONS.filter(({ path }) => path === '/').map(({ name }) => name);
    assert.equal(names.length, 6);
    for (const name of names) {
      const found = route('POST', raw, `${TARGET_PREFIX}${name}`);
      assert.deepEqual(named(found), [`bedrock-data-automation-runtime:${name}`]);
      assert.equal(found.upstreamPath, '/');
    }
    assert.deepEqual(named(route('POST', raw, `${TARGET_PREFIX}NewThing`)), [
      'bedrock-data-automation-runtime:Unmodelled',
    ]);
    refused('unknownOperation', /X-Amz-Target/, 'GET', raw, `${TARGET_PREFIX}InvokeDataAutomation`);
    refused('unknownOperation', /X-Amz-Target/, 'POST', raw);
    refused('unknownOperation', /X-Amz-Target/, 'POST', raw, 'DynamoDB_20120810.GetItem');
    refused('unknownOperation', /X-Amz-Target/, 'POST', raw, `${TARGET_PREFIX}Get/../x`);
  });
}

test('an X-Amz-Target changes nothing for a path of its own', () => {
  const found = route('POST', '/bedrock/model/x/converse', `${TARGET_PREFIX}InvokeDataAutomation`);
  assert.deepEqual(named(found), ['bedrock-runtime:Converse']);
});

test('the root of a mount that names another service is no awsJson endpoint', () => {
  refused(
    'unknownOperation',
    /names no operation/,
    'POST',
    '/bedrock-runtime/',
    `${TARGET_PREFIX}InvokeDataAutomation`,
  );
});

test('the body bound is the largest of the candidates', () => {
  const found = route('POST', '/bedrock/listTagsForResource');
  assert.equal(found.bodyBytesMax, Math.max(...found.candidates.map(({ bodyBytesMax }) => bodyBytesMax)));
  assert.ok(route('POST', '/bedrock/runtimes/x/invocations').bodyBytesMax > found.bodyBytesMax);
});

test('a message shows only the beginning of a long path', () => {
  assert.throws(
    () => route('POST', `/bedrock/nothing/${'x'.repeat(5000)}`),
    (error) => error instanceof Refusal && error.message.length < 300,
  );
});
