import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { ArrivedRequest } from '../../simulator/arrived-request.ts';
import { splitTarget } from '../../simulator/arrived-request.ts';
import { BedrockError } from '../../simulator/bedrock-error.ts';
import { SIMULATOR_CREDENTIALS, SIMULATOR_REGIONS } from '../../simulator/index.ts';
import { verifySignature } from '../../simulator/verify-signature.ts';
import type { SignatureRules } from '../../simulator/verify-signature.ts';
import { sign } from './support.ts';
import type { Signed, ToSign } from './support.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

const RULES: SignatureRules = {
  credentials: SIMULATOR_CREDENTIALS,
  regions: SIMULATOR_REGIONS,
  signingName: 'bedrock',
  bearerTokens: ['a-bedrock-key'],
  nowMs: NOW_MS,
};

const CONVERSE: ToSign = {
  origin: 'http://127.0.0.1:4601',
  path: '/model/us.anthropic.claude-v1%3A0/converse',
  query: { type: 'SYSTEM_DEFINED', maxResults: '10' },
  headers: { 'content-type': 'application/json', 'x-amzn-bedrock-trace': '  EN  ABLED ' },
  body: '{"messages":[]}',
  signedAt: new Date(NOW_MS),
};

function arrived(signed: Signed, changes: Partial<ArrivedRequest> = {}): ArrivedRequest {
  const { method, target, headers, body } = signed;
  return { method, target, ...splitTarget(target), rawHeaders: Object.entries(headers), body, ...changes };
}

function withHeader(signed: Signed, name: string, value: string | undefined): ArrivedRequest {
  const rawHeaders = Object.entries(signed.headers).filter(([key]) => key !== name);
  return arrived(signed, { rawHeaders: value === undefined ? rawHeaders : [...rawHeaders, [name, value]] });
}

function refusalOf(request: ArrivedRequest, rules: Partial<SignatureRules> = {}): BedrockError {
  try {
    verifySignature(request, { ...RULES, ...rules });
  } catch (error) {
    if (error instanceof BedrockError) return error;
    throw error;
  }
  throw new Error('The request was accepted.');
}

