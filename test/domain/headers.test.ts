import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderList, inboundHeaders, isPlainHeaderValue, travelsOutbound } from '../../src/domain/headers.ts';

const OUTBOUND: readonly (readonly [name: string, travels: boolean])[] = [
  ['content-type', true],
  ['accept', true],
  ['user-agent', true],
  ['traceparent', true],
  ['anthropic-beta', true],
  ['mcp-session-id', true],
  ['x-amzn-bedrock-anything-new', true],
  ['x-modelled', true],
  ['authorization', false],
  ['x-api-key', false],
  ['api-key', false],
  ['litellm_user_api_key', false],
  ['x-litellm-api-key', false],
  ['x-litellm-tags', false],
  ['cookie', false],
  ['x-amz-security-token', false],
  ['x-amz-date', false],
  ['x-amz-content-sha256', false],
  ['amz-sdk-request', false],
  ['host', false],
  ['connection', false],
  ['content-length', false],
  ['transfer-encoding', false],
  ['accept-encoding', false],
  ['x-forwarded-for', false],
  ['x-amzn-bedrock', false],
];

for (const [name, travels] of OUTBOUND) {
  test(`${name} ${travels ? 'travels' : 'stays'}`, () => assert.equal(travelsOutbound(name, ['x-modelled']), travels));
}

test('answers lose hop-by-hop fields and what Connection names, and nothing else', () => {
  const raw = [
    'Connection',
    'close, X-Hop',
    'X-Hop',
    '1',
    'Keep-Alive',
    'timeout=5',
    'x-amzn-RequestId',
    'id',
    'Transfer-Encoding',
    'chunked',
  ];
  assert.deepEqual(inboundHeaders(raw, false), ['x-amzn-RequestId', 'id']);
});

test('Connection can not take the framing or the type of an answer away', () => {
  const raw = ['connection', 'content-length, content-type', 'content-length', '2', 'content-type', 'application/json'];
  assert.deepEqual(inboundHeaders(raw, false), raw.slice(2));
});

test('a stream whose end must be breakable goes out without its length', () => {
  assert.deepEqual(inboundHeaders(['Content-Length', '10', 'content-type', 'a'], true), ['content-type', 'a']);
});

test('repeated fields of an answer stay repeated and in order', () => {
  const raw = ['set-cookie', 'a=1', 'x', 'y', 'set-cookie', 'b=2'];
  assert.deepEqual(inboundHeaders(raw, false), raw);
});

test('only visible ASCII, space and tab may be passed on', () => {
  for (const value of ['plain', 'with space\tand tab', '~!"#']) assert.equal(isPlainHeaderValue(value), true, value);
  for (const value of ['a\nb', 'a\rb', 'a\0b', 'caf\u00e9', 'a\x7fb'])
    assert.equal(isPlainHeaderValue(value), false, JSON.stringify(value));
});

test('header names are found in lower case, counted, and pseudo-headers are left out', () => {
  const headers = HeaderList.fromRaw([':path', '/x', 'X-Api-Key', 'a', 'x-api-key', 'b']);
  assert.equal(headers.get('x-api-key'), 'a');
  assert.equal(headers.count('x-api-key'), 2);
  assert.equal(headers.get(':path'), undefined);
});
