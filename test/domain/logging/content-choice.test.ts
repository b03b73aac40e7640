import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Caller, KeyCaller } from '../../../src/domain/caller.ts';
import { requestContent } from '../../../src/domain/content/content-reader.ts';
import { compileRedaction, NO_REDACTION } from '../../../src/domain/content/redaction.ts';
import { callLogging } from '../../../src/domain/logging/call-logging.ts';
import { createContentChoice, isSampled, type RecordedContent } from '../../../src/domain/logging/content-choice.ts';
import { type LoggingRules, NO_LOGGING_RULES } from '../../../src/domain/logging/logging-rules.ts';

const OPTIONS = { bytesMax: 4096, redaction: NO_REDACTION };

function keyWith(rules: Partial<LoggingRules>): KeyCaller {
  return {
    kind: 'key',
    keyId: 'key_1',
    alias: null,
    teamId: null,
    userId: null,
    grants: [],
    expiresMs: null,
    blocked: false,
    defaultRegion: null,
    allowedRoutes: null,
    role: 'internal_user',
    tags: [],
    limits: [],
    outputCap: null,
    logging: callLogging({ ...NO_LOGGING_RULES, ...rules }),
  };
}

const IDS = Array.from({ length: 2000 }, (_, index) => `018f3b1c-0000-7000-8000-${String(index).padStart(12, '0')}`);
const [ID = ''] = IDS;

describe('content is kept', () => {
  const CALLERS: readonly (readonly [
    who: string,
    caller: Caller | null,
    kept: Record<'off' | RecordedContent['calls'], boolean>,
  ])[] = [
    ['the master key', { kind: 'master' }, { off: false, 'per-key': false, all: true }],
    ['anyone', { kind: 'anonymous' }, { off: false, 'per-key': false, all: true }],
    ['nobody known', null, { off: false, 'per-key': false, all: true }],
    ['a key of which nothing is said', keyWith({}), { off: false, 'per-key': false, all: true }],
    ['a key that asks for it', keyWith({ recordContent: true }), { off: false, 'per-key': true, all: true }],
    ['a key that switches it off', keyWith({ recordContent: false }), { off: false, 'per-key': false, all: false }],
    [
      'a key of whose calls none is kept',
      keyWith({ recordContent: true, contentSampleRate: 0 }),
      { off: false, 'per-key': false, all: false },
    ],
  ];
  for (const [who, caller, kept] of CALLERS) {
    for (const calls of ['off', 'per-key', 'all'] as const) {
      test(`or not, of ${who}, where the operator says ${calls}: ${kept[calls]}`, () => {
        const choose = createContentChoice(calls === 'off' ? null : { calls, options: OPTIONS });
        assert.equal(choose(caller, ID), kept[calls] ? OPTIONS : null);
      });
    }
  }
});

describe('sampling', () => {
  test('keeps about the share it is told, of ids as they come one after the other', () => {
    for (const rate of [0.01, 0.25, 0.9]) {
      const kept = IDS.filter((id) => isSampled(id, rate)).length / IDS.length;
      assert.ok(Math.abs(kept - rate) < 0.04, `${kept} of ${rate}`);
    }
    assert.ok(IDS.every((id) => isSampled(id, 1)));
    assert.ok(!IDS.some((id) => isSampled(id, 0)));
  });

  test('is decided by the id, as anybody can work out: the first 48 bits of its SHA-256', () => {
    // printf 018f3b1c-0000-7000-8000-000000000000 | sha256sum
    const share = Number.parseInt('4f31015fd410', 16) / 2 ** 48;
    assert.equal(isSampled(ID, share), false);
    assert.equal(isSampled(ID, share + 2 ** -40), true);
  });

  test('of two shares the larger has all of the smaller', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (id, one, other) => {
          if (isSampled(id, Math.min(one, other))) assert.ok(isSampled(id, Math.max(one, other)));
        },
      ),
    );
  });

  test('is asked for each call of a key', () => {
    const choose = createContentChoice({ calls: 'all', options: OPTIONS });
    const caller = keyWith({ contentSampleRate: 0.25 });
    for (const id of IDS) assert.equal(choose(caller, id) !== null, isSampled(id, 0.25));
  });
});

describe('redaction', () => {
  const body = Buffer.from('{"password":"p","ssn":"s","text":"call 555-1234 or bearer abc","user":{"name":"n"}}');
  const operator = { bytesMax: 4096, redaction: compileRedaction(['password', 'user.*'], ['(?i)bearer [a-z]+']) };
  const choose = createContentChoice({ calls: 'all', options: operator });
  const written = (caller: Caller): unknown => {
    const options = choose(caller, ID);
    return options === null ? null : JSON.parse(requestContent(body, options, false) ?? '');
  };

  test('of a key and that of the operator add up', () => {
    assert.deepEqual(written(keyWith({})), {
      password: '[redacted]',
      ssn: 's',
      text: 'call 555-1234 or [redacted]',
      user: { name: '[redacted]' },
    });
    assert.deepEqual(written(keyWith({ redactFields: ['ssn'], redactPatterns: ['\\d{3}-\\d{4}'] })), {
      password: '[redacted]',
      ssn: '[redacted]',
      text: 'call [redacted] or [redacted]',
      user: { name: '[redacted]' },
    });
    assert.deepEqual(written(keyWith({ redactFields: ['*.ssn', 'text'] })), {
      password: '[redacted]',
      ssn: 's',
      text: '[redacted]',
      user: { name: '[redacted]' },
    });
  });

  test('is compiled once for all keys that say the same, and is no other key’s', () => {
    const [one, same, other] = [['a'], ['a'], ['b']].map((redactFields) => choose(keyWith({ redactFields }), ID));
    assert.ok(one !== null);
    assert.equal(one, same);
    assert.notEqual(one, other);
  });

  test('stays right when more is said than is kept compiled', () => {
    for (let index = 0; index < 2500; index += 1) choose(keyWith({ redactFields: [`field${index}`] }), ID);
    assert.deepEqual(written(keyWith({ redactFields: ['ssn'] })), {
      password: '[redacted]',
      ssn: '[redacted]',
      text: 'call 555-1234 or [redacted]',
      user: { name: '[redacted]' },
    });
  });

  test('that can’t be understood keeps all of it back', () => {
    assert.equal(written(keyWith({ redactPatterns: ['a|b', '(a)'] })), null);
    assert.equal(written(keyWith({ redactPatterns: ['(a)'] })), null);
  });
});