describe('a signature by the AWS SDK', () => {
  it('is accepted, and says who signed and for which scope', async () => {
    assert.deepEqual(verifySignature(arrived(await sign(CONVERSE)), RULES), {
      scheme: 'sigv4',
      accessKeyId: SIMULATOR_CREDENTIALS.accessKeyId,
      scope: '20260301/us-east-1/bedrock/aws4_request',
    });
  });

  it('is accepted for any path, query and body that can be sent', async () => {
    const segment = fc
      .array(fc.constantFrom(..."a Z 0 - _ ~ ! $ ' ( ) * + , = : @ &".split(' '), '%20', '%3A', '%2F', '%C3%A9'), {
        minLength: 1,
        maxLength: 12,
      })
      .map((parts) => parts.join(''));
    const text = fc.string({ unit: 'grapheme', maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { minLength: 1, maxLength: 5 }),
        fc.dictionary(
          text.filter((name) => name !== ''),
          text,
          { maxKeys: 4, noNullPrototype: true },
        ),
        fc.uint8Array({ maxLength: 64 }),
        async (segments, query, body) => {
          const signed = await sign({ ...CONVERSE, path: `/${segments.join('/')}`, query, body: Buffer.from(body) });
          assert.equal(verifySignature(arrived(signed), RULES).scheme, 'sigv4');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is accepted with a session token that belongs to the credentials', async () => {
    const credentials = { ...SIMULATOR_CREDENTIALS, sessionToken: 'session' };
    const signed = await sign({ ...CONVERSE, credentials });
    assert.equal(verifySignature(arrived(signed), { ...RULES, credentials }).scheme, 'sigv4');
    assert.equal(refusalOf(arrived(signed)).exception, 'UnrecognizedClientException');
  });

  it('is accepted up to 5 minutes from now, and not beyond', async () => {
    const signed = arrived(await sign(CONVERSE));
    for (const offMs of [-300_000, 300_000]) {
      assert.equal(verifySignature(signed, { ...RULES, nowMs: NOW_MS + offMs }).scheme, 'sigv4');
    }
    for (const offMs of [-301_000, 301_000]) {
      assert.match(refusalOf(signed, { nowMs: NOW_MS + offMs }).message, /Signature expired/);
    }
  });
});

describe('a request that is not what was signed', () => {
  const CHANGES: readonly (readonly [what: string, change: (signed: Signed) => ArrivedRequest])[] = [
    ['another method', (signed) => arrived(signed, { method: 'PUT' })],
    ['another path', (signed) => arrived(signed, { rawPath: `${splitTarget(signed.target).rawPath}-stream` })],
    [
      'the path in another spelling',
      (signed) => arrived(signed, { rawPath: '/model/us.anthropic.claude-v1:0/converse' }),
    ],
    ['a doubled slash', (signed) => arrived(signed, { rawPath: `/${splitTarget(signed.target).rawPath}` })],
    ['another query', (signed) => arrived(signed, { rawQuery: 'maxResults=11&type=SYSTEM_DEFINED' })],
    ['a query too many', (signed) => arrived(signed, { rawQuery: `${splitTarget(signed.target).rawQuery}&x` })],
    ['a changed signed header', (signed) => withHeader(signed, 'content-type', 'text/plain')],
    ['a lost signed header', (signed) => withHeader(signed, 'content-type', undefined)],
    ['another host', (signed) => withHeader(signed, 'host', 'bedrock.us-east-1.amazonaws.com')],
    ['another body under the same hash', (signed) => arrived(signed, { body: Buffer.from('{}') })],
    ['another hash', (signed) => withHeader(signed, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD')],
    ['an unsigned x-amz header', (signed) => withHeader(signed, 'x-amz-more', '1')],
    ['another day', (signed) => withHeader(signed, 'x-amz-date', '20260228T235959Z')],
    ['no date', (signed) => withHeader(signed, 'x-amz-date', undefined)],
  ];

  for (const [what, change] of CHANGES) {
    it(`is refused: ${what}`, async () => {
      const refusal = refusalOf(change(await sign(CONVERSE)));
      assert.equal(refusal.exception, 'InvalidSignatureException');
      assert.equal(refusal.status, 403);
    });
  }

  it('is refused for the payload hash it claims, before the signature is looked at', async () => {
    const signed = await sign({ ...CONVERSE, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } });
    assert.match(refusalOf(arrived(signed)).message, /'x-amz-content-sha256' header does not match/);
  });

  it('is refused: any single character of the signature changed', async () => {
    const signed = await sign(CONVERSE);
    const authorization = signed.headers['authorization'] ?? '';
    const start = authorization.indexOf('Signature=') + 'Signature='.length;
    for (let at = start; at < authorization.length; at += 1) {
      const other = authorization[at] === '0' ? '1' : '0';
      const changed = authorization.slice(0, at) + other + authorization.slice(at + 1);
      assert.equal(refusalOf(withHeader(signed, 'authorization', changed)).exception, 'InvalidSignatureException');
    }
  });

  it('is told the canonical request and the string to sign', async () => {
    const { message } = refusalOf(arrived(await sign(CONVERSE), { method: 'PUT' }));
    assert.match(
      message,
      /'PUT\n\/model\/us\.anthropic\.claude-v1%253A0\/converse\nmaxResults=10&type=SYSTEM_DEFINED\n/,
    );
    assert.match(
      message,
      /'AWS4-HMAC-SHA256\n20260301T120000Z\n20260301\/us-east-1\/bedrock\/aws4_request\n[0-9a-f]{64}'/,
    );
  });
});

describe('credentials', () => {
  it('are missed when there are none', async () => {
    const refusal = refusalOf(withHeader(await sign(CONVERSE), 'authorization', undefined));
    assert.equal(refusal.exception, 'MissingAuthenticationTokenException');
  });

  const WRONG: readonly (readonly [what: string, changes: Partial<ToSign>, exception: string])[] = [
    [
      'another access key',
      { credentials: { ...SIMULATOR_CREDENTIALS, accessKeyId: 'AKIAOTHER' } },
      'UnrecognizedClientException',
    ],
    [
      'another secret',
      { credentials: { ...SIMULATOR_CREDENTIALS, secretAccessKey: 'no' } },
      'InvalidSignatureException',
    ],
    ['a region nobody configured', { region: 'ap-south-1' }, 'InvalidSignatureException'],
    ['the signing name of another service', { service: 'bedrock-agentcore' }, 'InvalidSignatureException'],
  ];
  for (const [what, changes, exception] of WRONG) {
    it(`are refused: ${what}`, async () => {
      assert.equal(refusalOf(arrived(await sign({ ...CONVERSE, ...changes }))).exception, exception);
    });
  }

  it('are refused when their form is not the documented one', async () => {
    const signed = await sign(CONVERSE);
    for (const authorization of [
      '',
      'Basic eDp5',
      'AWS4-HMAC-SHA256 Credential=x',
      `${signed.headers['authorization']} `,
    ]) {
      const refusal = refusalOf(withHeader(signed, 'authorization', authorization));
      assert.equal(refusal.exception, 'IncompleteSignatureException');
    }
  });

  it('may be a bearer key where the service takes one', async () => {
    const signed = await sign(CONVERSE);
    const bearer = withHeader(signed, 'authorization', 'Bearer a-bedrock-key');
    assert.deepEqual(verifySignature(bearer, RULES), { scheme: 'bearer' });
    assert.equal(refusalOf(bearer, { bearerTokens: [] }).exception, 'UnrecognizedClientException');
    const unknown = withHeader(signed, 'authorization', 'Bearer another');
    assert.equal(refusalOf(unknown).exception, 'UnrecognizedClientException');
  });
});
