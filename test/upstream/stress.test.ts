import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import type { RecordedCall } from './calls.ts';
import { clientSockets } from './client-sockets.ts';
import { openScene } from './scene.ts';
import type { SeenRequest } from './scripted-server.ts';

const SEED = 20_261_123;
const CALLS = 2000;
/** Far more callers than connections, so that calls wait. */
const CALLERS = 30;
const CONNECTIONS_MAX = 8;
const IDLE_TIMEOUT_MS = 400;
/** Long on its way, so that an answer may overtake it. */
const BIG_BODY = Buffer.alloc(1024 * 1024);

type Random = (below: number) => number;
type Later = (then: () => void) => void;

/** What the server does with a request, told by its path so that client and server know it. */
const DEEDS = [
  'counted',
  'chunked',
  'inPieces',
  'slow',
  'hinted',
  'interim',
  'head',
  'noContent',
  'closing',
  'untilClose',
  'finBehind',
  'surplus',
  'early',
  'resetAtOnce',
  'resetInBody',
  'finInBody',
  'finInChunk',
  'malformed',
  'stalls',
] as const;
type Deed = (typeof DEEDS)[number];

/** What becomes of the answer; every other one is whole. */
const FAILS: ReadonlyMap<Deed, 'broken' | 'timeout'> = new Map([
  ['resetAtOnce', 'broken'],
  ['resetInBody', 'broken'],
  ['finInBody', 'broken'],
  ['finInChunk', 'broken'],
  ['malformed', 'broken'],
  ['stalls', 'timeout'],
]);
const BODILESS: ReadonlySet<Deed> = new Set(['head', 'noContent']);

interface Plan {
  readonly deed: Deed;
  readonly path: string;
  readonly cancels: boolean;
  readonly pauses: boolean;
}

function planOf(index: number, random: Random): Plan {
  // The ones that take long are rare.
  const deed = DEEDS[random(random(25) === 0 ? DEEDS.length : DEEDS.length - 1)] ?? 'counted';
  return { deed, path: `/${deed}/${index}`, cancels: random(15) === 0, pauses: random(5) === 0 };
}

