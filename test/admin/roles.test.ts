import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createAdminApi, PUBLIC_PATHS, ROUTES } from '../../src/admin/api.ts';
import { isAdminTarget } from '../../src/admin/paths.ts';
import { onEachDatabase } from '../contracts/each-database.ts';
import { openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

/** Who asks. Each is a column of the matrix. */
const ROLES = ['none', 'wrong', 'master', 'admin', 'viewer', 'teamAdmin', 'otherTeam', 'plain'] as const;
type Role = (typeof ROLES)[number];

/**
 * What a route says to each role about objects of team `t1` and of its members. `ok` is any 2xx, `bad` a 4xx that
 * follows from the request and not from who sends it (400, 409, 422), else the status. `none` and `wrong` are 401 everywhere.
 */
type Outcome = 'ok' | 'bad' | 403 | 404;

interface Row {
  /** Made anew for each role, so that each finds what it acts on. */
  readonly request: (made: Made) => { readonly target?: string; readonly body?: unknown };
  readonly master?: Outcome;
  readonly admin: Outcome;
  readonly viewer: Outcome;
  readonly teamAdmin: Outcome;
  readonly otherTeam: Outcome;
  readonly plain: Outcome;
}

/** What a row may act on: a key of t1 that belongs to no user, and a fresh name. */
interface Made {
  readonly keyId: string;
  readonly name: string;
}

const ADMINS = { admin: 'ok', viewer: 403, teamAdmin: 403, otherTeam: 403, plain: 403 } as const;
const AUDITORS = { ...ADMINS, viewer: 'ok' } as const;
const MASTER_ONLY = { admin: 403, viewer: 403, teamAdmin: 403, otherTeam: 403, plain: 403 } as const;
const EVERYBODY = { admin: 'ok', viewer: 'ok', teamAdmin: 'ok', otherTeam: 'ok', plain: 'ok' } as const;
/** May be changed by admins of the team; to those of another it is not there. */
const TEAM = { admin: 'ok', viewer: 403, teamAdmin: 'ok', otherTeam: 404, plain: 403 } as const;
/** The calls of a team are shown to its admins; to others it is not there. */
const TEAM_CALLS = { ...EVERYBODY, otherTeam: 404, plain: 404 } as const;
const key = ({ keyId }: Made) => ({ body: { key: keyId } });
const customer = ({ name }: Made) => ({ body: { user_id: name } });

const customerRows = (root: string): Record<string, Row> => ({
  [`post ${root}/new`]: { request: customer, ...ADMINS },
  [`post ${root}/update`]: { request: () => ({ body: { user_id: 'customer', alias: 'a' } }), ...ADMINS },
  [`post ${root}/delete`]: {
    request: () => ({ body: { user_ids: ['nobody'] } }),
    ...ADMINS,
    master: 404,
    admin: 404,
  },
  [`post ${root}/block`]: { request: () => ({ body: { user_ids: ['customer'] } }), ...ADMINS },
  [`post ${root}/unblock`]: { request: () => ({ body: { user_ids: ['customer'] } }), ...ADMINS },
  [`get ${root}/info`]: { request: () => ({ target: `${root}/info?end_user_id=customer` }), ...AUDITORS },
  [`get ${root}/list`]: { request: () => ({}), ...AUDITORS },
});

const MATRIX: Readonly<Record<string, Row>> = {
  'post /key/generate': { request: () => ({ body: { team_id: 't1' } }), ...TEAM, otherTeam: 403 },
  'post /key/service-account/generate': { request: () => ({ body: { team_id: 't1' } }), ...TEAM, otherTeam: 403 },
  'post /key/update': { request: ({ keyId }) => ({ body: { key: keyId, tags: ['x'] } }), ...TEAM },
  'post /key/bulk_update': { request: ({ keyId }) => ({ body: { keys: [{ key: keyId }] } }), ...ADMINS },
  'post /key/delete': { request: ({ keyId }) => ({ body: { keys: [keyId] } }), ...TEAM },
  'post /key/block': { request: key, ...TEAM },
  'post /key/unblock': { request: key, ...ADMINS },
  'get /key/info': {
    request: ({ keyId }) => ({ target: `/key/info?key=${keyId}` }),
    ...EVERYBODY,
    otherTeam: 404,
    plain: 404,
  },
  'post /v2/key/info': {
    request: ({ keyId }) => ({ body: { keys: [keyId] } }),
    ...EVERYBODY,
    otherTeam: 404,
    plain: 404,
  },
  'get /key/list': { request: () => ({}), ...EVERYBODY },
  'get /key/aliases': { request: () => ({}), ...EVERYBODY },
  'post /key/regenerate': { request: key, ...TEAM },
  'post /key/{key}/regenerate': {
    request: ({ keyId }) => ({ target: `/key/${keyId}/regenerate`, body: {} }),
    ...TEAM,
  },
  'get /key/aws-credentials': { request: () => ({}), ...EVERYBODY, master: 'bad' },
  'post /key/health': { request: () => ({}), ...EVERYBODY },
  'post /team/new': { request: ({ name }) => ({ body: { team_id: name } }), ...ADMINS },
  'post /team/update': { request: () => ({ body: { team_id: 't1', team_alias: 'a' } }), ...TEAM },
  'patch /team/{team_id}': { request: () => ({ target: '/team/t1', body: { team_alias: 'a' } }), ...TEAM },
  'post /team/delete': {
    request: () => ({ body: { team_ids: ['nothing'] } }),
    ...ADMINS,
    master: 404,
    admin: 404,
  },
  'post /team/block': { request: () => ({ body: { team_id: 't3' } }), ...ADMINS },
  'post /team/unblock': { request: () => ({ body: { team_id: 't3' } }), ...ADMINS },
  'get /team/info': {
    request: () => ({ target: '/team/info?team_id=t1' }),
    ...EVERYBODY,
    otherTeam: 404,
    plain: 404,
  },
  'get /team/list': { request: () => ({}), ...EVERYBODY },
  'get /v2/team/list': { request: () => ({}), ...EVERYBODY },
  'post /team/member_add': {
    request: () => ({ body: { team_id: 't1', member: { role: 'user', user_id: 'nobodys' } } }),
    ...TEAM,
  },
  'post /team/member_update': {
    request: () => ({ body: { team_id: 't1', user_id: 'member', role: 'user' } }),
    ...TEAM,
  },
  'post /team/member_delete': {
    request: () => ({ body: { team_id: 't1', user_id: 'stranger' } }),
    ...TEAM,
    master: 404,
    admin: 404,
    teamAdmin: 404,
  },
  'post /user/new': { request: ({ name }) => ({ body: { user_id: name } }), ...ADMINS },
  'post /user/update': { request: () => ({ body: { user_id: 'member', user_alias: 'm' } }), ...ADMINS },
  'post /user/delete': { request: () => ({ body: { user_ids: ['nobody'] } }), ...ADMINS, master: 404, admin: 404 },
  'get /user/info': {
    request: () => ({ target: '/user/info?user_id=member' }),
    ...EVERYBODY,
    teamAdmin: 404,
    otherTeam: 404,
    plain: 404,
  },
  'get /user/list': { request: () => ({}), ...AUDITORS },
  'get /spend/keys': { request: () => ({}), ...EVERYBODY },
  'get /spend/users': { request: () => ({}), ...EVERYBODY },
  'get /spend/tags': { request: () => ({}), ...EVERYBODY },
  'get /spend/logs': {
    request: ({ keyId }) => ({ target: `/spend/logs?api_key=${keyId}` }),
    ...EVERYBODY,
    otherTeam: 404,
    plain: 404,
  },
  'get /spend/logs/v2': { request: () => ({ target: '/spend/logs/v2?team_id=t1' }), ...TEAM_CALLS },
  'get /global/spend/report': {
    request: () => ({ target: '/global/spend/report?start_date=2026-11-01&end_date=2026-11-30&team_id=t1' }),
    ...TEAM_CALLS,
  },
  'get /user/daily/activity': {
    request: () => ({ target: '/user/daily/activity?start_date=2026-11-01&end_date=2026-11-30&user_id=member' }),
    ...AUDITORS,
    teamAdmin: 404,
    otherTeam: 404,
    plain: 404,
  },
  'get /user/daily/activity/aggregated': {
    request: () => ({ target: '/user/daily/activity/aggregated?start_date=2026-11-01&end_date=2026-11-30' }),
    ...EVERYBODY,
  },
  'get /team/daily/activity': {
    request: () => ({ target: '/team/daily/activity?start_date=2026-11-01&end_date=2026-11-30&team_ids=t1' }),
    ...TEAM_CALLS,
  },
  'get /usage': { request: () => ({ target: '/usage?team=t1&group_by=key' }), ...TEAM_CALLS },
  'get /ledger/status': { request: () => ({}), ...AUDITORS },
  'post /ledger/reprice': { request: () => ({ body: { since: '1d', dry_run: true } }), ...MASTER_ONLY },
  'get /audit': { request: () => ({}), ...AUDITORS },
  'post /data-key/roll': { request: () => ({ body: { deadline: '30d' } }), ...MASTER_ONLY },
  'get /data-key/status': { request: () => ({}), ...MASTER_ONLY },
  'post /budget/new': { request: ({ name }) => ({ body: { budget_id: name } }), ...ADMINS },
  'post /budget/update': { request: () => ({ body: { budget_id: 'budget', max_budget: 1 } }), ...ADMINS },
  'post /budget/delete': { request: () => ({ body: { id: 'nothing' } }), ...ADMINS, master: 404, admin: 404 },
  'post /budget/info': { request: () => ({ body: { budgets: ['budget'] } }), ...AUDITORS },
  'get /budget/list': { request: () => ({}), ...AUDITORS },
  'get /budget/settings': { request: () => ({ target: '/budget/settings?budget_id=budget' }), ...AUDITORS },
  'post /key/{key}/reset_spend': {
    request: ({ keyId }) => ({ target: `/key/${keyId}/reset_spend`, body: { reset_to: 0 } }),
    ...TEAM,
  },
  'post /global/spend/reset': { request: () => ({}), ...MASTER_ONLY },
  ...customerRows('/customer'),
  ...customerRows('/end_user'),
};

onEachDatabase((database) => {
  let admin: TestAdmin;
  const keys: Record<Role, string | null> = {
    none: null,
    wrong: 'sk-this-is-nobodys-key',
    master: 'sk-test-master-key-0123456789',
    admin: '',
    viewer: '',
    teamAdmin: '',
    otherTeam: '',
    plain: '',
  };

  async function must(request: string, body: unknown): Promise<Awaited<ReturnType<TestAdmin['ask']>>> {
    const answered = await admin.ask(request, { body });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  }

  before(async () => {
    admin = await openTestAdmin({ database });
    for (const [role, user_role] of [
      ['admin', 'proxy_admin'],
      ['viewer', 'proxy_admin_viewer'],
      ['teamAdmin', 'internal_user'],
      ['otherTeam', 'internal_user'],
    ] as const) {
      keys[role] = textOf(await must('POST /user/new', { user_id: role, user_role }), 'key');
    }
    for (const id of ['member', 'stranger', 'nobodys']) {
      await must('POST /user/new', { user_id: id, auto_create_key: false });
    }
    const lead = (user_id: string) => [{ role: 'admin', user_id }];
    await must('POST /team/new', {
      team_id: 't1',
      members_with_roles: [...lead('teamAdmin'), { role: 'user', user_id: 'member' }],
    });
    await must('POST /team/new', { team_id: 't2', members_with_roles: lead('otherTeam') });
    await must('POST /team/new', { team_id: 't3' });
    await must('POST /customer/new', { user_id: 'customer' });
    await must('POST /budget/new', { budget_id: 'budget' });
    keys.plain = textOf(await must('POST /key/generate', {}), 'key');
  });

  let made = 0;
  async function make(): Promise<Made> {
    made += 1;
    const keyId = textOf(await must('POST /key/service-account/generate', { team_id: 't1' }), 'token_id');
    return { keyId, name: `name-${made}` };
  }

  function expected(row: Row, role: Role): Outcome | 401 {
    if (role === 'none' || role === 'wrong') return 401;
    return role === 'master' ? (row.master ?? 'ok') : row[role];
  }

  function outcome(status: number): 'ok' | 'bad' | number {
    if (status >= 200 && status < 300) return 'ok';
    return status === 400 || status === 409 || status === 422 ? 'bad' : status;
  }

  for (const { method, path } of ROUTES) {
    const name = `${method} ${path}`;
    test(`${name} lets in whom it should and nobody else`, async () => {
      const row = MATRIX[name];
      assert.ok(row !== undefined, `there is no row for ${name}: say who may call it`);
      for (const role of ROLES) {
        const { target = path, body } = row.request(await make());
        const answered = await admin.ask(`${method.toUpperCase()} ${target}`, { key: keys[role], body });
        assert.equal(outcome(answered.status), expected(row, role), `${role}: ${answered.text}`);
      }
    });
  }

  test('the router has no route beside those of the matrix', () => {
    const inRouter = createAdminApi(admin.parts).routes.map(
      ({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`,
    );
    const isPublic = (route: string) => PUBLIC_PATHS.some((path) => route === `get ${path}`);
    assert.deepEqual(new Set(inRouter.filter((route) => !isPublic(route))), new Set(Object.keys(MATRIX)));
  });

  test('the gateway takes every route, and no path of Bedrock, for one of the management API', () => {
    for (const path of [...ROUTES.map((route) => route.path), ...PUBLIC_PATHS]) assert.ok(isAdminTarget(path), path);
    for (const target of [
      '/bedrock/model/x/converse',
      '/model/x/converse',
      '/keys',
      '//key/info',
      '/',
      '/v2/bedrock',
    ]) {
      assert.ok(!isAdminTarget(target), target);
    }
  });
});
