import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY_CARRIERS, readClaim, type Claim } from '../../src/domain/credential-carriers.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { HeaderList } from '../../src/domain/headers.ts';

const SIGV4 = `AWS4-HMAC-SHA256 Credential=AKIADUMMY/20261122/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;

function claimOf(raw: readonly string[], customCarrier: string | null = null): Claim {
  return readClaim(HeaderList.fromRaw(raw), customCarrier);
}

const bearer = (key: string): Claim => ({ kind: 'bearer', key });

const ROWS: readonly (readonly [what: string, raw: readonly string[], expected: Claim])[] = [
  ['no credential', ['Host', 'x'], { kind: 'none' }],
  ['Authorization: Bearer', ['Authorization', 'Bearer sk-a'], bearer('sk-a')],
  ['bearer in any case', ['authorization', 'bEaReR   sk-a'], bearer('sk-a')],
  ['x-api-key bare', ['X-Api-Key', 'sk-a'], bearer('sk-a')],
  ['x-api-key with Bearer', ['x-api-key', 'Bearer sk-a'], bearer('sk-a')],
  ['API-Key', ['API-Key', 'sk-a'], bearer('sk-a')],
  ['x-litellm-api-key', ['x-litellm-api-key', 'sk-a'], bearer('sk-a')],
  ['litellm_user_api_key with Bearer', ['litellm_user_api_key', 'Bearer sk-a'], bearer('sk-a')],
  ['Basic is no form of ours', ['Authorization', 'Basic c2stYQ=='], { kind: 'unreadable' }],
  ['an empty bearer', ['Authorization', 'Bearer '], { kind: 'unreadable' }],
  ['a broken SigV4 header', ['Authorization', 'AWS4-HMAC-SHA256 nonsense'], { kind: 'unreadable' }],
  ['a dummy SigV4 beside a key header', ['Authorization', SIGV4, 'x-api-key', 'sk-a'], bearer('sk-a')],
  ['Authorization before x-api-key', ['x-api-key', 'sk-low', 'Authorization', 'Bearer sk-high'], bearer('sk-high')],
  [
    'x-litellm-api-key before Authorization',
    ['Authorization', 'Bearer sk-low', 'x-litellm-api-key', 'sk-high'],
    bearer('sk-high'),
  ],
  [
    'an empty one of higher rank is not rescued',
    ['x-litellm-api-key', '', 'Authorization', 'Bearer sk-a'],
    { kind: 'unreadable' },
  ],
];

for (const [what, raw, expected] of ROWS) test(`claim: ${what}`, () => assert.deepEqual(claimOf(raw), expected));

test('claim: the configured header comes first', () => {
  const raw = ['x-litellm-api-key', 'sk-low', 'X-My-Key', 'sk-high'];
  assert.deepEqual(claimOf(raw, 'x-my-key'), bearer('sk-high'));
});

test('claim: a SigV4 credential alone is read with its scope', () => {
  const claim = claimOf(['Authorization', SIGV4]);
  assert.equal(claim.kind, 'signed');
  assert.equal(claim.kind === 'signed' && claim.authorization.accessKeyId, 'AKIADUMMY');
});

test('the carriers of a key, the highest in rank first', () => {
  assert.deepEqual(KEY_CARRIERS, [
    'litellm_user_api_key',
    'x-litellm-api-key',
    'authorization',
    'api-key',
    'x-api-key',
  ]);
});

for (const carrier of KEY_CARRIERS) {
  test(`claim: ${carrier} sent twice is refused`, () => {
    const raw = [carrier, 'Bearer sk-a', carrier, 'Bearer sk-b'];
    assert.throws(
      () => claimOf(raw),
      (error) => error instanceof Refusal && error.kind === 'invalidRequest',
    );
  });
}
