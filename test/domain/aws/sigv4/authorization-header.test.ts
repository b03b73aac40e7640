import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseSigv4Authorization } from '../../../../src/domain/aws/sigv4/authorization-header.ts';
import { createSigner } from '../../../../src/domain/aws/sigv4/sign.ts';

const signature = '0123456789abcdef'.repeat(4);
const scope = '20261101/us-east-1/bedrock/aws4_request';
const claimed = { date: '20261101', region: 'us-east-1', service: 'bedrock', signature };

function header(credential: string, signedHeaders = 'host;x-amz-date', signatureText = signature): string {
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signatureText}`;
}

const keys = ['AKIDEXAMPLE', 'sk-1234', 'Bearer sk-1234', 'Bearer sk-a/b==', 'a/b/c/d/e', 'ключ'] as const;

for (const accessKeyId of keys) {
  test(`the key ${accessKeyId} is what stands before the scope`, () => {
    const parsed = parseSigv4Authorization(header(`${accessKeyId}/${scope}`));
    assert.deepEqual(parsed, { accessKeyId, ...claimed, signedHeaders: ['host', 'x-amz-date'] });
  });
}

const spellings = [
  `AWS4-HMAC-SHA256 Credential=AKID/${scope},SignedHeaders=host,Signature=${signature}`,
  `AWS4-HMAC-SHA256   Credential=AKID/${scope} ,  SignedHeaders=host ,Signature=${signature} `,
  `AWS4-HMAC-SHA256 Signature=${signature}, SignedHeaders=host, Credential=AKID/${scope}`,
] as const;

for (const value of spellings) {
  test(`order and white space do not matter: ${value}`, () => {
    assert.deepEqual(parseSigv4Authorization(value), { accessKeyId: 'AKID', ...claimed, signedHeaders: ['host'] });
  });
}

test("HTTP/2's pseudo-header may be signed", () => {
  assert.deepEqual(parseSigv4Authorization(header(`AKID/${scope}`, ':authority;x-amz-date'))?.signedHeaders, [
    ':authority',
    'x-amz-date',
  ]);
});

const refused: readonly (readonly [why: string, value: string])[] = [
  ['nothing', ''],
  ['a bearer key', 'Bearer sk-1234'],
  ['another algorithm', header(`AKID/${scope}`).replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')],
  ['the algorithm in lower case', header(`AKID/${scope}`).replace('AWS4-HMAC-SHA256', 'aws4-hmac-sha256')],
  ['no parts', 'AWS4-HMAC-SHA256 '],
  ['a part missing', `AWS4-HMAC-SHA256 Credential=AKID/${scope}, Signature=${signature}`],
  ['a part twice', `${header(`AKID/${scope}`)}, Signature=${signature}`],
  ['an unknown part', `${header(`AKID/${scope}`)}, Extra=1`],
  ['a part in lower case', header(`AKID/${scope}`).replace('Signature=', 'signature=')],
  ['no key', header(`/${scope}`)],
  ['no key and no slash', header(scope)],
  ['another terminator', header('AKID/20261101/us-east-1/bedrock/aws5_request')],
  ['a date too long', header('AKID/202611011/us-east-1/bedrock/aws4_request')],
  ['a date with a minus', header('AKID/2026-1-1/us-east-1/bedrock/aws4_request')],
  ['no region', header('AKID/20261101//bedrock/aws4_request')],
  ['a region with a dot', header('AKID/20261101/evil.com/bedrock/aws4_request')],
  ['a service with a space', header('AKID/20261101/us-east-1/bed rock/aws4_request')],
  ['no signed header', header(`AKID/${scope}`, '')],
  ['an empty signed header', header(`AKID/${scope}`, 'host;;x-amz-date')],
  ['a signed header in upper case', header(`AKID/${scope}`, 'Host')],
  ['a signed header with a space', header(`AKID/${scope}`, 'host; x-amz-date')],
  ['a short signature', header(`AKID/${scope}`, 'host', signature.slice(1))],
  ['a long signature', header(`AKID/${scope}`, 'host', `${signature}0`)],
  ['a signature in upper case', header(`AKID/${scope}`, 'host', signature.toUpperCase())],
  ['8,193 characters', header(`${'k'.repeat(8193 - header(`/${scope}`).length)}/${scope}`)],
];

for (const [why, value] of refused) {
  test(`refuses ${why}`, () => {
    assert.equal(parseSigv4Authorization(value), null);
  });
}

test('8,192 characters are taken', () => {
  const accessKeyId = 'k'.repeat(8192 - header(`/${scope}`).length);
  assert.equal(parseSigv4Authorization(header(`${accessKeyId}/${scope}`))?.accessKeyId, accessKeyId);
});

test('the usual spelling is read as any other', () => {
  const part = fc.constantFrom(
    'a',
    'Z',
    '0',
    '-',
    '_',
    '.',
    ' ',
    '/',
    '=',
    ',',
    ';',
    ':',
    'é',
    '\t',
    '\u00a0',
    '\ufeff',
  );
  const mostly = (usual: string) =>
    fc.oneof(
      { weight: 12, arbitrary: fc.constant(usual) },
      // One character more, or another one in its place.
      fc
        .tuple(fc.nat(usual.length), fc.nat(1), part)
        .map(([at, taken, put]) => usual.slice(0, at) + put + usual.slice(at + taken)),
      fc.string({ unit: part, maxLength: 70 }),
    );
  const value = fc
    .tuple(
      ...['AKID', '20261101', 'us-east-1', 'bedrock', 'aws4_request', 'host;x-amz-date', signature].map(mostly),
      fc.constantFrom(',', ', ', ' ,', ',  '),
    )
    .map(([id, date, region, service, end, names, signed, comma]) =>
      [`Credential=${id}/${date}/${region}/${service}/${end}`, `SignedHeaders=${names}`, `Signature=${signed}`].join(
        comma,
      ),
    );
  const agrees = fc.property(value, (parts) => {
    const parsed = parseSigv4Authorization(`AWS4-HMAC-SHA256 ${parts}`);
    // White space around a part means nothing, but takes the text out of the usual spelling.
    assert.deepEqual(parseSigv4Authorization(`AWS4-HMAC-SHA256  ${parts} `), parsed);
  });
  fc.assert(agrees, { numRuns: 20_000 });
});

test('what our signer writes is read', () => {
  const { authorization } = createSigner()(
    {
      method: 'GET',
      path: '/',
      query: '',
      headers: [['host', 'h']],
      payloadSha256Hex: 'UNSIGNED-PAYLOAD',
      timeMs: Date.UTC(2026, 10, 1),
    },
    { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' },
    { region: 'us-east-1', service: 'bedrock' },
  );
  const parsed = parseSigv4Authorization(authorization);
  assert.deepEqual(parsed?.signedHeaders, ['host', 'x-amz-date', 'x-amz-security-token']);
  assert.equal(parsed?.accessKeyId, 'AKID');
});

test('no text makes it throw', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'AWS4-HMAC-SHA256 ',
      'Credential=',
      'SignedHeaders=',
      'Signature=',
      ', ',
      ',',
      '/',
      ';',
      '=',
      signature,
    ),
    fc.constantFrom(`AKID/${scope}`, 'host', 'aws4_request', '20261101'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const isTotal = fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
    const parsed = parseSigv4Authorization(pieces.join(''));
    if (parsed !== null) assert.equal(parsed.signature.length, 64);
  });
  fc.assert(isTotal, { numRuns: 10_000 });
});
