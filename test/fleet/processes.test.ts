import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { startSimulator, SIMULATOR_CREDENTIALS, type Simulator } from '../../simulator/index.ts';
import { runOutcrop, startOutcrop, type Run } from '../commands/run-outcrop.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { issueKey, type IssuedKey, managed, statusSigned, statusWith } from '../support/virtual-keys.ts';

const KEYS = 1000;
const KILLED_AFTER = 200;
const AT_ONCE = 8;

/** A change is in force everywhere after this long. */
const HEARD_MS = 2500;

let simulator: Simulator;
let postgres: TestPostgres;
let folder: string;

before(async () => {
  [simulator, postgres] = await Promise.all([startSimulator(), startPostgres()]);
  folder = await mkdtemp(path.join(tmpdir(), 'outcrop-fleet-'));
});

after(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await simulator.close();
  await postgres.stop();
  await rm(folder, { recursive: true });
});

type Env = Readonly<Record<string, string>>;

function environment(env: Env): Env {
  return {
    ...simulator.environment,
    AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
    AWS_REGION: 'us-east-1',
    OUTCROP_HOST: '127.0.0.1',
    OUTCROP_PORT: '0',
    OUTCROP_MASTER_KEY: MASTER_KEY,
    OUTCROP_SHUTDOWN_NOTICE_MS: '0',
    OUTCROP_DATA_DIR: path.join(folder, 'data'),
    ...env,
  };
}

/** Those that a failed test leaves behind would keep this file from ending. */
const started: Run[] = [];

async function start(env: Env): Promise<{ readonly run: Run; readonly origin: string }> {
  const run = startOutcrop(['start'], { env: environment(env) });
  started.push(run);
  await run.says('Point Bedrock clients at');
  return { run, origin: /http:\/\/127\.0\.0\.1:\d+/.exec(run.output())?.[0] ?? '' };
}

async function stop(run: Run): Promise<void> {
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 0, run.errors());
}

