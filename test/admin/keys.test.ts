import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { isAccessKeyId } from '../../src/domain/keys/access-key-id.ts';
import { isBearerKey } from '../../src/domain/keys/bearer-key.ts';
import { bearerDigest, secretAccessKeyOf } from '../../src/domain/keys/data-key.ts';
import { onEachDatabase } from '../contracts/each-database.ts';
import { errorOf, MASTER, openTestAdmin, type TestAdmin, textOf, type Answered } from './test-admin.ts';

const HOUR_MS = 3_600_000;

onEachDatabase((database) => {
  let admin: TestAdmin;
  before(async () => {
    admin = await openTestAdmin({ database });
  });

  async function must(request: string, body?: unknown, key?: string): Promise<Answered> {
    const answered = await admin.ask(request, { body, ...(key === undefined ? {} : { key }) });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  }

  async function newKey(
    body: object = {},
  ): Promise<{ readonly key: string; readonly id: string; readonly made: Answered }> {
    const made = await must('POST /key/generate', body);
    return { key: textOf(made, 'key'), id: textOf(made, 'token_id'), made };
  }

  /** A key of a new user who may make keys. */
  async function newUser(userId: string, body: object = {}): Promise<string> {
    return textOf(await must('POST /user/new', { user_id: userId, user_role: 'internal_user', ...body }), 'key');
  }

  async function isGood(key: string): Promise<boolean> {
    return (await admin.ask('POST /key/health', { key })).status === 200;
  }

  describe('a new key', () => {
    test('comes with LiteLLM’s fields and a pair of AWS credentials that belong together, and works at once', async () => {
      const { key, made } = await newKey();
      assert.ok(isBearerKey(key));
      assert.equal(textOf(made, 'token'), key);
      assert.equal(textOf(made, 'key_name'), `sk-...${key.slice(-4)}`);
      const accessKeyId = textOf(made, 'aws_access_key_id');
      assert.ok(isAccessKeyId(accessKeyId));
      assert.equal(textOf(made, 'aws_secret_access_key'), secretAccessKeyOf(admin.parts.dataKeys.current, accessKeyId));
      assert.ok(await isGood(key));
    });

    test('is shown once: nothing else that is answered, stored or logged holds it, its secret or its digest', async () => {
      const { key, id, made } = await newKey({ key_alias: 'canary' });
      const answers = [
        await must(`GET /key/info?key=${key}`),
        await must('GET /key/list?return_full_object=true'),
        await admin.ask('POST /key/update', { body: { key, max_budget: 1 } }),
        await admin.ask('POST /key/update', { body: `{"key":"${key}",` }),
        await admin.ask('POST /key/generate', { body: { key } }),
        await admin.ask('POST /key/generate', { body: { [key]: key } }),
        await admin.ask('POST /key/generate', { body: { allowed_operations: [key], models: [` ${key}`] } }),
        await admin.ask('POST /key/generate', { body: { key_type: key } }),
        await admin.ask('POST /key/bulk_update', { body: { keys: [{ key, [key]: 1 }] } }),
        await admin.ask(`GET /key/info?${key}=1`),
        await admin.ask(`GET /key/list?sort_by=${key}`),
        await admin.ask(`GET /key/${key}`),
        await must('POST /key/delete', { keys: [key] }),
        await must('GET /audit?page_size=100'),
      ];
      const seen = [...answers.map(({ text }) => text), ...admin.logged].join('\n');
      const digest = bearerDigest(admin.parts.dataKeys.current, key);
      assert.ok(seen.includes(id));
      for (const secret of [key, textOf(made, 'aws_secret_access_key'), digest, MASTER]) {
        assert.ok(!seen.includes(secret), `${secret.slice(0, 3)}… was shown`);
      }
    });

    test('may have a value of its maker’s choice, once', async () => {
      const own = 'sk-my-own-value-0001';
      assert.equal((await newKey({ key: own })).key, own);
      assert.ok(await isGood(own));
      const again = await admin.ask('POST /key/generate', { body: { key: own } });
      assert.deepEqual([again.status, errorOf(again)['param']], [400, 'key']);
      for (const key of ['sk-short', 'not-a-key-at-all-0000', MASTER]) {
        assert.equal((await admin.ask('POST /key/generate', { body: { key } })).status, 422);
      }
    });

    test('expires when its duration is over, and then says so to its holder', async () => {
      const { key } = await newKey({ duration: '2h' });
      assert.ok(await isGood(key));
      admin.pass(2 * HOUR_MS);
      const refused = await admin.ask('POST /key/health', { key });
      assert.deepEqual([refused.status, errorOf(refused)['type']], [401, 'expired_key']);
    });

    test('is made with all that was asked or not at all', async () => {
      const before = (await must('GET /key/list')).json['total_count'];
      const auditBefore = (await must('GET /audit')).json['total'];
      const alias = 'half';
      await newKey({ key_alias: alias });
      for (const body of [
        { key_alias: alias },
        { team_id: 'no-such-team' },
        { user_id: 'fresh-user', team_id: 'nope' },
      ]) {
        const refused = await admin.ask('POST /key/generate', { body });
        assert.ok(refused.status === 400 || refused.status === 404, refused.text);
      }
      assert.equal((await must('GET /key/list')).json['total_count'], Number(before) + 1);
      assert.equal((await must('GET /audit')).json['total'], Number(auditBefore) + 2);
      assert.equal((await admin.ask('GET /user/info?user_id=fresh-user')).status, 404);
    });
  });

  describe('unknown, blocked, deleted, replaced and malformed keys', () => {
    test('get one status and one text', async () => {
      const blocked = await newKey();
      await must('POST /key/block', { key: blocked.id });
      const deleted = await newKey();
      await must('POST /key/delete', { keys: [deleted.key] });
      const replaced = await newKey();
      await must('POST /key/regenerate', { key: replaced.key });
      const ofBlockedTeam = await must('POST /team/new', { team_id: 'blocked-team' }).then(() =>
        newKey({ team_id: 'blocked-team' }),
      );
      await must('POST /team/block', { team_id: 'blocked-team' });
      const bad = [blocked.key, deleted.key, replaced.key, ofBlockedTeam.key, 'sk-nobodys-key-at-all', 'x', blocked.id];
      const answers = await Promise.all(bad.map((key) => admin.ask('GET /key/info', { key })));
      assert.deepEqual(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size, 1);
      assert.equal(answers[0]?.status, 401);
    });

    test('are not rescued by a good one of lower rank', async () => {
      const headers = ['x-litellm-api-key', 'sk-nobodys-key-at-all'];
      assert.equal((await admin.ask('GET /key/list', { headers })).status, 401);
      assert.equal((await admin.ask('GET /key/list', { headers: ['authorization', 'Bearer sk-x'] })).status, 400);
    });
  });

  describe('regenerating', () => {
    test('keeps the old key and its own AWS pair for the grace period, and gives them nothing newer', async () => {
      const old = await newKey();
      const fresh = await must('POST /key/regenerate', { key: old.key, grace_period: '1h' });
      assert.equal(textOf(fresh, 'token_id'), old.id);
      const pairOf = async (key: string) =>
        textOf(await must('GET /key/aws-credentials', undefined, key), 'aws_access_key_id');
      assert.equal(await pairOf(old.key), textOf(old.made, 'aws_access_key_id'));
      assert.equal(await pairOf(textOf(fresh, 'key')), textOf(fresh, 'aws_access_key_id'));
      assert.notEqual(textOf(fresh, 'aws_access_key_id'), textOf(old.made, 'aws_access_key_id'));
      const expires = (await must('GET /key/aws-credentials', undefined, old.key)).json['expires'];
      assert.equal(typeof expires, 'string');
      admin.pass(HOUR_MS);
      assert.equal(await isGood(old.key), false);
      assert.equal(await isGood(textOf(fresh, 'key')), true);
    });

    test('takes away from the old key the right to change anything', async () => {
      const old = await newUser('rotating');
      await must(`POST /key/${old}/regenerate`, { grace_period: '1h' }, old);
      for (const request of ['POST /key/generate', `POST /key/${old}/regenerate`]) {
        assert.equal((await admin.ask(request, { key: old, body: {} })).status, 403, request);
      }
    });

    test('changes fields in the same breath, and no grace is longer than a month', async () => {
      const { key } = await newKey();
      const fresh = await must('POST /key/regenerate', {
        key,
        models: ['amazon.nova-*'],
        new_key: 'sk-chosen-again-0001',
      });
      assert.deepEqual(fresh.json['models'], ['amazon.nova-*']);
      assert.ok(await isGood('sk-chosen-again-0001'));
      assert.equal(
        (await admin.ask('POST /key/regenerate', { body: { key: 'sk-chosen-again-0001', grace_period: '32d' } }))
          .status,
        422,
      );
    });
  });

  describe('nobody grants more than they hold', () => {
    const HELD = {
      models: ['anthropic.claude-*'],
      allowed_regions: ['eu-*'],
      allowed_resources: ['s3://team-a/*'],
      allowed_routes: ['/key', '/bedrock'],
    };

    const EXCESSES: readonly (readonly [field: string, body: object])[] = [
      ['models', { models: ['*'] }],
      ['models', { models: [] }],
      ['allowed_regions', { allowed_regions: ['us-east-1'] }],
      ['allowed_regions', { allowed_regions: [] }],
      ['allowed_resources', { allowed_resources: ['s3://team-b/x'] }],
      ['allowed_operations', { allowed_operations: ['bedrock-runtime:*'] }],
      ['act_for_users', { act_for_users: true }],
      ['allowed_routes', { allowed_routes: ['/'] }],
      ['allowed_routes', { allowed_routes: [] }],
      ['allowed_routes', { key_type: 'management' }],
      ['duration', { duration: '-1' }],
      ['duration', { duration: '2d' }],
      ['user_id', { user_id: 'rotating' }],
      ['team_id', { team_id: 'blocked-team' }],
      ['key', { key: 'sk-chosen-by-a-user-01' }],
    ];

    let key = '';
    before(async () => {
      const user = await newUser('restricted');
      const made = await must('POST /key/generate', { ...HELD, user_id: 'restricted', duration: '1d' });
      assert.ok(await isGood(user));
      key = textOf(made, 'key');
    });

    for (const [field, body] of EXCESSES) {
      test(`a user's key can not give ${JSON.stringify(body)}`, async () => {
        for (const request of ['POST /key/generate', 'POST /key/update']) {
          const target = request.endsWith('update') && !('key' in body) ? { key, ...body } : body;
          if (request.endsWith('update') && 'key' in body) continue;
          const refused = await admin.ask(request, { key, body: target });
          assert.deepEqual([refused.status, errorOf(refused)['param']], [403, field], `${request}: ${refused.text}`);
        }
      });
    }

    test('a key that asks for nothing gets what its maker holds', async () => {
      const made = await must('POST /key/generate', {}, key);
      for (const [field, value] of Object.entries(HELD)) assert.deepEqual(made.json[field], value, field);
      assert.equal(made.json['user_id'], 'restricted');
      assert.equal(typeof made.json['expires'], 'string');
    });

    test('a key can make narrower ones', async () => {
      const body = { models: ['anthropic.claude-3-*'], allowed_regions: ['eu-west-1'], duration: '1h' };
      const made = await must('POST /key/generate', body, key);
      assert.deepEqual(made.json['models'], body.models);
    });

    test('an administrator holds all but what its own key is bound to', async () => {
      const free = await newUser('free-admin', { user_role: 'proxy_admin' });
      await must('POST /key/generate', { allowed_operations: ['bedrock:*'], act_for_users: true }, free);
      const bound = textOf(await must('POST /key/generate', { user_id: 'free-admin', models: ['a.*'] }), 'key');
      assert.equal((await admin.ask('POST /key/generate', { key: bound, body: { models: ['*'] } })).status, 403);
      const open = await newKey();
      assert.equal((await admin.ask('POST /key/regenerate', { key: bound, body: { key: open.id } })).status, 403);
    });

    test('an admin of a team is not handed the key of a member, who may be more than that', async () => {
      await newUser('chief', { user_role: 'proxy_admin' });
      const lead = await newUser('lead');
      await must('POST /team/new', { team_id: 'crew', members_with_roles: [{ role: 'admin', user_id: 'lead' }] });
      const ofChief = await newKey({ user_id: 'chief', team_id: 'crew' });
      assert.equal((await admin.ask('POST /key/regenerate', { key: lead, body: { key: ofChief.id } })).status, 403);
      await must('POST /key/block', { key: ofChief.id }, lead);
      assert.equal(
        (await admin.ask('POST /key/update', { key: lead, body: { key: ofChief.id, blocked: false } })).status,
        403,
      );
    });

    test('a role can be given by administrators only, and the last of them stays', async () => {
      const plain = await newUser('climber');
      const body = { user_id: 'climber', user_role: 'proxy_admin' };
      assert.equal((await admin.ask('POST /user/update', { key: plain, body })).status, 403);
      const listed = await must('GET /user/list?role=proxy_admin&page_size=100');
      assert.equal(listed.json['total'], 2);
      const chief = textOf(await must('POST /key/generate', { user_id: 'chief' }), 'key');
      await must('POST /user/delete', { user_ids: ['free-admin'] }, chief);
      assert.equal((await admin.ask('POST /user/delete', { key: chief, body: { user_ids: ['chief'] } })).status, 409);
      const demoted = { user_id: 'chief', user_role: 'internal_user' };
      assert.equal((await admin.ask('POST /user/update', { key: chief, body: demoted })).status, 409);
    });
  });

  describe('restrictions of a key hold in the management API too', () => {
    test('routes it is not allowed', async () => {
      const { key } = await newKey({ key_type: 'llm_api' });
      assert.equal((await admin.ask('GET /key/info', { key })).status, 403);
      assert.equal((await admin.ask('GET /key/aws-credentials', { key })).status, 200);
    });

    test('addresses it is bound to', async () => {
      const { key } = await newKey({ allowed_source_addresses: ['10.0.0.0/8'] });
      const from = async (sourceAddress: string | null) =>
        (await admin.ask('GET /key/info', { key, sourceAddress })).status;
      assert.deepEqual([await from('10.1.2.3'), await from('192.0.2.1'), await from(null)], [200, 403, 403]);
    });
  });

  test('lists show the caller its own keys, page by page', async () => {
    const key = await newUser('lister');
    for (const alias of ['list-100%', 'list-1000', 'list_x'])
      await must('POST /key/generate', { key_alias: alias }, key);
    const all = await must('GET /key/list?size=2&page=2', undefined, key);
    assert.deepEqual([all.json['total_count'], all.json['total_pages'], all.json['current_page']], [4, 2, 2]);
    const found = await must('GET /key/list?key_alias=100%25', undefined, key);
    assert.equal(found.json['total_count'], 1);
    const aliases = await must('GET /key/aliases?key_alias=t_', undefined, key);
    assert.deepEqual(aliases.json['aliases'], ['list_x']);
  });

  test('deleting by key, id and alias is for all or none', async () => {
    const [one, two, three] = [await newKey(), await newKey(), await newKey({ key_alias: 'third' })];
    const missing = await admin.ask('POST /key/delete', { body: { keys: [one.id, 'key_0000000000000000000000'] } });
    assert.equal(missing.status, 404);
    assert.ok(await isGood(one.key));
    const deleted = await must('POST /key/delete', { keys: [one.key, two.id], key_aliases: ['third'] });
    assert.deepEqual(deleted.json['deleted_keys'], [one.id, two.id, three.id]);
    for (const { key } of [one, two, three]) assert.equal(await isGood(key), false);
  });

  test('a member who leaves a team loses the keys it has there', async () => {
    await must('POST /team/new', { team_id: 'leavers', members_with_roles: [{ role: 'user', user_id: 'leaver' }] });
    const [there, elsewhere] = [
      await newKey({ user_id: 'leaver', team_id: 'leavers' }),
      await newKey({ user_id: 'leaver' }),
    ];
    await must('POST /team/member_delete', { team_id: 'leavers', user_id: 'leaver' });
    assert.deepEqual([await isGood(there.key), await isGood(elsewhere.key)], [false, true]);
  });
});
