import assert from 'node:assert/strict';
import { request as nodeRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { Client, type Dispatcher } from 'undici';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { mutate } from '../fuzz/mutator.ts';
import { BAD_ANSWERS, GOOD_ANSWERS } from './answer-cases.ts';
import { Calls } from './calls.ts';
import { bytesOf } from './read-answer.ts';
import { eachRequest, ScriptedServer } from './scripted-server.ts';

const SEED = 20_261_123;
const MUTANTS = 400;
const AT_ONCE = 4;
/** What others take of a head. */
const BYTES_MAX = 8 * 1024;

interface Case {
  readonly name: string;
  readonly method: Dispatcher.HttpMethod;
  readonly bytes: Buffer;
}

/** What a client made of an answer: `null` where it took it for none. */
type Taken = { readonly status: number | undefined; readonly body: string } | null;

const TABLE: readonly Case[] = [
  ...GOOD_ANSWERS.filter(({ onlyOurs }) => onlyOurs !== true).map(({ name, method, wire }) => ({
    name,
    method: method === 'HEAD' ? ('HEAD' as const) : ('POST' as const),
    bytes: bytesOf(wire),
  })),
  ...BAD_ANSWERS.map(({ name, wire }) => ({ name, method: 'POST' as const, bytes: bytesOf(wire) })),
].filter(({ bytes }) => bytes.length <= BYTES_MAX);

const cases = [...TABLE, ...mutants()];
let server: ScriptedServer;

before(async () => {
  server = await ScriptedServer.open(
    eachRequest(({ path, socket }) => socket.end(cases[Number(path.slice(1))]?.bytes ?? '')),
  );
});
after(() => server.close());

function mutants(): readonly Case[] {
  const random = seededRandom(SEED);
  const others = TABLE.map(({ bytes }) => bytes);
  return Array.from({ length: MUTANTS }, () => {
    const { name, method, bytes } = TABLE[random(TABLE.length)] ?? { name: '', method: 'POST', bytes: Buffer.alloc(2) };
    return { name: `${name}, damaged`, method, bytes: mutate(random, bytes, 0, others) };
  });
}

async function takenByOurs(path: string, method: string): Promise<Taken> {
  const calls = new Calls({ connectionsMax: 1 });
  try {
    const call = calls.send({ origin: server.origin, path, method });
    await call.over;
    return call.ending === 'end' ? { status: call.status, body: call.body.toString('latin1') } : null;
  } finally {
    await calls.close();
  }
}

async function takenByUndici(path: string, method: Dispatcher.HttpMethod): Promise<Taken> {
  const client = new Client(server.origin);
  try {
    const { statusCode, body } = await client.request({ path, method });
    return { status: statusCode, body: Buffer.from(await body.arrayBuffer()).toString('latin1') };
  } catch {
    return null;
  } finally {
    await client.destroy();
  }
}

function takenByNode(path: string, method: string): Promise<Taken> {
  return new Promise((resolve) => {
    const request = nodeRequest(server.origin + path, { method, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('latin1');
      answer.on('data', (text) => (body += String(text)));
      answer.on('error', () => resolve(null));
      answer.on('end', () => resolve(answer.complete ? { status: answer.statusCode, body } : null));
    });
    request.on('error', () => resolve(null));
    request.end();
  });
}

test(`${cases.length} answers, sound and damaged: what is taken for an answer is what undici and node take for it`, async () => {
  let taken = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < cases.length; index = next++) {
      const { name, method, bytes } = cases[index] ?? assert.fail();
      const path = `/${index}`;
      const [ours, undici, node] = await Promise.all([
        takenByOurs(path, method),
        takenByUndici(path, method),
        takenByNode(path, method),
      ]);
      const what = `${name}: ${JSON.stringify(bytes.toString('latin1'))}`;
      // To be stricter is fine; what is taken must be theirs.
      if (ours === null) continue;
      taken += 1;
      assert.ok(undici !== null || node !== null, `nobody else takes ${what}`);
      for (const other of [undici, node]) if (other !== null) assert.deepEqual(ours, other, what);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  assert.ok(taken > GOOD_ANSWERS.length, `only ${taken} of them were taken`);
});
