import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NO_KEY, readAttribution } from '../../src/domain/attribution.ts';
import { requestFor } from './usage/fixtures.ts';

const CONVERSE = 'bedrock-runtime:Converse';
const INVOKE = 'bedrock-runtime:InvokeModel';
const KEY = { keyId: 'k', keyAlias: 'app', teamId: 't', userId: 'u', tags: ['prod', 'batch'] };
const CLAUDE_JSON = JSON.stringify({ device_id: 'dev', account_uuid: 'acc', session_id: 'ses' });

type Case = readonly [
  what: string,
  operation: string,
  headers: readonly string[],
  body: object | string,
  customerId: string | null,
  sessionId: string | null,
];

const named: readonly Case[] = [
  ['nobody', CONVERSE, [], {}, null, null],
  ["LiteLLM's header", CONVERSE, ['X-LiteLLM-Customer-Id', ' c1 '], {}, 'c1', null],
  ["LiteLLM's other header", CONVERSE, ['x-litellm-end-user-id', 'c2'], {}, 'c2', null],
  [
    'the configured header before all',
    CONVERSE,
    ['x-litellm-customer-id', 'c1', 'X-Who', 'c0'],
    { requestMetadata: { user: 'b' } },
    'c0',
    null,
  ],
  ['an empty header is none', CONVERSE, ['x-litellm-customer-id', '', 'x-litellm-end-user-id', 'c2'], {}, 'c2', null],
  [
    'a header before the body',
    CONVERSE,
    ['x-litellm-customer-id', 'c1'],
    { requestMetadata: { user_id: 'b' } },
    'c1',
    null,
  ],
  [
    'requestMetadata',
    CONVERSE,
    [],
    { messages: [], requestMetadata: { app: 'x', user_id: 'b', session_id: 's' } },
    'b',
    's',
  ],
  [
    'requestMetadata, the more particular name first',
    'bedrock-runtime:ConverseStream',
    [],
    { requestMetadata: { user: 'a', end_user: 'b', customer_id: 'c' } },
    'c',
    null,
  ],
  [
    'requestMetadata in a message is text',
    CONVERSE,
    [],
    { messages: [{ content: [{ requestMetadata: { user: 'a' } }] }] },
    null,
    null,
  ],
  ['requestMetadata of InvokeModel', INVOKE, ['X-Amzn-Bedrock-Request-Metadata', '{"user":"m"}'], {}, 'm', null],
  [
    'requestMetadata of InvokeModel that is no JSON',
    INVOKE,
    ['X-Amzn-Bedrock-Request-Metadata', '{"user"'],
    { metadata: { user_id: 'x' } },
    'x',
    null,
  ],
  ["Anthropic's metadata", INVOKE, [], { metadata: { user_id: 'grüße@x' } }, 'grüße@x', null],
  [
    "Claude Code's metadata, old",
    INVOKE,
    [],
    { metadata: { user_id: 'user_ab12_account__session_57a1-22' } },
    'user_ab12_account_',
    '57a1-22',
  ],
  [
    "Claude Code's metadata, new",
    'bedrock-runtime:InvokeModelWithResponseStream',
    [],
    { metadata: { user_id: CLAUDE_JSON } },
    'acc',
    'ses',
  ],
  [
    "Claude Code's metadata without an account",
    INVOKE,
    [],
    { metadata: { user_id: '{"device_id":"dev","account_uuid":"","session_id":"s"}' } },
    'dev',
    's',
  ],
  [
    "Claude Code's session header",
    INVOKE,
    ['X-Claude-Code-Session-Id', 's9'],
    { metadata: { user_id: CLAUDE_JSON } },
    'acc',
    's9',
  ],
  [
    "LiteLLM's session header",
    CONVERSE,
    ['x-litellm-session-id', 's1', 'x-claude-code-session-id', 's2'],
    {},
    null,
    's1',
  ],
  [
    'an id that is too long',
    CONVERSE,
    ['x-litellm-customer-id', 'x'.repeat(257), 'x-litellm-end-user-id', 'y'.repeat(256)],
    {},
    'y'.repeat(256),
    null,
  ],
  ['an id with control characters', CONVERSE, [], { requestMetadata: { user_id: 'a\nb', user: 'ok' } }, 'ok', null],
  ['what is no text', CONVERSE, [], { requestMetadata: { user_id: 7, user: { a: 1 } } }, null, null],
  ['a body that is no JSON', CONVERSE, [], '{"requestMetadata":{"user":"a"', null, null],
  [
    'other operations have no such body',
    'bedrock-agent-runtime:Retrieve',
    [],
    { requestMetadata: { user: 'a' } },
    null,
    null,
  ],
];

test('end user and session, wherever a client may name them', () => {
  for (const [what, operation, headers, body, customerId, sessionId] of named) {
    const found = readAttribution(requestFor(operation, { headers, body }), NO_KEY, 'x-who');
    assert.deepEqual([found.customerId, found.sessionId], [customerId, sessionId], what);
  }
});

test('key, team and user are those of the key, and their tags join those of the request', () => {
  const request = requestFor(CONVERSE, { headers: ['x-litellm-tags', 'zeta, alpha,,prod , '] });
  assert.deepEqual(readAttribution(request, KEY, null), {
    keyId: 'k',
    keyAlias: 'app',
    teamId: 't',
    userId: 'u',
    customerId: null,
    sessionId: null,
    tags: ['alpha', 'batch', 'prod', 'zeta'],
  });
});

test('tags are bounded, and no client crowds out those of its key', () => {
  const many = Array.from({ length: 50 }, (_, index) => `a${index}`).join(',');
  const { tags } = readAttribution(requestFor(CONVERSE, { headers: ['x-litellm-tags', many] }), KEY, null);
  assert.equal(tags.length, 20);
  assert.ok(tags.includes('prod') && tags.includes('batch'));
  const long = requestFor(CONVERSE, { headers: ['x-litellm-tags', `${'x'.repeat(129)},${'y'.repeat(128)},a\u007fb`] });
  assert.deepEqual(readAttribution(long, NO_KEY, null).tags, ['y'.repeat(128)]);
});

test('whatever a client says, what is kept of it is short and printable, and nothing is thrown', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constant(CLAUDE_JSON),
    fc.constant('{"session_id":{}}'),
  );
  const isPlain = fc.property(anyText, anyText, anyText, fc.string(), (header, user, tags, rest) => {
    const body =
      fc.stringify(rest).length % 2 === 0 ? { requestMetadata: { user }, metadata: { user_id: user } } : rest;
    for (const operation of [CONVERSE, INVOKE]) {
      const headers = ['x-litellm-tags', tags, 'x-litellm-session-id', header, 'x-amzn-bedrock-request-metadata', rest];
      const found = readAttribution(requestFor(operation, { headers, body }), NO_KEY, null);
      for (const text of [found.customerId, found.sessionId, ...found.tags]) {
        assert.ok(text === null || (text.length > 0 && text.length <= 256 && !/\p{Cc}/u.test(text)));
      }
    }
  });
  fc.assert(isPlain, { numRuns: 5_000 });
});
