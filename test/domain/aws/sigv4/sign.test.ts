import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createSigner } from '../../../../src/domain/aws/sigv4/sign.ts';
import { anyRequest } from './any-request.ts';
import { smithySignature } from './smithy-signature.ts';

const RUNS = 20_000;

const emptySha256Hex = hash('sha256', '');
const keyPair = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

test('the example of the AWS documentation gets the documented signature', () => {
  const { authorization, amzDate } = createSigner()(
    {
      method: 'GET',
      path: '/',
      query: 'Action=ListUsers&Version=2010-05-08',
      headers: [
        ['host', 'iam.amazonaws.com'],
        ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
      ],
      payloadSha256Hex: emptySha256Hex,
      timeMs: Date.UTC(2015, 7, 30, 12, 36, 0),
    },
    keyPair,
    { region: 'us-east-1', service: 'iam' },
  );
  assert.equal(amzDate, '20150830T123600Z');
  assert.equal(
    authorization,
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
      'SignedHeaders=content-type;host;x-amz-date, ' +
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  );
});

test('any request gets the signature @smithy/signature-v4 gives it', async (t) => {
  const sign = createSigner();
  const host = 'bedrock-runtime.us-east-1.amazonaws.com';
  const seed = Date.now() % 2 ** 31;
  t.diagnostic(`seed ${seed}`);

  const agrees = fc.asyncProperty(anyRequest, async (r) => {
    const credentials = { accessKeyId: r.accessKeyId, secretAccessKey: r.secretAccessKey };
    const withToken = r.sessionToken === undefined ? credentials : { ...credentials, sessionToken: r.sessionToken };
    const { region, service } = r;
    const expected = await smithySignature({ ...r, host, query: r.query.meant });
    const ours = sign(
      {
        method: r.method,
        path: r.path,
        query: r.query.wire,
        headers: [...r.headers, ['host', host]],
        payloadSha256Hex: hash('sha256', r.body),
        timeMs: r.timeMs,
      },
      withToken,
      { region, service },
    );
    assert.deepEqual(ours, expected);
  });
  await fc.assert(agrees, { numRuns: RUNS, seed });
});
