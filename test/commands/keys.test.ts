import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { http1Request } from '../clients/http1-request.ts';
import { runCommand, type CommandResult } from '../clients/run-command.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { issueKey } from '../support/virtual-keys.ts';

/** `outcrop keys` as a user types it, against a running gateway. */

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const AS_MASTER = { OUTCROP_MASTER_KEY: MASTER_KEY };

const made = z.looseObject({ token_id: z.string(), key: z.string() });
const listedKeys = z.array(z.looseObject({ token_id: z.string(), key_alias: z.string().nullable() }));

let gateway: TestGateway;
/** Where nobody listens any more. */
let deserted: string;

before(async () => {
  gateway = await startTestGateway({ env: { OUTCROP_SINKS: 'file', OUTCROP_RECORD_CONTENT: 'per-key' } });
  const gone = await startTestGateway();
  deserted = gone.origin;
  await gone.close();
});
after(() => gateway.close());

interface Typed {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly url?: string;
}

function keys(argv: readonly string[], { env = AS_MASTER, stdin = '', url }: Typed = {}): Promise<CommandResult> {
  return runCommand(process.execPath, [CLI, 'keys', ...argv, '--url', url ?? gateway.origin], { env, stdin });
}

/** What it printed, when it went well. */
async function said(argv: readonly string[], typed: Typed = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await keys(argv, typed);
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

async function create(...options: string[]): Promise<z.infer<typeof made>> {
  return made.parse(JSON.parse(await said(['create', ...options, '--json'])));
}

/** How Bedrock's door takes a key. */
async function statusWith(key: string): Promise<number> {
  const target = '/bedrock/foundation-models';
  const { status } = await http1Request(gateway.origin, {
    method: 'GET',
    target,
    headers: { authorization: `Bearer ${key}` },
  });
  return status;
}

describe('outcrop keys create', () => {
  test('shows the secrets, which work at once', async () => {
    const text = await said(['create', '--alias', 'for people', '--expires', '30d']);
    const secrets = Object.fromEntries(text.split('\n').map((line) => line.split(/ {2,}/, 2)));
    assert.match(secrets['AWS access key id'] ?? '', /^AKOC[A-Z2-7]{16}$/);
    assert.match(secrets['AWS secret access key'] ?? '', /^[A-Za-z0-9+/]{40}$/);
    assert.match(secrets['expires'] ?? '', /^\d{4}-/);
    assert.equal(await statusWith(secrets['key'] ?? ''), 200);
    assert.match(text, /not shown again/);
  });

  test('gives a key what its options say', async () => {
    const options: Readonly<Record<string, string>> = {
      alias: 'all options',
      user: 'ann',
      models: 'anthropic.claude-*, amazon.nova-*',
      operations: 'bedrock-runtime:*',
      resources: 'AGENT12345',
      regions: 'us-east-1',
      sources: '10.0.0.0/8',
      tags: 'ci,nightly',
      expires: '2h',
    };
    const { token_id: id } = await create(...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]));
    const shown: unknown = JSON.parse(await said(['show', id, '--json']));
    assert.partialDeepStrictEqual(shown, {
      token_id: id,
      key_alias: 'all options',
      user_id: 'ann',
      models: ['anthropic.claude-*', 'amazon.nova-*'],
      allowed_operations: ['bedrock-runtime:*'],
      allowed_resources: ['AGENT12345'],
      allowed_regions: ['us-east-1'],
      allowed_source_addresses: ['10.0.0.0/8'],
      tags: ['ci', 'nightly'],
    });
    const text = await said(['show', 'all options']);
    assert.match(text, /^models +anthropic\.claude-\*, amazon\.nova-\*$/m);
    assert.match(text, /^state +active$/m);
    assert.doesNotMatch(text, /sk-(?!\.\.\.)/, 'a key is shown once');
  });
});

describe('outcrop keys create says what sinks get', () => {
  test('of which calls, and what of them is kept', async () => {
    const logging = ['--sinks', 'file', '--disabled-sinks', 'file', '--record-content', 'true'];
    const content = ['--content-sample-rate', '0.1', '--redact-fields', 'password,messages.*.content'];
    const patterns = ['--redact-patterns', '\\d{3,4}', 'a,b'];
    const { token_id: id } = await create(...logging, ...content, ...patterns);
    assert.partialDeepStrictEqual(JSON.parse(await said(['show', id, '--json'])), {
      sinks: ['file'],
      disabled_sinks: ['file'],
      record_content: true,
      content_sample_rate: 0.1,
      redact_fields: ['password', 'messages.*.content'],
      redact_patterns: ['\\d{3,4}', 'a,b'],
    });
    const text = await said(['show', id]);
    assert.match(text, /^sinks +file, but not file$/m);
    assert.match(text, /^content +kept, of a share of 0\.1, without password and .*\\d\{3,4\} and a,b$/m);
  });

  test('and nothing at all', async () => {
    const { token_id: id } = await create('--sinks', 'none', '--record-content', 'false');
    const text = await said(['show', id]);
    assert.match(text, /^sinks +none$/m);
    assert.match(text, /^content +not kept$/m);
  });

  test('and what can not be meant is said before anything is sent', async () => {
    for (const [option, value] of [
      ['--sinks', ''],
      ['--record-content', 'yes'],
      ['--content-sample-rate', '1.1'],
      ['--content-sample-rate', ''],
      ['--redact-patterns', ''],
    ] as const) {
      const { exitCode, stderr } = await keys(['create', option, value], { url: deserted });
      assert.equal(exitCode, 1);
      assert.match(stderr, new RegExp(`${option} `));
    }
  });
});

