import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CONVERSE, issueKey, type IssuedKey, managed, send, signedHeaders } from '../support/virtual-keys.ts';

const MAX = 3;

let running: TestGateway;
let key: IssuedKey;

before(async () => {
  running = await startTestGateway({
    env: { OUTCROP_FAILED_LOGINS_PER_MINUTE_MAX: String(MAX), OUTCROP_TRUSTED_PROXIES: '127.0.0.1' },
  });
  key = await issueKey(running.origin);
});

after(() => running.close());

/** One request of a client, as a trusted proxy passes it on. */
async function ask(client: string, headers: Record<string, string>): Promise<Response> {
  const response = await send(running.origin, CONVERSE, { 'x-forwarded-for': client, ...headers });
  await response.arrayBuffer();
  return response;
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
const signed = (pair: Pick<IssuedKey, 'accessKeyId' | 'secretAccessKey'>) =>
  signedHeaders(running.origin, CONVERSE, pair);

/** Ways of being wrong, each from an address of its own. */
const WRONG: readonly {
  readonly what: string;
  readonly client: string;
  readonly status: number;
  readonly headers: () => Record<string, string> | Promise<Record<string, string>>;
}[] = [
  { what: 'a bearer key', client: '192.0.2.1', status: 401, headers: () => bearer(`sk-${'x'.repeat(30)}`) },
  { what: 'no form of a key', client: '192.0.2.2', status: 401, headers: () => ({ authorization: 'Basic eDp5' }) },
  {
    what: 'an access key id',
    client: '192.0.2.3',
    status: 403,
    headers: () => signed({ ...key, accessKeyId: 'AKOCAAAAAAAAAAAAAAAA' }),
  },
  {
    what: 'a secret',
    client: '192.0.2.4',
    status: 403,
    headers: () => signed({ ...key, secretAccessKey: 'x'.repeat(40) }),
  },
];

for (const { what, client, status, headers } of WRONG) {
  test(`wrong credentials (${what}): after ${MAX} of a minute an address is asked to wait, and a right one still passes`, async () => {
    for (let count = 0; count < MAX; count += 1) assert.equal((await ask(client, await headers())).status, status);

    const throttled = await ask(client, await headers());
    assert.equal(throttled.status, 429);
    assert.equal(throttled.headers.get('x-amzn-errortype'), 'ThrottlingException');
    assert.equal(throttled.headers.get('retry-after'), '60');

    assert.equal((await ask(client, bearer(key.bearer))).status, 200, 'a key behind the same address');
    assert.equal((await ask(client, await signed(key))).status, 200, 'a pair behind the same address');
    assert.equal((await ask(client, await headers())).status, 429, 'and that has reset nothing');
    const other = client.replace('192.0.2.', '198.51.100.');
    assert.equal((await ask(other, bearer('sk-mistyped-0123456789'))).status, 401, 'another address');

    const warned = running.logged.filter(({ level, facts }) => level === 'warn' && facts['clientAddress'] === client);
    assert.equal(warned.length, 1, 'said once');
  });
}

test('the management API and the proxy count together', async () => {
  const client = '192.0.2.9';
  const manage = (headers: Record<string, string>) =>
    fetch(`${running.origin}/key/list`, { headers: { 'x-forwarded-for': client, ...headers } });
  for (let count = 0; count < MAX; count += 1) {
    const { status } =
      count % 2 === 0 ? await manage(bearer('sk-nobodys-0123456789')) : await ask(client, bearer('no'));
    assert.equal(status, 401);
  }
  const throttled = await manage(bearer('sk-nobodys-0123456789'));
  assert.equal(throttled.status, 429);
  assert.equal(throttled.headers.get('retry-after'), '60');
  assert.equal((await ask(client, bearer('sk-nobodys-0123456789'))).status, 429);
  assert.equal((await manage(bearer(key.bearer))).status, 200);
});

test('Claude Code, which would repeat a 429 for minutes, is told once', async () => {
  const client = '192.0.2.12';
  const headers = { ...bearer('sk-nobodys-0123456789'), 'user-agent': 'claude-cli/2.1.197 (external, cli)' };
  for (let count = 0; count < MAX; count += 1) assert.equal((await ask(client, headers)).status, 401);
  assert.equal((await ask(client, headers)).status, 400);
});

test('requests without a credential guess nothing: they are told what is missing each time', async () => {
  for (let count = 0; count < MAX + 2; count += 1) assert.equal((await ask('192.0.2.10', {})).status, 401);
});

test('what a right credential is refused for is no failed login', async () => {
  const client = '192.0.2.11';
  const narrow = await issueKey(running.origin, { models: ['anthropic.*'] });
  for (let count = 0; count < MAX + 2; count += 1) {
    assert.equal((await ask(client, bearer(narrow.bearer))).status, 403);
  }
  await managed(running.origin, 'POST /key/block', { key: narrow.id });
  assert.equal((await ask(client, bearer(narrow.bearer))).status, 401);
});
