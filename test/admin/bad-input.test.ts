import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { isAllowedRoute, routeAllowed, routesWithin } from '../../src/domain/allowed-routes.ts';
import { ROUTES } from '../../src/admin/api.ts';
import { KEY_FIELDS, takeFields } from '../../src/admin/fields.ts';
import { durationMs } from '../../src/admin/duration.ts';
import { z } from '@hono/zod-openapi';
import { onEachDatabase } from '../contracts/each-database.ts';
import { errorOf, openTestAdmin, type TestAdmin } from './test-admin.ts';

onEachDatabase((database) => {
  let admin: TestAdmin;
  before(async () => {
    admin = await openTestAdmin({ database });
  });

  async function keyCount(): Promise<unknown> {
    return (await admin.ask('GET /key/list')).json['total_count'];
  }

  describe('a request that is not right', () => {
    const long = 'x'.repeat(300);
    const nested = `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`;
    const REFUSED: readonly (readonly [
      why: string,
      request: string,
      body: unknown,
      status: number,
      param: string | null,
    ])[] = [
      ['malformed JSON', 'POST /key/generate', '{"models":', 400, null],
      ['no object', 'POST /key/generate', '[]', 400, null],
      ['an unknown field', 'POST /key/generate', { modells: [] }, 422, 'modells'],
      ['an unknown field with null', 'POST /key/generate', { modells: null }, 422, 'modells'],
      ['a wrong type', 'POST /key/generate', { models: 'x' }, 422, 'models'],
      ['a wrong type inside', 'POST /key/generate', { models: ['a', 1] }, 422, 'models.1'],
      ['a negative budget', 'POST /key/generate', { max_budget: -1 }, 422, 'max_budget'],
      ['a budget of next to nothing', 'POST /key/generate', { max_budget: 1e-12 }, 422, 'max_budget'],
      ['a guardrail', 'POST /user/new', { guardrails: ['g'] }, 422, 'guardrails'],
      ['a guardrail in metadata', 'POST /key/generate', { metadata: { guardrails: ['g'] } }, 422, 'metadata'],
      ['__proto__', 'POST /key/generate', '{"__proto__":{"user_role":"proxy_admin"}}', 422, '__proto__'],
      ['__proto__ in metadata', 'POST /key/generate', '{"metadata":{"a":{"__proto__":{"x":1}}}}', 422, 'metadata'],
      [
        'constructor in metadata',
        'POST /key/generate',
        '{"metadata":{"constructor":{"prototype":{}}}}',
        422,
        'metadata',
      ],
      ['metadata over 64 KiB', 'POST /key/generate', { metadata: { a: 'x'.repeat(70_000) } }, 422, 'metadata'],
      ['a body over 1 MiB', 'POST /key/generate', { metadata: { a: 'x'.repeat(2 ** 20) } }, 413, null],
      ['deep nesting', 'POST /key/generate', `{"metadata":${nested}}`, 422, 'metadata'],
      ['half a surrogate pair', 'POST /key/generate', '{"key_alias":"\\ud800"}', 422, 'key_alias'],
      ['a control character', 'POST /key/generate', { key_alias: 'a\u0000b' }, 422, 'key_alias'],
      ['a long name', 'POST /key/generate', { key_alias: long }, 422, 'key_alias'],
      ['no duration', 'POST /key/generate', { duration: '5 minutes' }, 422, 'duration'],
      ['no operation', 'POST /key/generate', { allowed_operations: ['Converse'] }, 422, 'allowed_operations'],
      [
        'an operation that is not there',
        'POST /key/generate',
        { allowed_operations: ['bedrock:Nope'] },
        422,
        'allowed_operations',
      ],
      ['no region', 'POST /key/generate', { allowed_regions: ['EU'] }, 422, 'allowed_regions'],
      [
        'no address',
        'POST /key/generate',
        { allowed_source_addresses: ['10.1.2.3/8'] },
        422,
        'allowed_source_addresses',
      ],
      ['no default region', 'POST /key/generate', { default_region: 'x/../y' }, 422, 'default_region'],
      ['no route', 'POST /key/generate', { allowed_routes: ['key/info'] }, 422, 'allowed_routes.0'],
      ['10,000 keys', 'POST /key/delete', { keys: Array<string>(10_000).fill('sk-x') }, 422, 'keys'],
      ['nothing to delete', 'POST /key/delete', {}, 422, 'keys'],
      ['a bad entry in bulk', 'POST /key/bulk_update', { keys: [{ key: 'x', nope: 1 }] }, 422, 'keys.0.nope'],
      ['a page of everything', 'GET /key/list?size=1000', undefined, 422, 'size'],
      ['a negative page', 'GET /key/list?page=-1', undefined, 422, 'page'],
      ['a sort that is not one', 'GET /key/list?sort_by=id;drop', undefined, 422, 'sort_by'],
      ['a parameter that is not one', 'GET /key/list?nope=1', undefined, 422, 'nope'],
      ['a parameter twice', 'GET /key/list?user_id=a&user_id=b', undefined, 422, 'user_id'],
      ['no date', 'GET /audit?start_date=yesterday', undefined, 422, 'start_date'],
      ['no role', 'POST /user/new', { user_role: 'root' }, 422, 'user_role'],
      ['a member without a name', 'POST /team/new', { members_with_roles: [{ role: 'admin' }] }, 422, 'user_id'],
      ['a method that is not there', 'PUT /key/generate', {}, 404, null],
      ['a path with a control character', 'GET /key/info\u0001', undefined, 400, null],
    ];

    for (const [why, request, body, status, param] of REFUSED) {
      test(`is refused by the name of the field: ${why}`, async () => {
        const before = await keyCount();
        const answered = await admin.ask(request, { body });
        assert.deepEqual([answered.status, errorOf(answered)['param']], [status, param], answered.text);
        assert.equal(errorOf(answered)['code'], String(status));
        assert.equal(await keyCount(), before);
      });
    }
  });

  test('what could be SQL in a filter finds nothing and breaks nothing', async () => {
    for (const text of ["' OR 1=1 --", '%', '_', '\\', "'; DROP TABLE virtual_key; --"]) {
      for (const target of ['/key/list?key_alias', '/key/list?user_id', '/user/list?user_email', '/audit?object_id']) {
        const answered = await admin.ask(`GET ${target}=${encodeURIComponent(text)}`);
        assert.equal(answered.status, 200, answered.text);
        assert.equal(answered.json['total_count'] ?? answered.json['total'], 0, `${target}=${text}`);
      }
    }
  });

  test('null and empty are taken for every field of LiteLLM’s', async () => {
    for (const value of [null, [], {}, '']) {
      const refusable = Object.entries(KEY_FIELDS).filter(([, row]) => value === null || typeof row === 'object');
      const answered = await admin.ask('POST /key/generate', {
        body: Object.fromEntries(refusable.map(([name]) => [name, value])),
      });
      assert.equal(answered.status, 200, `${JSON.stringify(value)}: ${answered.text}`);
    }
  });

  test('the field tables and the schemas speak of the same fields', () => {
    for (const { path, fields, input } of ROUTES) {
      if (fields === undefined || !(input instanceof z.ZodObject)) continue;
      const known = Object.keys(input.shape);
      const missing = known.filter((name) => !Object.hasOwn(fields, name));
      assert.deepEqual(missing, [], `${path}: not in the table`);
      assert.deepEqual(
        known.filter((name) => typeof fields[name] === 'object'),
        [],
        `${path}: taken and refused`,
      );
    }
    for (const name of Object.keys(KEY_FIELDS)) {
      if (typeof KEY_FIELDS[name] === 'object') assert.throws(() => takeFields({ [name]: ['x'] }, KEY_FIELDS), name);
    }
  });

  test('without a master key the API is closed and says what to set', async () => {
    const closed = await openTestAdmin({ database, masterKey: null });
    for (const request of ['POST /key/generate', 'GET /audit']) {
      const answered = await closed.ask(request, { key: null, body: {} });
      assert.equal(answered.status, 403);
      assert.match(answered.text, /OUTCROP_MASTER_KEY/);
    }
  });

  test('a change whose audit row can not be written does not happen', async () => {
    const broken = await openTestAdmin({ database });
    await broken.storage.change({ actor: 'test', action: 'test', sourceAddress: null, onBehalfOf: null }, (change) =>
      change.db.schema.alterTable('audit').renameTo('audit_gone').execute(),
    );
    const answered = await broken.ask('POST /key/generate', { body: { key_alias: 'unseen' } });
    assert.ok(answered.status >= 500, answered.text);
    assert.equal((await broken.ask('GET /key/list')).json['total_count'], 0);
  });

  test('OpenAPI and the page describe every route to anyone', async () => {
    const document = await admin.ask('GET /openapi.json', { key: null });
    const page = await admin.ask('GET /docs', { key: null });
    assert.deepEqual([document.status, page.status], [200, 200]);
    for (const { path } of ROUTES) {
      assert.ok(document.text.includes(JSON.stringify(path)), path);
      assert.ok(page.text.includes(path), path);
    }
    assert.doesNotMatch(page.text, /https?:\/\/|<script/);
  });

  test('durations are LiteLLM’s', () => {
    const cases = { '30s': 30_000, '30m': 1_800_000, '2h': 7_200_000, '1d': 86_400_000, '1mo': 2_592_000_000 };
    for (const [text, ms] of Object.entries(cases)) assert.equal(durationMs(text), ms);
    for (const text of ['', '1', 's', '-1', '1y', '1.5h', ' 1h', '999999999mo']) assert.equal(durationMs(text), null);
  });

  test('allowed routes are paths, prefixes, stars and groups, and none is wider than it was held', () => {
    const allowed: readonly (readonly [entries: readonly string[], path: string, isAllowed: boolean])[] = [
      [[], '/key/info', true],
      [['/key/info'], '/key/info', true],
      [['/key'], '/key/info', true],
      [['/key'], '/keys', false],
      [['/key/*'], '/key/info', true],
      [['/key/*'], '/key', false],
      [['llm_api_routes'], '/bedrock/model/x/converse', true],
      [['llm_api_routes'], '/key/info', false],
      [['info_routes'], '/key/generate', false],
      [['management_routes'], '/bedrock/model/x/converse', false],
    ];
    for (const [entries, path, isAllowed] of allowed) assert.equal(routeAllowed(entries, path), isAllowed, path);
    const within: readonly (readonly [
      inner: readonly string[] | null,
      outer: readonly string[] | null,
      is: boolean,
    ])[] = [
      [null, null, true],
      [null, ['/key'], false],
      [['/key/info'], ['/key'], true],
      [['/key/*'], ['/key'], true],
      [['/key*'], ['/key'], false],
      [['/*'], ['/key'], false],
      [['/'], ['/key', '/team'], false],
      [['info_routes'], ['management_routes'], true],
      [['management_routes'], ['info_routes'], false],
    ];
    for (const [inner, outer, is] of within) {
      assert.equal(routesWithin(inner, outer), is, `${JSON.stringify(inner)} in ${JSON.stringify(outer)}`);
    }
    for (const entry of ['', 'key', '/key?x', '/a*b', 'admins']) assert.ok(!isAllowedRoute(entry), entry);
  });
});
