import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { findCredential } from '../../src/storage/credentials.ts';
import { bearerDigest } from '../../src/domain/keys/data-key.ts';
import { limitsFromFields } from '../../src/domain/limits/limit-fields.ts';
import { readSettings } from '../../src/admin/settings.ts';
import { onEachDatabase } from '../contracts/each-database.ts';
import { type Answered, errorOf, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

/** Every limit, as a request has it and as it is shown. */
const EVERY_LIMIT = {
  rpm_limit: 60,
  tpm_limit: 100_000,
  max_parallel_requests: 4,
  max_budget: 0.1,
  soft_budget: 0.05,
  budget_duration: '30d',
  budget_limits: [{ max_budget: 2.5, budget_duration: '24h' }],
  model_max_budget: { 'anthropic.claude-*': { budget_limit: 5, time_period: '7d' } },
  model_rpm_limit: { 'amazon.nova-lite-v1:0': 10 },
  model_tpm_limit: { 'amazon.nova-lite-v1:0': 1000 },
  tag_rpm_limit: { batch: 5 },
  temp_budget_increase: 100,
  temp_budget_expiry: '2027-01-15T00:00:00.000Z',
  limits: [
    { kind: 'spend', max: '1.5', window: 'rolling:3600s', model: 'amazon.*', hard: false },
    { kind: 'outputTokens', max: 5000, window: '1h' },
    { kind: 'concurrency', max: 2, model: 'meta.*' },
  ],
} as const;

/** What makes a holder of each kind and what changes one, with the name of its id and where it is shown. */
const HOLDERS = [
  {
    kind: 'key',
    make: '/key/generate',
    change: '/key/update',
    idField: 'key',
    info: (id: string) => `/key/info?key=${id}`,
    at: 'info',
  },
  {
    kind: 'team',
    make: '/team/new',
    change: '/team/update',
    idField: 'team_id',
    info: (id: string) => `/team/info?team_id=${id}`,
    at: 'team_info',
  },
  {
    kind: 'user',
    make: '/user/new',
    change: '/user/update',
    idField: 'user_id',
    info: (id: string) => `/user/info?user_id=${id}`,
    at: 'user_info',
  },
  {
    kind: 'customer',
    make: '/customer/new',
    change: '/customer/update',
    idField: 'user_id',
    info: (id: string) => `/customer/info?end_user_id=${id}`,
    at: null,
  },
] as const;
type Holder = (typeof HOLDERS)[number];

onEachDatabase((database) => {
  let admin: TestAdmin;
  before(async () => {
    admin = await openTestAdmin({ database });
  });

  async function must(request: string, body?: unknown): Promise<Answered> {
    const answered = await admin.ask(request, { body });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  }

  let made = 0;
  async function make(holder: Holder, body: object = {}): Promise<string> {
    made += 1;
    const named = holder.kind === 'key' ? {} : { [holder.idField]: `${holder.kind}-${made}` };
    const extra = holder.kind === 'user' ? { auto_create_key: false } : {};
    const answered = await must(`POST ${holder.make}`, { ...named, ...extra, ...body });
    return textOf(answered, holder.kind === 'key' ? 'token_id' : holder.idField);
  }

  async function shown(holder: Holder, id: string): Promise<Readonly<Record<string, unknown>>> {
    const { json } = await must(`GET ${holder.info(id)}`);
    if (holder.at === null) return json;
    const value = json[holder.at];
    return typeof value === 'object' && value !== null ? { ...value } : {};
  }

  function part(all: Readonly<Record<string, unknown>>, like: object): object {
    return Object.fromEntries(Object.keys(like).map((name) => [name, all[name]]));
  }

  const NOTHING = {
    ...Object.fromEntries(Object.keys(EVERY_LIMIT).map((field) => [field, null])),
    model_max_budget: {},
    limits: [],
    budget_id: null,
    budget_reset_at: null,
    litellm_budget_table: null,
    spend: 0,
  };

  for (const holder of HOLDERS) {
    describe(`limits of a ${holder.kind}`, () => {
      test('are shown as they were given, and none is there that was not', async () => {
        assert.deepEqual(part(await shown(holder, await make(holder)), NOTHING), NOTHING);
        const full = await shown(holder, await make(holder, EVERY_LIMIT));
        assert.deepEqual(part(full, EVERY_LIMIT), EVERY_LIMIT);
      });

      test('stay when a change does not name them, go with null or empty, and are replaced one by one', async () => {
        const id = await make(holder, EVERY_LIMIT);
        const change = (body: object) => must(`POST ${holder.change}`, { [holder.idField]: id, ...body });
        await change({ metadata: { note: 'x' } });
        assert.deepEqual(part(await shown(holder, id), EVERY_LIMIT), EVERY_LIMIT);
        await change({ max_budget: 7, rpm_limit: null, budget_limits: [], model_max_budget: {}, budget_duration: '' });
        assert.deepEqual(part(await shown(holder, id), EVERY_LIMIT), {
          ...EVERY_LIMIT,
          max_budget: 7,
          rpm_limit: null,
          budget_limits: null,
          model_max_budget: {},
          budget_duration: null,
        });
        await change(Object.fromEntries(Object.keys(EVERY_LIMIT).map((field) => [field, null])));
        assert.deepEqual(part(await shown(holder, id), NOTHING), NOTHING);
      });

      test('are noted in the audit when they change', async () => {
        const id = await make(holder, { max_budget: '0.30' });
        await must(`POST ${holder.change}`, { [holder.idField]: id, max_budget: 0.1 });
        const { text } = await must(`GET /audit?object_id=${id}&page_size=1`);
        assert.match(text, /"before_value":.*"max_budget":"0\.3".*"updated_values":.*"max_budget":"0\.1"/);
      });
    });
  }

  describe('amounts', () => {
    const [key] = HOLDERS;
    const AMOUNTS: readonly (readonly [given: number | string, stored: string, shown: number])[] = [
      [0, '0', 0],
      [0.1, '0.1', 0.1],
      ['0.10', '0.1', 0.1],
      [1e-7, '0.0000001', 1e-7],
      ['9007199.254740991', '9007199.254740991', 9007199.254740991],
      [0.0000000005, '0.000000001', 1e-9],
    ];
    for (const [given, stored, number] of AMOUNTS) {
      test(`of ${JSON.stringify(given)} dollars are stored exactly, as ${stored}`, async () => {
        const answered = await must('POST /key/generate', { max_budget: given });
        assert.equal(answered.json['max_budget'], number);
        const held = await admin.parts.store.read.getKey(textOf(answered, 'token_id'));
        assert.equal(held?.limits?.['max_budget'], stored);
      });
    }

    test('in both of LiteLLM’s forms of a budget per model', async () => {
      for (const given of [5, '5', { budget_limit: 5 }, { max_budget: '5.0', budget_duration: null }]) {
        const id = await make(key, { model_max_budget: { m: given } });
        assert.deepEqual((await shown(key, id))['model_max_budget'], { m: { budget_limit: 5, time_period: null } });
      }
    });
  });

  test('are described with null among what they may be, for programs that are made from the description', async () => {
    const { text } = await admin.ask('GET /openapi.json', { key: null });
    assert.match(text, /"max_budget":\{"type":\["number","string","null"\]/);
    assert.match(text, /"rpm_limit":\{"type":\["integer","null"\]/);
  });

  test('what lets requests in gets the limits as the domain reads them, and the cap on output', async () => {
    const made = await must('POST /key/generate', { ...EVERY_LIMIT, max_output_tokens_reserved: 4096 });
    assert.equal(made.json['max_output_tokens_reserved'], 4096);
    const digest = bearerDigest(admin.parts.dataKeys.current, textOf(made, 'key'));
    const owner = await findCredential(admin.storage.read, 'bearer', [digest]);
    assert.ok(owner !== null);
    const scope = { kind: 'key', id: owner.key.id } as const;
    assert.deepEqual(limitsFromFields(scope, owner.key.limits ?? {}), limitsFromFields(scope, EVERY_LIMIT));
    assert.deepEqual(readSettings(owner.key.settings).outputCap, { tokens: 4096 });

    const key = textOf(made, 'token_id');
    await must('POST /key/update', { key, tags: ['x'] });
    assert.equal((await must('POST /key/update', { key })).json['max_output_tokens_reserved'], 4096);
    const cleared = await must('POST /key/update', { key, max_output_tokens_reserved: null });
    assert.equal(cleared.json['max_output_tokens_reserved'], null);
  });

  describe('a limit that is not one is refused by its name', () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`model-${index}`, 1]));
    const REFUSED: readonly (readonly [why: string, body: object, param: string])[] = [
      ['a negative count', { rpm_limit: -1 }, 'rpm_limit'],
      ['half a request', { max_parallel_requests: 0.5 }, 'max_parallel_requests'],
      ['more than can be counted', { tpm_limit: 2 ** 53 }, 'tpm_limit'],
      ['a count in words', { tpm_limit: 'many' }, 'tpm_limit'],
      ['too many dollars', { max_budget: 1e7 }, 'max_budget'],
      ['dollars in words', { soft_budget: 'ten' }, 'soft_budget'],
      ['no duration', { max_budget: 1, budget_duration: 'monthly' }, 'budget_duration'],
      ['a budget without dollars', { budget_limits: [{ budget_duration: '1d' }] }, 'budget_limits.0.max_budget'],
      ['a field of a budget', { budget_limits: [{ max_budget: 1, budget_duration: '1d', x: 1 }] }, 'budget_limits.0.x'],
      ['a model without dollars', { model_max_budget: { m: { time_period: '1d' } } }, 'model_max_budget.m'],
      [
        'a rate in a budget',
        { model_max_budget: { m: { budget_limit: 1, rpm_limit: 1 } } },
        'model_max_budget.m.rpm_limit',
      ],
      ['an unknown kind', { limits: [{ kind: 'pages', max: 1 }] }, 'limits.0.kind'],
      ['no window', { limits: [{ kind: 'requests', max: 1 }] }, 'limits'],
      ['a window of concurrency', { limits: [{ kind: 'concurrency', max: 1, window: '1h' }] }, 'limits'],
      ['half a token', { limits: [{ kind: 'inputTokens', max: 1.5, window: '1h' }] }, 'limits'],
      ['a wrong amount', { limits: [{ kind: 'spend', max: 'x', window: '1h' }] }, 'limits.0.max'],
      ['an increase without an end', { max_budget: 1, temp_budget_increase: 1 }, 'temp_budget_expiry'],
      ['an increase of nothing', { temp_budget_increase: 1, temp_budget_expiry: '2027-01-01' }, 'temp_budget_increase'],
      ['no date', { max_budget: 1, temp_budget_increase: 1, temp_budget_expiry: 'soon' }, 'temp_budget_expiry'],
      ['too many limits', { model_rpm_limit: many }, 'limits'],
      ['no cap', { max_output_tokens_reserved: 0 }, 'max_output_tokens_reserved'],
      ['a budget that is not there', { budget_id: 'no-such' }, 'budget_id'],
      ['starting spend', { spend: 5 }, 'spend'],
      ['a moment to begin anew', { budget_reset_at: '2027-01-01' }, 'budget_reset_at'],
      ['other models', { budget_fallbacks: { a: ['b'] } }, 'budget_fallbacks'],
      ['slowing down', { throttle_on_budget_exceeded: true }, 'throttle_on_budget_exceeded'],
      ['reserved throughput', { rpm_limit_type: 'guaranteed_throughput' }, 'rpm_limit_type'],
      [
        'a key as the name of a model',
        { model_rpm_limit: { 'sk-Gd93kQw0aVtYbM5eRzP7': -1 } },
        'model_rpm_limit.(a name that is not shown)',
      ],
    ];
    for (const [why, body, param] of REFUSED) {
      test(why, async () => {
        const before = (await must('GET /key/list')).json['total_count'];
        const refused = await admin.ask('POST /key/generate', { body });
        assert.ok([404, 422].includes(refused.status), refused.text);
        assert.equal(errorOf(refused)['param'], param, refused.text);
        assert.doesNotMatch(refused.text, /sk-Gd93/);
        assert.equal((await must('GET /key/list')).json['total_count'], before);
      });
    }

    test('spend of 0, of something that is there already: it would be taken for setting it back', async () => {
      for (const holder of HOLDERS) {
        const id = await make(holder, { spend: 0 });
        const refused = await admin.ask(`POST ${holder.change}`, { body: { [holder.idField]: id, spend: 0 } });
        assert.deepEqual([refused.status, errorOf(refused)['param']], [422, 'spend'], refused.text);
      }
    });

    test('limits of a member in one team', async () => {
      for (const field of ['max_budget_in_team', 'rpm_limit']) {
        const body = { team_id: 't', member: { user_id: 'u', role: 'user' }, [field]: 1 };
        const refused = await admin.ask('POST /team/member_add', { body });
        assert.deepEqual([refused.status, errorOf(refused)['param']], [422, field]);
      }
    });
  });
});
