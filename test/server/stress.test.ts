import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import type { Exchange } from '../../src/ports.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { needs } from '../support/needs.ts';
import { openSocket } from '../support/raw-http1.ts';
import { makeSelfSigned, type SelfSigned } from '../support/self-signed.ts';
import { until } from '../support/until.ts';
import { openServer } from './open-server.ts';
import { readAnswers } from './read-answers.ts';

const SEED = 20_261_124;
const CLIENTS = 20;

type Random = (below: number) => number;

/** What the server does with a request, told by its path so that client and server know it. */
const DEEDS = ['echo', 'echo', 'stream', 'streamAtOnce', 'early', 'earlyLater', 'inMiddle', 'big', 'breaks'] as const;
/** What becomes of a connection. */
const FATES = ['whole', 'whole', 'whole', 'closing', 'cut', 'reset', 'fin', 'garbage', 'deaf'] as const;
const GARBAGE = [
  '\0\0\0\r\n\r\n',
  'GET /echo/x HTTP/1.1\r\nHost : g\r\n\r\n',
  'x'.repeat(20_000),
  'POST / HTTP/3\r\n\r\n',
];

interface Planned {
  readonly id: string;
  readonly deed: string;
  readonly method: string;
  readonly body: string;
  readonly wire: string;
}

function plan(id: string, random: Random, closes: boolean): Planned {
  const deed = DEEDS[random(DEEDS.length)] ?? 'echo';
  const method = ['POST', 'POST', 'PUT', 'HEAD'][random(4)] ?? 'POST';
  const isHttp10 = random(15) === 0;
  const body = random(4) === 0 ? '' : `<${id}>`.repeat(1 + random(random(10) === 0 ? 10_000 : 20));
  const isChunked = !isHttp10 && random(2) === 0;
  const lines = [`${method} /${deed}/${id} HTTP/1.${isHttp10 ? 0 : 1}`, 'Host: g'];
  lines.push(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
  if (random(8) === 0) lines.push('Expect: 100-continue');
  if (closes) lines.push('Connection: close');
  const sent = isChunked ? chunked(body, random) : body;
  return { id, deed, method, body, wire: `${random(8) === 0 ? '\r\n' : ''}${lines.join('\r\n')}\r\n\r\n${sent}` };
}

function chunked(body: string, random: Random): string {
  let text = '';
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, 1 + random(random(3) === 0 ? 20_000 : 30));
    text += `${size.toString(16)}${random(6) === 0 ? ';a=b' : ''}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${text}0\r\n\r\n`;
}

function expectedBody({ id, deed, method, body }: Planned): string {
  if (method === 'HEAD') return '';
  if (deed === 'big') return `${id}|`.repeat(20_000);
  return deed === 'early' || deed === 'earlyLater' || deed === 'inMiddle' ? `${id}|refused` : `${id}|${body}`;
}

/** What became of an exchange. */
interface Ledger {
  readonly target: string;
  reads: number;
  bodyEndings: number;
  ended: boolean;
  flushed: number;
  gone: number;
}

