import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseSigv4Authorization } from '../../../src/domain/aws/sigv4/authorization-header.ts';
import type { RequestSignature } from '../../../src/domain/aws/sigv4/sign.ts';
import { createVerifier, type SignatureVerdict } from '../../../src/domain/aws/sigv4/verify.ts';
import { HeaderList } from '../../../src/domain/headers.ts';
import { anyRequest } from './sigv4/any-request.ts';
import { smithySignature } from './sigv4/smithy-signature.ts';

const RUNS = 10_000;
const HOST = 'gateway.example';

type AnyRequest = typeof anyRequest extends fc.Arbitrary<infer T> ? T : never;

const verify = createVerifier(new Set(['bedrock', 'bedrock-agentcore', 'bedrock-mantle']));

/** @param headers those of the request that its signer would sign. */
function signedBySmithy(request: AnyRequest, headers: AnyRequest['headers']): Promise<RequestSignature> {
  return smithySignature({ ...request, headers, host: HOST, query: request.query.meant, sessionToken: undefined });
}

function verdictOn(request: AnyRequest, { authorization, amzDate }: RequestSignature): SignatureVerdict {
  const parsed = parseSigv4Authorization(authorization);
  assert.ok(parsed !== null);
  const evidence = {
    authorization: parsed,
    method: request.method,
    places: [{ host: HOST, path: request.path }],
    query: request.query.wire,
    headers: HeaderList.fromRaw([...request.headers, ['x-amz-date', amzDate]].flat()),
    bodySha256Hex: hash('sha256', request.body),
    nowMs: request.timeMs,
  };
  return verify(evidence, request.secretAccessKey);
}

const anyPart = fc.constantFrom('method', 'path', 'query', 'headers', 'body', 'secretAccessKey');

test('what @smithy/signature-v4 signs is valid, and stays so exactly where it would sign the same again', async (t) => {
  const seed = Date.now() % 2 ** 31;
  t.diagnostic(`seed ${seed}`);
  const agrees = fc.asyncProperty(anyRequest, anyRequest, anyPart, async (request, other, part) => {
    const signature = await signedBySmithy(request, request.headers);
    assert.deepEqual(verdictOn(request, signature), { kind: 'valid' });

    const changed = { ...request, [part]: other[part] };
    const signedNames = new Set(request.headers.map(([name]) => name));
    const wouldBe = await signedBySmithy(
      changed,
      changed.headers.filter(([name]) => signedNames.has(name)),
    );
    assert.equal(verdictOn(changed, signature).kind === 'valid', wouldBe.authorization === signature.authorization);
  });
  await fc.assert(agrees, { numRuns: RUNS, seed });
});
