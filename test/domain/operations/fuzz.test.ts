import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../../../src/domain/errors.ts';
import { routeRequest } from '../../../src/domain/operations/route.ts';
import type { Route } from '../../../src/domain/operations/route.ts';
import { OPERATIONS } from '../../../src/domain/operations/table.ts';
import { parseRequestTarget } from '../../../src/domain/request-target.ts';
import { examplePath, SPELLINGS } from './example-requests.ts';

const SEED = 20_261_122;

const PIECES = [
  '/',
  '//',
  '.',
  '..',
  '%2e',
  '%2F',
  '%5C',
  '%25',
  '%00',
  '%c0%af',
  '%',
  ';',
  '#',
  '?',
  '\\',
  '\0',
  '\u00e9',
  ':',
  '-',
  'bedrock',
  'bedrock-runtime',
  'model',
  'invoke',
  '%69nvoke',
  'tags',
  'arn:aws:bedrock:us-east-1:123456789012:agent%2Fx',
  'us-east-1',
  '@evil.com',
  '?X-Amz-Signature=1',
];

interface Request {
  readonly method: string;
  readonly raw: string;
}

const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', '');
const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
const garbage = fc.string({ unit: 'binary', maxLength: 40 });
const unrelated: fc.Arbitrary<Request> = fc.record({ method: methods, raw: fc.oneof(pieces, garbage) });

const modelled: fc.Arbitrary<Request> = fc
  .tuple(fc.constantFrom('/bedrock', '/bedrock-agent', '/bedrock/-/bedrock/us-east-1'), fc.constantFrom(...OPERATIONS))
  .chain(([mount, operation]) =>
    fc
      .constantFrom(...SPELLINGS)
      .map((spelling) => ({ method: operation.method, raw: `${mount}${examplePath(operation, spelling)}` })),
  );

const mutated: fc.Arbitrary<Request> = fc
  .tuple(modelled, fc.nat(), fc.nat(3), fc.constantFrom(...PIECES))
  .map(([{ method, raw }, at, removed, piece]) => {
    const index = at % (raw.length + 1);
    return { method, raw: raw.slice(0, index) + piece + raw.slice(index + removed) };
  });

const requests = fc.oneof(unrelated, modelled, { arbitrary: mutated, weight: 4 });

function routeOrRefusal({ method, raw }: Request): Route | Refusal {
  try {
    return routeRequest({ method, target: parseRequestTarget(raw), amzTarget: undefined });
  } catch (error) {
    assert.ok(error instanceof Refusal, `${JSON.stringify(raw)} threw ${String(error)}`);
    return error;
  }
}

test('100,000 random and mutated targets are routed or refused, always the same way', () => {
  let routed = 0;
  fc.assert(
    fc.property(requests, (request) => {
      const first = routeOrRefusal(request);
      const second = routeOrRefusal(request);
      if (first instanceof Refusal) {
        assert.ok(second instanceof Refusal && second.message === first.message && second.kind === first.kind);
        return;
      }
      assert.deepEqual(second, first);
      routed++;

      const { path, segments } = parseRequestTarget(request.raw);
      assert.ok(path.endsWith(first.upstreamPath) || first.upstreamPath === '/');
      assert.match(first.upstreamPath, /^\/(?!\/)[\x21-\x7e]*$/);
      assert.doesNotMatch(decodeURIComponent(first.upstreamPath), /(?:^|[/\\])\.\.?(?:[/\\]|$)/);
      assert.deepEqual(parseRequestTarget(path), { path, query: '', segments });
      assert.ok(Object.values(first.labels).every((label) => label !== '' && segments.includes(label)));
    }),
    { numRuns: 100_000, seed: SEED },
  );
  assert.ok(routed > 10_000, `only ${routed} targets were routed`);
});
