import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { z } from 'zod';
import { parseSigv4Authorization } from '../../../src/domain/aws/sigv4/authorization-header.ts';
import { createVerifier } from '../../../src/domain/aws/sigv4/verify.ts';
import { HeaderList } from '../../../src/domain/headers.ts';
import { parseRequestTarget } from '../../../src/domain/request-target.ts';
import { needs } from '../../support/needs.ts';
import { AMZ_DATE, NOW_MS } from './wire-request.ts';

const REQUESTS = 5_000;
const HOST = 'gateway.example:4000';

const oneOf = (characters: string) => fc.constantFrom(...characters.split(''));
const textOf = (piece: fc.Arbitrary<string>, constraints: fc.ArrayConstraints) =>
  fc.array(piece, constraints).map((pieces) => pieces.join(''));

const segment = textOf(fc.oneof(oneOf("abzAZ059-_~:@!$'()*+,=&"), fc.constantFrom('%3A', '%2F', '%20', '%C3%BC')), {
  minLength: 1,
  maxLength: 10,
});
// botocore takes the query as its serialiser wrote it, escapes and all.
const queryText = textOf(fc.oneof(oneOf('abzAZ059-._~'), fc.constantFrom('%3A', '%2F', '%20', '%2B')), {
  maxLength: 6,
});
const name = textOf(oneOf('abcxyz019-'), { minLength: 1, maxLength: 10 }).map((text) => `x-${text}`);
const value = textOf(oneOf('abzAZ059 ;,=/":'), { maxLength: 12 });

const anyBotocoreRequest = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
  path: fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.constantFrom('', '/'))
    .map(([segments, slash]) => `/${segments.join('/')}${slash}`),
  query: fc
    .array(fc.tuple(queryText, queryText), { maxLength: 4 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&')),
  headers: fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true }).map((fields) => Object.entries(fields)),
  body: fc.string({ maxLength: 20 }),
  region: fc.constantFrom('us-east-1', 'eu-central-1'),
  service: fc.constantFrom('bedrock', 'bedrock-agentcore'),
  secretAccessKey: fc.constantFrom('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', 'another/secret'),
});
type BotocoreRequest = typeof anyBotocoreRequest extends fc.Arbitrary<infer T> ? T : never;

/** Which signed part of the request another one lends it. */
const anyPart = fc.constantFrom('method', 'path', 'query', 'body', 'secretAccessKey');

function targetOf({ path, query }: BotocoreRequest): string {
  return query === '' ? path : `${path}?${query}`;
}

function signedByBotocore(requests: readonly BotocoreRequest[]): string[] {
  const wanted = requests.map((request) => ({
    ...request,
    target: targetOf(request),
    host: HOST,
    accessKeyId: 'AKOCABCDEFGHIJKLMNOP',
    amzDate: AMZ_DATE,
  }));
  const program = fileURLToPath(new URL('botocore-signer.py', import.meta.url));
  const run = spawnSync('python3', [program], { input: JSON.stringify(wanted), encoding: 'utf8', maxBuffer: 2 ** 26 });
  assert.equal(run.status, 0, run.stderr);
  return z.array(z.string()).parse(JSON.parse(run.stdout));
}

const verify = createVerifier(new Set(['bedrock', 'bedrock-agentcore']));

function isValid(request: BotocoreRequest, authorization: string): boolean {
  const parsed = parseSigv4Authorization(authorization);
  assert.ok(parsed !== null, authorization);
  const { path, query } = parseRequestTarget(targetOf(request));
  const evidence = {
    authorization: parsed,
    method: request.method,
    places: [{ host: HOST, path }],
    query,
    headers: HeaderList.fromRaw([...request.headers, ['x-amz-date', AMZ_DATE]].flat()),
    bodySha256Hex: hash('sha256', request.body),
    nowMs: NOW_MS,
  };
  return verify(evidence, request.secretAccessKey).kind === 'valid';
}

test(
  'what botocore signs is valid, and stays so exactly where it would sign the same again',
  needs('python3 with boto3'),
  (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    const pairs = fc
      .sample(fc.tuple(anyBotocoreRequest, anyBotocoreRequest, anyPart), { numRuns: REQUESTS, seed })
      .map(([request, other, part]) => ({ request, changed: { ...request, [part]: other[part] } }));
    const signatures = signedByBotocore(pairs.map(({ request }) => request));
    const wouldBe = signedByBotocore(pairs.map(({ changed }) => changed));

    const seen = { accepted: 0, refused: 0 };
    for (const [index, { request, changed }] of pairs.entries()) {
      const signature = signatures[index] ?? '';
      assert.ok(isValid(request, signature), JSON.stringify(request));
      const isAccepted = isValid(changed, signature);
      assert.equal(isAccepted, wouldBe[index] === signature, JSON.stringify({ request, changed }));
      seen[isAccepted ? 'accepted' : 'refused'] += 1;
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.accepted > 0 && seen.refused > 0);
  },
);
