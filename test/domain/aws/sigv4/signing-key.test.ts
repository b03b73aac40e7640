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

test('at the bound the keys of the oldest secret go', () => {
  const signingKeys = createSigningKeys(3);
  const [old, other] = [id, { ...id, secretAccessKey: 'other' }];
  const first = signingKeys(old);
  const second = signingKeys(other);
  const third = signingKeys({ ...old, region: 'eu-west-1' });
  assert.equal(signingKeys({ ...old, region: 'eu-west-1' }), third);
  const fourth = signingKeys({ ...other, region: 'eu-west-1' });
  for (const [each, key] of [
    [other, second],
    [{ ...other, region: 'eu-west-1' }, fourth],
  ] as const) {
    assert.equal(signingKeys(each), key);
  }
  assert.notEqual(signingKeys(old), first);
  assert.equal(signingKeys(old).hexOf('text'), first.hexOf('text'));
});

test('a single secret never holds more than the bound either', () => {
  const signingKeys = createSigningKeys(2);
  const first = signingKeys(id);
  for (const date of ['2', '3']) signingKeys({ ...id, date });
  assert.notEqual(signingKeys(id), first);
});

test('who signs for many scopes pushes out only keys of its own secret', () => {
  const signingKeys = createSigningKeys(100);
  const [one, another] = [id, { ...id, secretAccessKey: 'another' }];
  const [first, kept] = [signingKeys(one), signingKeys(another)];
  for (let count = 0; count < 1000; count += 1) signingKeys({ ...one, region: `made-up-${count}` });
  assert.equal(signingKeys(another), kept);
  assert.notEqual(signingKeys(one), first);
});
