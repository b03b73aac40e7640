import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bound } from '../../src/domain/bound.ts';
import { Refusal, REFUSALS } from '../../src/domain/errors.ts';
import { isLocalHost, isLoopbackAddress } from '../../src/domain/local-host.ts';
import { loopsBack, markPassage } from '../../src/domain/loop-marker.ts';
import { refusalBody } from '../../src/domain/refusal-body.ts';
import { looksVirtual } from '../../src/domain/virtual-key.ts';

test('a bound gives all that was asked for or nothing', () => {
  const bound = new Bound(10);
  assert.equal(bound.take(7), true);
  assert.equal(bound.take(4), false);
  assert.equal(bound.used, 7);
  bound.give(7);
  assert.equal(bound.take(10), true);
});

test('Host headers that name this machine', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:4000',
    '127.0.0.1',
    '127.8.9.1:80',
    '[::1]',
    '[::1]:4000',
    '0.0.0.0:4000',
  ]) {
    assert.equal(isLocalHost(host), true, host);
  }
  for (const host of [
    '',
    'evil.com',
    'localhost.evil.com',
    '127.0.0.1.evil.com',
    '10.0.0.1',
    '[::2]',
    '1270.0.0.1',
    'localhost:4000:1',
    '127.0.0.1@evil',
  ]) {
    assert.equal(isLocalHost(host), false, host);
  }
});

test('loopback addresses', () => {
  for (const address of ['127.0.0.1', '::1', 'localhost']) assert.equal(isLoopbackAddress(address), true, address);
  for (const address of ['0.0.0.0', '::', '10.0.0.1', 'example.com'])
    assert.equal(isLoopbackAddress(address), false, address);
});

test('a request knows the gateways it has passed', () => {
  assert.equal(loopsBack(undefined, 'a'), false);
  assert.equal(loopsBack('b', 'a'), false);
  assert.equal(loopsBack(markPassage('b', 'a'), 'a'), true);
  assert.equal(loopsBack('b,c,d,e', 'a'), true, 'a loop through instances that do not know each other');
});

test('credentials of a gateway are told from those of AWS', () => {
  for (const credential of ['sk-1234', 'Bearer sk-1234', 'AKOC0123456789'])
    assert.equal(looksVirtual(credential), true);
  for (const credential of ['AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE', '', 'bedrock-api-key-x']) {
    assert.equal(looksVirtual(credential), false);
  }
});

test('a refusal is readable for AWS SDKs and for clients of LiteLLM', () => {
  const body: unknown = JSON.parse(Buffer.from(refusalBody(new Refusal('bodyTooLarge', 'Too much.'), 413)).toString());
  assert.deepEqual(body, {
    message: 'Too much.',
    __type: 'ValidationException',
    error: { message: 'Too much.', type: 'bad_request_error', param: null, code: '413' },
  });
});

test('only what certainly reached nobody has a status that clients retry blindly', () => {
  const retried = new Set([500, 502, 503, 504]);
  const kinds = Object.entries(REFUSALS).filter(([, row]) => retried.has(row.status));
  assert.deepEqual(kinds.map(([kind]) => kind).sort(), [
    'internalError',
    'limitsUnavailable',
    'noCredentials',
    'overloaded',
    'spoolFull',
    'storeUnavailable',
    'upstreamUnreachable',
  ]);
});
