import { once } from 'node:events';
import { connect as http2Connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { openSocket } from '../support/raw-http1.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { MODEL_ID } from './operations.ts';

/** Where a client gives up. */
export const PLACES = ['before the body', 'in the body', 'waiting', 'in the stream', 'after the last byte'] as const;

export interface Abort {
  readonly protocol: 'HTTP/1' | 'HTTP/2';
  readonly place: (typeof PLACES)[number];
  /** FIN or RST of the connection; on HTTP/2 also of the one stream. */
  readonly how: 'fin' | 'rst' | 'stream';
  /** Somewhere between 0 and 1: how far into the place. */
  readonly fraction: number;
}

/** How the simulator answers: some frames, at a pace that leaves time to give up. */
export interface Pacing {
  readonly delayMs: number;
  readonly intervalMs: number;
  readonly chunks: number;
}

const PATH = `/bedrock/model/${encodeURIComponent(MODEL_ID)}/converse-stream`;
/** Head and frames of one answer, about: to give up after a part of them. */
const FRAME_BYTES = 150;
const WAIT_MS_MAX = 10;

export function streamBody(pacing: Pacing): string {
  return JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }], simulator: pacing });
}

/** Sends one request, gives up where it is told to, and resolves when the client has let go of its side. */
export function abortOne(origin: string, abort: Abort, pacing: Pacing): Promise<void> {
  return abort.protocol === 'HTTP/1' ? abortHttp1(origin, abort, pacing) : abortHttp2(origin, abort, pacing);
}

async function abortHttp1(origin: string, { place, how, fraction }: Abort, pacing: Pacing): Promise<void> {
  const socket = await openSocket(origin);
  const body = streamBody(pacing);
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${MASTER_KEY}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, bodyBytes(body, place, fraction))}`,
  );
  if (place === 'waiting') await waitFor(fraction);
  if (place === 'in the stream') await receive(socket, fraction * pacing.chunks * FRAME_BYTES);
  if (place === 'after the last byte') await receiveUntil(socket, (text) => text.endsWith('\r\n0\r\n\r\n'));
  if (how === 'rst') socket.resetAndDestroy();
  else socket.destroy();
}

async function abortHttp2(origin: string, { place, how, fraction }: Abort, pacing: Pacing): Promise<void> {
  const socket = await openSocket(origin);
  const session = http2Connect(origin, { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    authorization: `Bearer ${MASTER_KEY}`,
    'content-type': 'application/json',
  });
  stream.on('error', () => undefined);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  const body = streamBody(pacing);
  const sent = bodyBytes(body, place, fraction);
  if (sent === body.length) stream.end(body);
  else if (sent > 0) stream.write(body.slice(0, sent));

  if (place === 'before the body' || place === 'in the body' || place === 'waiting') await waitFor(fraction);
  else {
    let received = 0;
    const enough = place === 'in the stream' ? fraction * pacing.chunks * FRAME_BYTES : Infinity;
    await new Promise<void>((resolve) => {
      stream.on('data', (chunk: Buffer) => (received += chunk.length) > enough && resolve());
      void closed.then(() => resolve());
    });
  }
  if (how === 'stream') {
    stream.close(constants.NGHTTP2_CANCEL);
    await closed;
    session.destroy();
  } else if (how === 'rst') socket.resetAndDestroy();
  else session.destroy();
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
}

function bodyBytes(body: string, place: Abort['place'], fraction: number): number {
  if (place === 'before the body') return 0;
  return place === 'in the body' ? Math.max(1, Math.floor(fraction * (body.length - 1))) : body.length;
}

/** Not a synchronisation: any moment is as good as another, and all of them are meant to be met. */
async function waitFor(fraction: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, fraction * WAIT_MS_MAX));
}

function receive(socket: Socket, bytes: number): Promise<void> {
  let received = 0;
  return new Promise((resolve) => {
    socket.on('data', (chunk) => (received += chunk.length) > bytes && resolve());
    socket.once('close', () => resolve());
  });
}

function receiveUntil(socket: Socket, isEnough: (text: string) => boolean): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    socket.on('data', (chunk) => isEnough((text += chunk.toString('latin1'))) && resolve());
    socket.once('close', () => resolve());
  });
}
