import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { NO_LOGGING_RULES, readLoggingRules } from '../../src/domain/logging/logging-rules.ts';
import { onEachDatabase } from '../contracts/each-database.ts';
import { type Answered, errorOf, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

const NOTHING_SAID = {
  sinks: null,
  disabled_sinks: [],
  record_content: null,
  content_sample_rate: 1,
  redact_fields: [],
  redact_patterns: [],
};
const ALL_SAID = {
  sinks: ['audit', 'stdout'],
  disabled_sinks: ['stdout'],
  record_content: true,
  content_sample_rate: 0.25,
  redact_fields: ['password', 'messages.*.content'],
  redact_patterns: ['(?i)bearer [a-z0-9]+', '\\d{3}-\\d{2}'],
};

const HOLDERS = [
  { kind: 'key', make: '/key/generate', change: '/key/update', idField: 'key', madeField: 'token_id' },
  { kind: 'team', make: '/team/new', change: '/team/update', idField: 'team_id', madeField: 'team_id' },
] as const;

/** LiteLLM's fields in metadata, and what they come to; or the field that a refusal names, and a part of what it says. */
const MAPPED: readonly (readonly [metadata: object, rules: object])[] = [
  [{ logging: [{ callback_name: 'audit' }] }, { sinks: ['audit'] }],
  [
    { logging: [{ callback_name: 'Audit', callback_type: 'success_and_failure', callback_vars: {} }] },
    { sinks: ['audit'] },
  ],
  [{ logging: [{ callback_name: 'audit' }, { callback_name: 'stdout' }] }, { sinks: ['audit', 'stdout'] }],
  [
    { logging: [{ callback_name: 'audit', callback_vars: { turn_off_message_logging: true } }] },
    { sinks: ['audit'], record_content: false },
  ],
  [
    { logging: [{ callback_name: 'audit', callback_vars: { turn_off_message_logging: 'True' } }] },
    { sinks: ['audit'], record_content: false },
  ],
  [{ logging: [{ callback_name: 'audit', callback_vars: { turn_off_message_logging: false } }] }, { sinks: ['audit'] }],
  [{ litellm_disabled_callbacks: ['stdout'] }, { disabled_sinks: ['stdout'] }],
  [{ logging: [], litellm_disabled_callbacks: [] }, {}],
];
const REFUSED: readonly (readonly [body: object, param: string, says: RegExp])[] = [
  [
    { sinks: ['langfuse'] },
    'sinks',
    /"langfuse" is no sink of this gateway's that gets calls; there are stdout, audit/,
  ],
  [{ disabled_sinks: ['audit', 'langfuse'] }, 'disabled_sinks', /langfuse/],
  [{ sinks: 'audit' }, 'sinks', /./],
  [{ record_content: 'yes' }, 'record_content', /./],
  [{ content_sample_rate: 1.5 }, 'content_sample_rate', /./],
  [{ content_sample_rate: -0.1 }, 'content_sample_rate', /./],
  [{ redact_patterns: ['fine', '(a)'] }, 'redact_patterns', /"\(a\)"/],
  [{ redact_patterns: ['a*'] }, 'redact_patterns', /empty text/],
  [{ redact_patterns: Array.from({ length: 33 }, () => 'a') }, 'redact_patterns', /./],
  [{ redact_fields: [''] }, 'redact_fields.0', /./],
  [{ metadata: { logging: [{ callback_name: 'langfuse' }] } }, 'sinks', /langfuse/],
  [
    { metadata: { logging: [{ callback_name: 'audit', callback_vars: { langfuse_secret_key: 'sk-lf-1' } }] } },
    'metadata.logging',
    /callback_vars\.langfuse_secret_key .*no credentials of their own/,
  ],
  [
    { metadata: { logging: [{ callback_name: 'audit', callback_type: 'success' }] } },
    'metadata.logging',
    /callback_type "success"/,
  ],
  [
    { metadata: { logging: [{ callback_name: 'audit', callback_vars: { turn_off_message_logging: 'maybe' } }] } },
    'metadata.logging',
    /turn_off_message_logging/,
  ],
  [{ metadata: { logging: [{ callback_name: 'audit', api_key: 'x' }] } }, 'metadata.logging', /./],
  [{ metadata: { logging: 'audit' } }, 'metadata.logging', /./],
  [{ metadata: { litellm_disabled_callbacks: 'audit' } }, 'metadata.litellm_disabled_callbacks', /./],
  [{ metadata: { callback_settings: { callback_vars: {} } } }, 'metadata', /callback_settings/],
  [{ logging: [{ callback_name: 'audit' }] }, 'logging', /sinks/],
];

onEachDatabase((database) => {
  let admin: TestAdmin;
  before(async () => {
    admin = await openTestAdmin({ database });
  });
  const must = async (request: string, body: object, key?: string): Promise<Answered> => {
    const answered = await admin.ask(request, key === undefined ? { body } : { body, key });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  };
  const rulesOf = ({ json }: Answered): object =>
    Object.fromEntries(Object.keys(NOTHING_SAID).map((field) => [field, json[field]]));
  const keyOf = async (user: string, role: string, facts: object = {}): Promise<string> => {
    await admin.ask('POST /user/new', { body: { user_id: user, user_role: role, auto_create_key: false } });
    return textOf(await must('POST /key/generate', { user_id: user, ...facts }), 'key');
  };

  for (const { kind, make, change, idField, madeField } of HOLDERS) {
    describe(`what sinks get of the calls of a ${kind}`, () => {
      test('is everything, until something is said', async () => {
        assert.deepEqual(rulesOf(await must(`POST ${make}`, {})), NOTHING_SAID);
      });

      test('is shown as it was said, stays through other changes, and is taken away by null', async () => {
        const made = await must(`POST ${make}`, ALL_SAID);
        assert.deepEqual(rulesOf(made), ALL_SAID);
        const id = { [idField]: textOf(made, madeField) };
        assert.deepEqual(rulesOf(await must(`POST ${change}`, { ...id, tags: ['x'] })), ALL_SAID);
        for (const field of Object.keys(NOTHING_SAID)) {
          const cleared = await must(`POST ${change}`, { ...id, [field]: null });
          assert.deepEqual(rulesOf(cleared), { ...ALL_SAID, [field]: rulesNow(field) });
          await must(`POST ${change}`, { ...id, ...ALL_SAID });
        }
        const none = await must(`POST ${change}`, { ...id, sinks: [], content_sample_rate: 0 });
        assert.deepEqual(rulesOf(none), { ...ALL_SAID, sinks: [], content_sample_rate: 0 });
      });

      test('is taken from LiteLLM’s fields, which are not stored beside ours', async () => {
        for (const [metadata, rules] of MAPPED) {
          const made = await must(`POST ${make}`, { metadata: { ...metadata, note: 'kept' } });
          assert.deepEqual(rulesOf(made), { ...NOTHING_SAID, ...rules }, JSON.stringify(metadata));
          assert.deepEqual(made.json['metadata'], { note: 'kept' });
        }
        const both = { sinks: ['stdout'], metadata: { logging: [{ callback_name: 'audit' }] } };
        assert.deepEqual(rulesOf(await must(`POST ${make}`, both)), { ...NOTHING_SAID, sinks: ['stdout'] });
      });

      test('is not loosened by empty fields of LiteLLM, as its dashboard sends them', async () => {
        const made = await must(`POST ${make}`, ALL_SAID);
        const metadata = { logging: [], litellm_disabled_callbacks: [] };
        const after = await must(`POST ${change}`, { [idField]: textOf(made, madeField), metadata });
        assert.deepEqual(rulesOf(after), ALL_SAID);
      });

      for (const [body, param, says] of REFUSED) {
        test(`can not be ${JSON.stringify(body).slice(0, 100)}`, async () => {
          const answered = await admin.ask(`POST ${make}`, { body });
          assert.equal(answered.status, 422, answered.text);
          assert.equal(errorOf(answered)['param'], param);
          assert.match(String(errorOf(answered)['message']), says);
          assert.doesNotMatch(answered.text, /sk-lf-1/);
        });
      }
    });
  }

  test('rules are stored with the key and with the team, where whoever lets requests in reads them', async () => {
    const team = textOf(await must('POST /team/new', { disabled_sinks: ['stdout'] }), 'team_id');
    const key = textOf(await must('POST /key/generate', { team_id: team, sinks: ['stdout'] }), 'token_id');
    const stored = await admin.storage.read
      .selectFrom('virtual_key')
      .innerJoin('team', 'team.id', 'virtual_key.team_id')
      .where('virtual_key.id', '=', key)
      .select(['virtual_key.settings as ofKey', 'team.settings as ofTeam'])
      .executeTakeFirstOrThrow();
    assert.deepEqual(readLoggingRules(JSON.parse(stored.ofKey)), { ...NO_LOGGING_RULES, sinks: ['stdout'] });
    assert.deepEqual(readLoggingRules(JSON.parse(stored.ofTeam)), { ...NO_LOGGING_RULES, disabledSinks: ['stdout'] });
  });

  describe('what sinks get is said by administrators:', () => {
    test('a proxy admin says it', async () => {
      const key = await keyOf('log-admin', 'proxy_admin');
      assert.deepEqual(rulesOf(await must('POST /key/generate', { sinks: [] }, key)), { ...NOTHING_SAID, sinks: [] });
    });

    test('nobody else does, of their own key or team, in our fields or LiteLLM’s', async () => {
      const team = textOf(await must('POST /team/new', {}), 'team_id');
      const key = await keyOf('log-user', 'internal_user', { team_id: team });
      await must('POST /team/member_add', { team_id: team, member: { role: 'admin', user_id: 'log-user' } });
      const SAID = [
        { sinks: [] },
        { sinks: null },
        { disabled_sinks: ['audit'] },
        { record_content: false },
        { content_sample_rate: 0 },
        { redact_fields: ['text'] },
        { redact_patterns: ['.'] },
        { metadata: { logging: [{ callback_name: 'audit' }] } },
        { metadata: { litellm_disabled_callbacks: ['audit'] } },
      ];
      for (const said of SAID) {
        for (const [request, body] of [
          ['POST /key/generate', said],
          ['POST /key/update', { key, ...said }],
          ['POST /key/regenerate', { key, ...said }],
          ['POST /team/update', { team_id: team, ...said }],
        ] as const) {
          const answered = await admin.ask(request, { key, body });
          assert.equal(answered.status, 403, `${request} ${JSON.stringify(said)} ${answered.text}`);
          assert.match(String(errorOf(answered)['message']), /said by a proxy admin/);
        }
      }
      await must('POST /key/update', { key, metadata: { logging: [] }, tags: ['x'] }, key);
      await must('POST /team/update', { team_id: team, team_alias: 'mine' }, key);
    });

    test('the keys that a key makes have its rules, and those of its team where they leave it', async () => {
      const team = textOf(await must('POST /team/new', { record_content: false }), 'team_id');
      const key = await keyOf('log-maker', 'internal_user', { team_id: team, sinks: ['audit'] });
      await must('POST /team/member_add', { team_id: team, member: { role: 'admin', user_id: 'log-maker' } });
      const within = rulesOf(await must('POST /key/generate', { team_id: team }, key));
      assert.deepEqual(within, { ...NOTHING_SAID, sinks: ['audit'] });
      const outside = rulesOf(await must('POST /key/generate', {}, key));
      assert.deepEqual(outside, { ...NOTHING_SAID, sinks: ['audit'], record_content: false });
    });
  });

  test('nobody asks for content where the gateway keeps none', async () => {
    const silent = await openTestAdmin({ database, logging: { sinks: ['stdout'], content: 'none' } });
    for (const { make } of HOLDERS) {
      const refused = await silent.ask(`POST ${make}`, { body: { record_content: true } });
      assert.equal(refused.status, 422);
      assert.equal(errorOf(refused)['param'], 'record_content');
      const off = await silent.ask(`POST ${make}`, { body: { record_content: false } });
      assert.equal(off.json['record_content'], false);
    }
  });

  test('users and customers have no rules of logging', async () => {
    for (const [make, id] of [
      ['/user/new', 'no-rules-user'],
      ['/customer/new', 'no-rules-customer'],
    ] as const) {
      for (const body of [{ sinks: [] }, { metadata: { litellm_disabled_callbacks: ['audit'] } }]) {
        assert.equal((await admin.ask(`POST ${make}`, { body: { user_id: id, ...body } })).status, 422);
      }
    }
  });
});

function rulesNow(field: string): unknown {
  return Object.entries(NOTHING_SAID).find(([name]) => name === field)?.[1];
}