function serve(exchange: Exchange, random: Random, ledger: Ledger[]): void {
  const [, deed = '', id = ''] = exchange.target.split('/');
  const row: Ledger = { target: exchange.target, reads: 0, bodyEndings: 0, ended: false, flushed: 0, gone: 0 };
  ledger.push(row);
  exchange.onGone(() => (row.gone += 1));
  const refuse = (): void => exchange.answerWhole(403, ['x-id', id], Buffer.from(`${id}|refused`), random(4) === 0);
  const read = (ended: (body: string) => void, each: (chunk: Buffer) => void = () => undefined): void => {
    const chunks: Buffer[] = [];
    row.reads += 1;
    exchange.body.read({
      data: (chunk) => {
        chunks.push(chunk);
        each(chunk);
      },
      end: () => {
        row.bodyEndings += 1;
        ended(Buffer.concat(chunks).toString('latin1'));
      },
      fault: () => (row.bodyEndings += 1),
    });
  };
  const finish = (last?: Buffer): void => {
    row.ended = true;
    exchange.endAnswer(() => (row.flushed += 1), last);
  };
  const stream = (pieces: readonly string[]): void => {
    const [piece, ...rest] = pieces;
    if (exchange.gone) return;
    if (piece === undefined) finish(random(2) === 0 ? Buffer.alloc(0) : undefined);
    else {
      if (exchange.write(Buffer.from(piece, 'latin1'))) setImmediate(() => stream(rest));
      else exchange.onDrain(() => setImmediate(() => stream(rest)));
    }
  };
  const deeds: Readonly<Record<string, () => void>> = {
    echo: () => read((body) => exchange.answerWhole(200, ['x-id', id], Buffer.from(`${id}|${body}`, 'latin1'), false)),
    stream: () =>
      read((body) => {
        exchange.startAnswer(200, ['x-id', id]);
        stream([`${id}|`, body.slice(0, 7), body.slice(7)]);
      }),
    streamAtOnce: () => {
      exchange.startAnswer(200, ['x-id', id]);
      exchange.write(Buffer.from(`${id}|`));
      read(
        () => finish(),
        (chunk) => exchange.write(chunk),
      );
    },
    early: refuse,
    earlyLater: () => void setImmediate(refuse),
    inMiddle: () => {
      if (exchange.contentLength === 0) refuse();
      else
        exchange.body.read({
          data: () => {
            exchange.body.stop();
            if (!exchange.answered) refuse();
          },
          end: () => refuse(),
          fault: () => undefined,
        });
    },
    big: () =>
      void setImmediate(() =>
        read(() => {
          exchange.startAnswer(200, ['x-id', id]);
          finish(Buffer.from(`${id}|`.repeat(20_000)));
        }),
      ),
    breaks: () =>
      read((body) => {
        exchange.startAnswer(200, ['x-id', id]);
        exchange.write(Buffer.from(`${id}|${body}`, 'latin1'), () => exchange.break());
      }),
  };
  deeds[deed]?.();
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function sendInPieces(socket: Socket, wire: string, random: Random): Promise<void> {
  const piecesMax = random(3) === 0 ? 1 : 12;
  for (let at = 0; at < wire.length && socket.writable;) {
    const size = piecesMax === 1 ? wire.length : 1 + random(Math.max(2, Math.ceil((2 * wire.length) / piecesMax)));
    socket.write(wire.slice(at, at + size), 'latin1');
    at += size;
    await turns(random(3));
  }
}

/** One connection with some requests, and what came back. */
async function converse(open: () => Promise<Socket>, index: number, random: Random): Promise<string> {
  const fate = FATES[random(FATES.length)] ?? 'whole';
  const count = 1 + random(6);
  const requests = Array.from({ length: count }, (_, at) =>
    plan(`c${index}r${at}`, random, fate === 'closing' && at === count - 1),
  );
  const wire = requests.map((request) => request.wire).join('');
  const socket = await open();
  socket.setNoDelay(true);
  let text = '';
  let closed = false;
  let failed = false;
  let ended = false;
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => (failed = true));
  socket.on('end', () => (ended = true));
  socket.on('close', () => (closed = true));
  const methods = requests.map(({ method }) => method);
  const answers = (): ReturnType<typeof readAnswers> => readAnswers(text, methods, ended);

  if (fate === 'deaf') socket.pause();
  const isCutOff = fate === 'cut' || fate === 'reset' || fate === 'fin';
  const sent = isCutOff ? wire.slice(0, random(wire.length + 1)) : wire;
  await sendInPieces(socket, fate === 'garbage' ? sent + (GARBAGE[random(GARBAGE.length)] ?? '') : sent, random);
  await turns(random(10));
  if (fate === 'cut') socket.destroy();
  else if (fate === 'reset' && !('encrypted' in socket)) socket.resetAndDestroy();
  else if (fate === 'reset') socket.destroy();
  else if (fate === 'fin') socket.end();
  else if (fate === 'deaf') {
    await turns(30);
    socket.resume();
  }
  await until(
    () => closed || (fate !== 'garbage' && fate !== 'fin' && answers().filter(({ whole }) => whole).length === count),
  );
  socket.destroy();

  for (const [at, answer] of answers().entries()) {
    const request = requests[at];
    const told = `${fate}, connection ${index}, answer ${at}: ${JSON.stringify(answer).slice(0, 200)}`;
    if (answer.id === null) {
      // Refused before there was a request.
      assert.ok(at === answers().length - 1 && (!answer.whole || answer.status === 400 || answer.status === 431), told);
      if (answer.whole) assert.equal(fate, 'garbage', told);
      continue;
    }
    assert.equal(answer.id, request?.id, told);
    if (request === undefined) continue;
    if (answer.whole && request.deed !== 'breaks') assert.ok(answer.body === expectedBody(request), told);
    else assert.ok(expectedBody(request).startsWith(answer.body), told);
    assert.ok(at === answers().length - 1 || !answer.closes, `${told}: answered after the last`);
  }
  const last = answers().at(-1);
  // Who behaves hears all, but for what came after an answer that ended the connection.
  const isHeard =
    answers().length === count || last?.closes === true || requests[answers().length - 1]?.deed === 'breaks';
  const isHonest = !isCutOff && !failed;
  if (isHonest && fate !== 'garbage')
    assert.ok(isHeard && last?.whole !== undefined, `${fate} ${index}: ${text.slice(-300)}`);
  return fate;
}

async function openTls(origin: string, ca: string): Promise<Socket> {
  const socket = tlsConnect({ port: Number(new URL(origin).port), host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

async function stress(t: TestContext, connections: number, tls?: SelfSigned): Promise<void> {
  const timers = new Set<number>();
  const hook = createHook({
    init: (id, type) => void (type === 'Timeout' && timers.add(id)),
    destroy: (id) => void timers.delete(id),
  }).enable();
  t.after(() => hook.disable());
  const ledger: Ledger[] = [];
  const serverRandom = seededRandom(SEED);
  const { origin, server, exchanges } = await openServer(
    t,
    (exchange) => serve(exchange, serverRandom, ledger),
    tls === undefined ? {} : { tls },
  );
  const open = (): Promise<Socket> => (tls === undefined ? openSocket(origin) : openTls(origin, tls.certificate));

  const random = seededRandom(SEED + 1);
  const fates = new Set<string>();
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < connections) fates.add(await converse(open, next++, random));
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await until(() => server.connections() === 0);
  await turns(5);

  assert.equal(fates.size, new Set(FATES).size);
  assert.equal(ledger.length, exchanges.length);
  for (const row of ledger) {
    const told = JSON.stringify(row);
    assert.ok(row.gone <= 1 && row.flushed <= 1 && row.bodyEndings <= row.reads, told);
    if (row.ended) assert.equal(row.flushed + row.gone, 1, told);
    if (row.reads > 0) assert.equal(row.bodyEndings, 1, told);
  }
  assert.equal(timers.size, 0, 'timers are left');
}

const CLAIM = 'each answer is that of its request, and nothing is left over';

test(`600 connections of all manners: ${CLAIM}`, (t) => stress(t, 600));

test(`150 connections of all manners over TLS: ${CLAIM}`, needs('openssl'), async (t) => {
  const made = makeSelfSigned();
  try {
    await stress(t, 150, made);
  } finally {
    made.remove();
  }
});