/** The body of a path: nothing else has it, and no piece of it is in another. */
function bodyOf(path: string): string {
  return `<${path}>`.repeat(1 + ((path.length * Number(path.split('/').at(-1))) % 400));
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** Sends pieces in turns of the loop of their own. */
function inPieces(socket: Socket, pieces: readonly string[], later: Later, then: () => void = () => undefined): void {
  const [piece, ...rest] = pieces;
  if (piece === undefined) then();
  else if (!socket.destroyed) {
    socket.write(piece, 'latin1');
    later(() => inPieces(socket, rest, later, then));
  }
}

function answer({ path, socket }: SeenRequest, random: Random): void {
  const body = bodyOf(path);
  const id = `x-path: ${path}\r\n`;
  const counted = `HTTP/1.1 200 OK\r\n${id}content-length: ${body.length}\r\n`;
  const chunked = `HTTP/1.1 200 OK\r\n${id}transfer-encoding: chunked\r\n\r\n`;
  const at = 1 + random(body.length - 1);
  const cut = [body.slice(0, at), body.slice(at)];
  const chunks = cut.filter((text) => text !== '').map(chunk);
  const soon: Later = (then) => void setImmediate(then);
  const slowly: Later = (then) => void setTimeout(then, 1 + random(4));
  const deeds: Readonly<Record<Deed, () => void>> = {
    counted: () => void socket.write(`${counted}\r\n${body}`),
    chunked: () => void socket.write(`${chunked}${chunks.join('')}0\r\n\r\n`),
    inPieces: () => inPieces(socket, [chunked.slice(0, 20), chunked.slice(20), ...chunks, '0\r', '\n\r', '\n'], soon),
    slow: () => inPieces(socket, [`${counted}\r\n`, ...cut], slowly),
    hinted: () => void socket.write(`${counted}keep-alive: timeout=${random(4)}\r\n\r\n${body}`),
    interim: () => void socket.write(`HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n${counted}\r\n${body}`),
    head: () => void socket.write(`${counted}\r\n`),
    noContent: () => void socket.write(`HTTP/1.1 204 No Content\r\n${id}\r\n`),
    closing: () => void socket.end(`${counted}connection: close\r\n\r\n${body}`),
    untilClose: () => inPieces(socket, [`HTTP/1.1 200 OK\r\n${id}\r\n`, ...cut], soon, () => void socket.end()),
    finBehind: () => void socket.end(`${counted}\r\n${body}`),
    surplus: () => void socket.write(`${counted}\r\n${body}HTTP/1.1 200 OK\r\n`),
    early: () => void socket.write(`${counted}\r\n${body}`),
    resetAtOnce: () => void socket.resetAndDestroy(),
    resetInBody: () =>
      inPieces(socket, [`${counted}\r\n`, body.slice(0, -1)], soon, () => void socket.resetAndDestroy()),
    finInBody: () => void socket.end(`${counted}\r\n${body.slice(0, -1)}`),
    finInChunk: () => void socket.end(`${chunked}${chunks.join('')}5\r\nhi`),
    malformed: () => void socket.write(`${counted}content-length: 1\r\n\r\n${body}`),
    stalls: () => void socket.write(`${counted}\r\n${body.slice(0, -1)}`),
  };
  const deed = DEEDS.find((name) => path.startsWith(`/${name}/`));
  assert.ok(deed !== undefined, path);
  deeds[deed]();
}

test(`${CALLS} calls to a server that answers as it likes: each ends once, as it must, with its own body`, async (t) => {
  const serverRandom = seededRandom(SEED);
  const scene = await openScene(t, (request) => answer(request, serverRandom), {
    connectionsMax: CONNECTIONS_MAX,
    isEarly: (path) => path.startsWith('/early/'),
  });
  const random = seededRandom(SEED + 1);
  const endings = new Map<string, number>();
  let next = 0;

  const send = async (plan: Plan): Promise<void> => {
    const habits = plan.pauses
      ? {
          head: ({ flow }: RecordedCall): void => {
            flow?.pause();
            setImmediate(() => flow?.resume());
          },
        }
      : {};
    const call = scene.send(
      {
        path: plan.path,
        method: plan.deed === 'head' ? 'HEAD' : 'POST',
        body: plan.deed === 'early' ? BIG_BODY : null,
        idleTimeoutMs: IDLE_TIMEOUT_MS,
      },
      habits,
    );
    if (plan.cancels) {
      for (let turns = random(6); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
      const ending = call.ending;
      call.cancel();
      if (ending === null) return;
    }
    await call.over;
    const fails = FAILS.get(plan.deed);
    endings.set(String(call.ending), (endings.get(String(call.ending)) ?? 0) + 1);
    if (fails !== undefined) assert.equal(call.ending, fails, plan.path);
    else {
      assert.equal(call.ending, 'end', `${plan.path}: ${String(call.failure?.cause)}`);
      assert.equal(
        call.headers[call.headers.indexOf('x-path') + 1],
        plan.path,
        'the answer is that of another request',
      );
      assert.equal(call.body.toString('latin1'), BODILESS.has(plan.deed) ? '' : bodyOf(plan.path));
    }
  };
  const caller = async (): Promise<void> => {
    while (next < CALLS) await send(planOf(next++, random));
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));

  assert.equal(scene.calls.all.length, CALLS);
  assert.ok(clientSockets.most <= CONNECTIONS_MAX, `${clientSockets.most} connections at once`);
  assert.ok(scene.server.sockets.length < CALLS, 'connections are used again');
  for (const ending of ['end', 'broken', 'timeout'])
    assert.ok((endings.get(ending) ?? 0) > 0, `no call ended by ${ending}`);
});
