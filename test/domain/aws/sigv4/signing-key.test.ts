import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSigningKeys, deriveSigningKey } from '../../../../src/domain/aws/sigv4/signing-key.ts';

const id = {
  date: '20120215',
  region: 'us-east-1',
  service: 'iam',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

test('the key of the AWS documentation is derived', () => {
  assert.equal(
    deriveSigningKey(id).toString('hex'),
    'f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d',
  );
});

test('each part of the id counts, and the same id gives the kept key', () => {
  const signingKeys = createSigningKeys();
  const others = [
    { ...id, date: '20120216' },
    { ...id, region: 'us-east-2' },
    { ...id, service: 'bedrock' },
    { ...id, secretAccessKey: 'other' },
  ];
  const hexKeys = new Set([id, ...others].map((each) => signingKeys(each).hexOf('text')));
  assert.equal(hexKeys.size, 5);
  assert.equal(signingKeys(id), signingKeys({ ...id }));
});

test('at the bound the oldest key goes', () => {
  const signingKeys = createSigningKeys(2);
  const first = signingKeys(id);
  const second = signingKeys({ ...id, date: '2' });
  assert.equal(signingKeys(id), first);
  signingKeys({ ...id, date: '3' });
  assert.equal(signingKeys({ ...id, date: '2' }), second);
  assert.notEqual(signingKeys(id), first);
  assert.equal(signingKeys(id).hexOf('text'), first.hexOf('text'));
});
