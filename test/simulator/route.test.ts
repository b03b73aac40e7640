import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BedrockError } from '../../simulator/bedrock-error.ts';
import { OPERATIONS, routeByPath, routeByTarget } from '../../simulator/route.ts';

const JSON_RPC = 'bedrock-data-automation-runtime';

function exceptionOf(route: () => unknown): string {
  try {
    route();
  } catch (error) {
    if (error instanceof BedrockError) return `${error.status} ${error.exception}`;
    throw error;
  }
  return 'routed';
}

describe('routing', () => {
  it('finds every modelled rest-json operation by its own path, with its labels decoded once', () => {
    const restJson = OPERATIONS.filter(({ service }) => service !== JSON_RPC);
    assert.ok(restJson.length > 480);
    for (const expected of restJson) {
      const path = expected.uri.replaceAll(/\{[^}]+\}/g, 'arn%3Aaws%3Ax%2Fy%2520z');
      const { operation, labels } = routeByPath(expected.service, expected.method, path);
      assert.equal(operation.operation, expected.operation, `${expected.service} ${expected.method} ${path}`);
      for (const value of Object.values(labels)) assert.equal(value, 'arn:aws:x/y%20z');
    }
  });

  it('finds every awsJson1.1 operation by its target', () => {
    const byTarget = OPERATIONS.filter(({ service }) => service === JSON_RPC);
    assert.equal(byTarget.length, 6);
    for (const { operation } of byTarget) {
      const target = `AmazonBedrockKeystoneRuntimeService.${operation}`;
      assert.equal(routeByTarget(JSON_RPC, 'POST', '/', target).operation.operation, operation);
    }
  });

  it('tells PrepareAgent from InvokeInlineAgent by the trailing slash', () => {
    assert.equal(routeByPath('bedrock-agent', 'POST', '/agents/A1/').operation.operation, 'PrepareAgent');
    assert.equal(routeByPath('bedrock-agent-runtime', 'POST', '/agents/A1').operation.operation, 'InvokeInlineAgent');
    assert.equal(
      exceptionOf(() => routeByPath('bedrock-agent', 'POST', '/agents/A1')),
      '404 UnknownOperationException',
    );
    assert.equal(
      exceptionOf(() => routeByPath('bedrock-agent-runtime', 'POST', '/agents/A1/')),
      '404 UnknownOperationException',
    );
  });

  const REFUSED: readonly (readonly [path: string, expected: string])[] = [
    ['/model/m/converse/', '404 UnknownOperationException'],
    ['/model//converse', '404 UnknownOperationException'],
    ['//model/m/converse', '404 UnknownOperationException'],
    ['/model/m/%63onverse', '404 UnknownOperationException'],
    ['/Model/m/converse', '404 UnknownOperationException'],
    ['model/m/converse', '404 UnknownOperationException'],
    ['', '404 UnknownOperationException'],
    ['/model/../converse', '400 ValidationException'],
    ['/model/%2E%2e/converse', '400 ValidationException'],
    ['/model/a%2F..%2Fb/converse', '400 ValidationException'],
    ['/model/%/converse', '400 ValidationException'],
    ['/model/%ff/converse', '400 ValidationException'],
  ];
  for (const [path, expected] of REFUSED) {
    it(`refuses POST ${path}`, () => {
      assert.equal(
        exceptionOf(() => routeByPath('bedrock-runtime', 'POST', path)),
        expected,
      );
    });
  }

  it('refuses targets of other services and other paths than /', () => {
    for (const [path, target] of [
      ['/', 'TagResource'],
      ['/', 'AnotherService.TagResource'],
      ['/', 'AmazonBedrockKeystoneRuntimeService.TagResource.x'],
      ['/bedrock', 'AmazonBedrockKeystoneRuntimeService.TagResource'],
    ] as const) {
      assert.equal(
        exceptionOf(() => routeByTarget(JSON_RPC, 'POST', path, target)),
        '404 UnknownOperationException',
      );
    }
  });
});