describe('outcrop keys list', () => {
  test('shows every key, over all pages', async () => {
    await Promise.all(
      Array.from({ length: 101 }, (_, index) => issueKey(gateway.origin, { key_alias: `many ${index}` })),
    );
    const listed = listedKeys.parse(JSON.parse(await said(['list', '--json'])));
    assert.equal(listed.filter(({ key_alias: alias }) => alias?.startsWith('many ')).length, 101);
    assert.equal(new Set(listed.map(({ token_id: id }) => id)).size, listed.length);
  });

  test('is a table for people, of one user when asked', async () => {
    const { id } = await issueKey(gateway.origin, { user_id: 'bob', blocked: true });
    const [head, row, ...rest] = (await said(['list', '--user', 'bob'])).trimEnd().split('\n');
    assert.match(head ?? '', /^ID +ALIAS +KEY +TEAM +USER +EXPIRES +STATE$/);
    assert.match(row ?? '', new RegExp(`^${id} +- +sk-\\.\\.\\..{4} +- +bob +never +blocked$`));
    assert.deepEqual(rest, []);
    assert.equal(await said(['list', '--user', 'nobody']), 'No keys.\n');
  });
});

describe('outcrop keys rotate', () => {
  test('ends the old key at once', async () => {
    const old = await create('--alias', 'rotated');
    const fresh = made.parse(JSON.parse(await said(['rotate', 'rotated', '--json'])));
    assert.equal(fresh.token_id, old.token_id);
    assert.deepEqual([await statusWith(old.key), await statusWith(fresh.key)], [401, 200]);
  });

  test('lets it live on for the grace period', async () => {
    const old = await create();
    const text = await said(['rotate', old.token_id, '--grace', '1d']);
    assert.match(text, /The old key and its AWS credentials go on working for 1d\./);
    assert.equal(await statusWith(old.key), 200);
  });
});

describe('outcrop keys revoke', () => {
  test('ends several keys, by id or alias', async () => {
    const [first, second] = [await create('--alias', 'to revoke'), await create()];
    const text = await said(['revoke', 'to revoke', second.token_id]);
    assert.deepEqual(
      text.trimEnd().split('\n').toSorted(),
      [first, second].map(({ token_id: id }) => `Revoked ${id}.`).toSorted(),
    );
    assert.deepEqual([await statusWith(first.key), await statusWith(second.key)], [401, 401]);
  });

  test('ends none when one is unknown', async () => {
    const { token_id: id, key } = await create();
    const { exitCode } = await keys(['revoke', id, 'key_0000000000000000000000']);
    assert.deepEqual([exitCode, await statusWith(key)], [1, 200]);
  });
});

describe("the caller's own key", () => {
  test('comes from standard input where no variable has one', async () => {
    assert.match(await said(['list'], { env: {}, stdin: `${MASTER_KEY}\n` }), /^ID/);
  });

  test('is the lesser one of two variables', async () => {
    const { bearer } = await issueKey(gateway.origin);
    const { stderr } = await keys(['create'], { env: { ...AS_MASTER, OUTCROP_KEY: bearer } });
    assert.match(stderr, /takes a key of a user that may change something/);
  });
});

describe('what can not be done is said in one line, without a secret', { concurrency: 2 }, () => {
  const SECRET = 'sk-mistaken-for-an-argument';
  const rows: readonly (readonly [what: string, argv: readonly string[], typed: () => Typed, expected: RegExp])[] = [
    ['no key', ['list'], () => ({ env: {} }), /set OUTCROP_KEY or OUTCROP_MASTER_KEY or /],
    ['a wrong key', ['list'], () => ({ env: { OUTCROP_KEY: SECRET } }), /not valid here/],
    ['text that is no key', ['list'], () => ({ env: { OUTCROP_KEY: 'two words' } }), /OUTCROP_KEY holds is not a key/],
    ['a key as an argument', ['show', SECRET], () => ({}), /does not belong on the command line/],
    ['an unknown alias', ['show', 'nobody'], () => ({}), /No key has the id or alias "nobody"/],
    ['an unknown id', ['show', 'key_0000000000000000000000'], () => ({}), /Key not found/],
    ['a duration that is none', ['create', '--expires', 'soon'], () => ({}), /^outcrop: --expires: is no duration/],
    ['a team that is not there', ['create', '--team', 'ghosts'], () => ({}), /^outcrop: --team: There is no such team/],
    ['an operation that is none', ['create', '--operations', 'Converse'], () => ({}), /^outcrop: --operations: /],
    ['a list that nobody filled', ['create', '--models', ''], () => ({}), /--models is empty/],
    ['a list with a hole', ['create', '--models', 'a,,b'], () => ({}), /--models has an empty entry/],
    ['an address of clients', ['list'], () => ({ url: `${gateway.origin}/bedrock` }), /without the \/bedrock/],
    ['an address that is none', ['list'], () => ({ url: 'localhost:4000' }), /must be an http:\/\/ or https:/],
    ['no gateway', ['list'], () => ({ url: deserted }), /No gateway answers at .*ECONNREFUSED/],
    [
      'another server',
      ['list'],
      () => ({ url: gateway.simulator.origins.bedrock }),
      /not as the management API of Outcrop/,
    ],
  ];
  for (const [what, argv, typed, expected] of rows) {
    test(what, async () => {
      const { exitCode, stdout, stderr } = await keys(argv, typed());
      assert.equal(exitCode, 1);
      assert.equal(stdout, '');
      assert.match(stderr, expected);
      assert.match(stderr, /^outcrop: [^\n]+\n$/);
      for (const secret of [SECRET, MASTER_KEY, 'two words']) assert.ok(!stderr.includes(secret));
    });
  }
});
