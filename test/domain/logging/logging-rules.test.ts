import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonObject } from '../../../src/domain/json.ts';
import { callLogging, LOGGED_IN_FULL } from '../../../src/domain/logging/call-logging.ts';
import {
  bothRules,
  type LoggingRules,
  NO_LOGGING_RULES,
  readLoggingRules,
  storedLoggingRules,
} from '../../../src/domain/logging/logging-rules.ts';

const SINKS = ['stdout', 's3_v2', 'audit'];

/** The rules of a key and of its team, and what of both holds: the sinks that get the calls, and what is kept. */
const TOGETHER: readonly (readonly [
  why: string,
  key: Partial<LoggingRules>,
  team: Partial<LoggingRules>,
  sinks: readonly string[],
  rest: Partial<Omit<LoggingRules, 'sinks' | 'disabledSinks'>>,
])[] = [
  ['nothing said', {}, {}, SINKS, {}],
  ['the key names sinks', { sinks: ['audit'] }, {}, ['audit'], {}],
  ['the team names sinks', {}, { sinks: ['audit', 's3_v2'] }, ['s3_v2', 'audit'], {}],
  ['both name sinks: those in both', { sinks: ['audit', 'stdout'] }, { sinks: ['audit', 's3_v2'] }, ['audit'], {}],
  ['both name sinks, and none in common', { sinks: ['stdout'] }, { sinks: ['s3_v2'] }, [], {}],
  ['a key without sinks', { sinks: [] }, {}, [], {}],
  ['a team without sinks, whatever its key says', { sinks: ['audit'] }, { sinks: [] }, [], {}],
  ['the key leaves one out', { disabledSinks: ['stdout'] }, {}, ['s3_v2', 'audit'], {}],
  ['both leave one out', { disabledSinks: ['stdout'] }, { disabledSinks: ['s3_v2'] }, ['audit'], {}],
  [
    'the team leaves out what the key names',
    { sinks: ['stdout', 'audit'] },
    { disabledSinks: ['audit'] },
    ['stdout'],
    {},
  ],
  [
    'the key leaves out what the team names',
    { disabledSinks: ['audit'] },
    { sinks: ['stdout', 'audit'] },
    ['stdout'],
    {},
  ],
  ['the key switches content off', { recordContent: false }, {}, SINKS, { recordContent: false }],
  ['the team switches content off', {}, { recordContent: false }, SINKS, { recordContent: false }],
  ['off wins over the key', { recordContent: true }, { recordContent: false }, SINKS, { recordContent: false }],
  ['off wins over the team', { recordContent: false }, { recordContent: true }, SINKS, { recordContent: false }],
  ['the key asks for content', { recordContent: true }, {}, SINKS, { recordContent: true }],
  ['the team asks for content', {}, { recordContent: true }, SINKS, { recordContent: true }],
  [
    'the smaller share, of the key',
    { contentSampleRate: 0.1 },
    { contentSampleRate: 0.5 },
    SINKS,
    { contentSampleRate: 0.1 },
  ],
  [
    'the smaller share, of the team',
    { contentSampleRate: 0.5 },
    { contentSampleRate: 0 },
    SINKS,
    { contentSampleRate: 0 },
  ],
  [
    'redaction adds up',
    { redactFields: ['a', 'b'], redactPatterns: ['x+'] },
    { redactFields: ['b', 'c'], redactPatterns: ['y+'] },
    SINKS,
    { redactFields: ['a', 'b', 'c'], redactPatterns: ['x+', 'y+'] },
  ],
];

describe('the rules of a key and those of its team hold together', () => {
  for (const [why, key, team, sinks, rest] of TOGETHER) {
    test(why, () => {
      const both = bothRules({ ...NO_LOGGING_RULES, ...key }, { ...NO_LOGGING_RULES, ...team });
      const logging = callLogging(both);
      assert.deepEqual(
        SINKS.filter((sink) => logging.wantsSink?.(sink) ?? true),
        sinks,
      );
      const { sinks: _sinks, disabledSinks: _disabled, ...others } = both;
      const { sinks: _none, disabledSinks: _neither, ...silent } = NO_LOGGING_RULES;
      assert.deepEqual(others, { ...silent, ...rest });
      assert.equal(logging.recordContent, both.recordContent);
      assert.equal(logging.contentSampleRate, both.contentSampleRate);
      assert.deepEqual(logging.redaction?.fields ?? [], both.redactFields);
      assert.deepEqual(logging.redaction?.patterns ?? [], both.redactPatterns);
    });
  }
});

const names = fc.subarray(SINKS);
const rules: fc.Arbitrary<LoggingRules> = fc.record({
  sinks: fc.option(names),
  disabledSinks: names,
  recordContent: fc.option(fc.boolean()),
  contentSampleRate: fc.double({ min: 0, max: 1, noNaN: true }).map((rate) => Math.abs(rate)),
  redactFields: fc.subarray(['password', 'messages.*.content']),
  redactPatterns: fc.subarray(['x+', '\\d{3}']),
});

test('a team never gives its keys more than they have alone, nor the other way round', () => {
  fc.assert(
    fc.property(rules, rules, (key, team) => {
      const both = callLogging(bothRules(key, team));
      for (const alone of [callLogging(key), callLogging(team)]) {
        for (const sink of SINKS) {
          if (both.wantsSink?.(sink) ?? true) assert.ok(alone.wantsSink?.(sink) ?? true);
        }
        if (alone.recordContent === false) assert.equal(both.recordContent, false);
        assert.ok(both.contentSampleRate <= alone.contentSampleRate);
        for (const field of alone.redaction?.fields ?? []) assert.ok(both.redaction?.fields.includes(field));
        for (const pattern of alone.redaction?.patterns ?? []) assert.ok(both.redaction?.patterns.includes(pattern));
      }
    }),
  );
});

test('rules are read as they were stored, through JSON', () => {
  fc.assert(
    fc.property(rules, (given) => {
      const stored: JsonObject = JSON.parse(JSON.stringify(storedLoggingRules(given)));
      assert.deepEqual(readLoggingRules(stored), { ...given });
    }),
  );
});

test('nothing is stored where nothing is said, and all such callers share one value', () => {
  assert.deepEqual(storedLoggingRules(NO_LOGGING_RULES), {});
  assert.deepEqual(readLoggingRules({}), NO_LOGGING_RULES);
  assert.equal(callLogging(NO_LOGGING_RULES), LOGGED_IN_FULL);
});

describe('of rules that can’t be read the most careful is meant:', () => {
  const UNREADABLE: readonly (readonly [stored: JsonObject, careful: Partial<LoggingRules>])[] = [
    [{ sinks: 'all' }, { sinks: [] }],
    [{ sinks: ['stdout', 7] }, { sinks: [] }],
    [{ sinks: null }, { sinks: [] }],
    [{ disabled_sinks: 'stdout' }, { sinks: [] }],
    [{ sinks: ['stdout'], disabled_sinks: [1] }, { sinks: [] }],
    [{ record_content: 'yes' }, { recordContent: false }],
    [{ content_sample_rate: '1' }, { contentSampleRate: 0 }],
    [{ content_sample_rate: 2 }, { contentSampleRate: 0 }],
    [{ content_sample_rate: -1 }, { contentSampleRate: 0 }],
    [{ redact_fields: 'password' }, { recordContent: false }],
    [{ record_content: true, redact_patterns: [{}] }, { recordContent: false }],
  ];
  for (const [stored, careful] of UNREADABLE) {
    test(JSON.stringify(stored), () => {
      assert.deepEqual(readLoggingRules(stored), { ...NO_LOGGING_RULES, ...careful });
    });
  }
});