/** Works through entries, several at a time. */
async function each<Entry>(entries: Iterable<Entry>, work: (entry: Entry) => Promise<void>): Promise<void> {
  const rest = entries[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const page = z.object({
  keys: z.array(z.object({ token: z.string(), key_alias: z.string().nullable() })),
  total_pages: z.number(),
});

async function listAll(origin: string): Promise<Map<string, string | null>> {
  const listed = new Map<string, string | null>();
  for (let number = 1, pages = 1; number <= pages; number += 1) {
    const target = `/key/list?return_full_object=true&size=100&page=${number}`;
    const { keys, total_pages } = page.parse(await managed(origin, `GET ${target}`));
    for (const { token, key_alias } of keys) listed.set(token, key_alias);
    pages = total_pages;
  }
  return listed;
}

test('a gateway killed while it makes a thousand keys: each acknowledged one works, none is half there', async () => {
  const env = { DATABASE_URL: await postgres.createDatabase() };
  const killed = await start(env);
  const acknowledged: IssuedKey[] = [];
  await each(Array(KEYS).keys(), async (number) => {
    try {
      acknowledged.push(await issueKey(killed.origin, { key_alias: `key ${number}` }));
    } catch {
      // It is dead by then, or died over this one.
    }
    if (acknowledged.length >= KILLED_AFTER) killed.run.child.kill('SIGKILL');
  });
  await killed.run.ended;
  assert.ok(acknowledged.length >= KILLED_AFTER && acknowledged.length < KEYS, `${acknowledged.length}`);

  const { run, origin } = await start(env);
  await each(acknowledged, async (key) => {
    assert.equal(await statusWith(origin, key.bearer), 200, key.id);
    assert.equal(await statusSigned(origin, key), 200, key.id);
  });
  const listed = await listAll(origin);
  for (const { id } of acknowledged) assert.ok(listed.has(id), id);
  const rows = await postgres.query(
    env.DATABASE_URL,
    `select key.id, (select count(*)::int from outcrop.credential where key_id = key.id) as credentials,
       (select count(*)::int from outcrop.audit where object_id = key.id and action = 'key.generate') as audited
     from outcrop.virtual_key as key`,
  );
  assert.deepEqual(
    rows.filter(({ credentials, audited }) => credentials !== 2 || audited !== 2),
    [],
    'a bearer key, a pair, and an audit row of the key and of its credentials',
  );
  assert.equal(rows.length, listed.size);
  await stop(run);
});

describe('while the database is down', () => {
  test('known keys work for as long as was said, unknown ones get 503, the log says it once; then all is well', async () => {
    const url = await postgres.createDatabase();
    // Well above what stopping a database takes on a busy machine.
    const staleSeconds = 10;
    const { run, origin } = await start({ DATABASE_URL: url, OUTCROP_KEY_STALE_SECONDS: String(staleSeconds) });
    const [known, unseen] = [await issueKey(origin), await issueKey(origin)];
    // In use until the gateway has heard its own news of the new keys a second time, which takes them out of memory.
    for (const untilMs = performance.now() + HEARD_MS; performance.now() < untilMs;) {
      assert.equal(await statusWith(origin, known.bearer), 200);
      assert.equal(await statusSigned(origin, known), 200);
    }

    const downMs = performance.now();
    await postgres.down();
    assert.equal(await statusWith(origin, known.bearer), 200);
    assert.equal(await statusSigned(origin, known), 200);
    assert.equal(await statusWith(origin, unseen.bearer), 503);
    assert.equal(await statusSigned(origin, unseen), 503);
    assert.equal(await statusWith(origin, MASTER_KEY), 200);
    await assert.rejects(issueKey(origin), / 503 /);

    while ((await statusWith(origin, known.bearer)) === 200) await pause();
    const lastedMs = performance.now() - downMs;
    // The last news may be up to a poll older than the outage.
    assert.ok(lastedMs > staleSeconds * 1000 - 1000, `${Math.round(lastedMs)} ms`);
    assert.ok(lastedMs < staleSeconds * 1000 + 4000, `${Math.round(lastedMs)} ms`);
    assert.equal(await statusWith(origin, known.bearer), 503);
    assert.equal(await statusSigned(origin, known), 503);
    assert.equal(linesWith(run, 'does not answer'), 1, run.errors());

    await postgres.up();
    while ((await statusWith(origin, unseen.bearer)) === 503) await pause();
    assert.equal(await statusWith(origin, unseen.bearer), 200);
    assert.equal(await statusSigned(origin, known), 200);
    while (linesWith(run, 'answers again') === 0) await pause();
    assert.equal(linesWith(run, 'does not answer'), 1);
    assert.ok(
      ![known, unseen].some(
        ({ bearer, secretAccessKey }) =>
          `${run.errors()}${run.output()}`.includes(bearer) || run.errors().includes(secretAccessKey),
      ),
    );
    await stop(run);
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
}

function linesWith(run: Run, text: string): number {
  return run.errors().split(text).length - 1;
}

describe('a start', () => {
  const SECRET = 'zUq3-nW8f-xK1p-Vt6y-Lb2d';
  const NEXT_SECRET = 'Rm7c-Hs4j-Wq9z-Ng5k-Ye0a';

  /** What a start says that ends at once: its lines about what is wrong. */
  async function failedStart(env: Env): Promise<string> {
    const { code, output, errors } = await runOutcrop(['start'], { env: environment(env) });
    assert.equal(code, 1, output + errors);
    const said = `${output}${errors}`.split('\n').filter((line) => line.startsWith('outcrop: '));
    assert.equal(said.length, 1, output + errors);
    assert.doesNotMatch(output + errors, /\n +at /, 'no stack');
    return said[0] ?? '';
  }

  test('with a wrong secret is refused with what to do; with the previous one beside it, the secret changes', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    const first = await start({ DATABASE_URL, OUTCROP_SECRET_KEY: SECRET });
    const key = await issueKey(first.origin);
    await stop(first.run);

    const line = await failedStart({ DATABASE_URL, OUTCROP_SECRET_KEY: NEXT_SECRET });
    assert.match(line, /OUTCROP_SECRET_KEY_PREVIOUS/);
    assert.ok(!line.includes(NEXT_SECRET));

    const changing = await start({
      DATABASE_URL,
      OUTCROP_SECRET_KEY: NEXT_SECRET,
      OUTCROP_SECRET_KEY_PREVIOUS: SECRET,
    });
    assert.equal(await statusWith(changing.origin, key.bearer), 200);
    await stop(changing.run);

    const changed = await start({ DATABASE_URL, OUTCROP_SECRET_KEY: NEXT_SECRET });
    assert.equal(await statusWith(changed.origin, key.bearer), 200);
    assert.equal(await statusSigned(changed.origin, key), 200);
    await stop(changed.run);
  });

  test('with a database that is not there says so in one line, without the password', async () => {
    const line = await failedStart({ DATABASE_URL: 'postgres://somebody:not-to-be-shown@127.0.0.1:1/outcrop' });
    assert.match(line, /127\.0\.0\.1:1 .*DATABASE_URL/);
    assert.doesNotMatch(line, /not-to-be-shown/);
  });
});
