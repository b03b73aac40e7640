import { connect, type Socket } from 'node:net';
import { encodeForEach } from './callers.ts';
import { CONVERSE_ANSWER, converseBody } from './conversation.ts';
import type { UnaryJob, UnaryResult } from './jobs.ts';
import { ResponseReader } from './response-reader.ts';
import { percentile } from './statistics.ts';

const ANSWER = Buffer.from(CONVERSE_ANSWER);

/**
 * Keeps a number of connections busy, each with one request at a time, for as long as the job says. All requests are
 * encoded before the first is sent.
 * @throws Error when an answer is not 200 with exactly the expected bytes, or a connection breaks
 */
export async function loadUnary(job: UnaryJob): Promise<UnaryResult> {
  const { port, mount, callers, callersSkipped } = job;
  const requests = encodeForEach(callers, { port, mount, operation: 'converse', body: converseBody(job.bodyBytes) });
  const latenciesUs: number[] = [];
  let sent = 0;
  const startMs = performance.now();
  const endMs = startMs + (job.durationMs ?? Infinity);
  const requestsMax = job.requestsMax ?? Infinity;
  const next = (): Buffer | null => {
    if (sent >= requestsMax || performance.now() >= endMs) return null;
    sent += 1;
    return requests[(callersSkipped + sent - 1) % requests.length] ?? null;
  };
  const answered = (tookMs: number): void => {
    latenciesUs.push(tookMs * 1000);
  };
  await Promise.all(Array.from({ length: job.connections }, () => keepBusy(port, next, answered)));
  const all = Float64Array.from(latenciesUs);
  return {
    requests: all.length,
    durationMs: performance.now() - startMs,
    p50Us: percentile(all, 0.5),
    p99Us: percentile(all, 0.99),
  };
}

/** Sends one request after the other on one connection, until there is no next one. */
function keepBusy(port: number, next: () => Buffer | null, answered: (tookMs: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let socket: Socket;
    let sentMs = 0;
    let bodyBytes = 0;
    let keepAlive = true;
    let over = false;

    const fail = (error: Error): void => {
      over = true;
      socket.destroy();
      reject(error);
    };
    const send = (): void => {
      const request = next();
      if (request === null) {
        over = true;
        socket.destroy();
        resolve();
        return;
      }
      bodyBytes = 0;
      sentMs = performance.now();
      socket.write(request);
    };
    const reader = new ResponseReader({
      head: (head) => {
        keepAlive = head.keepAlive;
        if (head.status !== 200) {
          throw new Error(`Answered ${head.status} ${head.headers.get('x-amzn-errortype') ?? ''} instead of 200.`);
        }
      },
      data: (piece) => {
        const end = bodyBytes + piece.length;
        if (end > ANSWER.length || ANSWER.compare(piece, 0, piece.length, bodyBytes, end) !== 0) {
          throw new Error('The bytes of an answer differ from what upstream sent.');
        }
        bodyBytes = end;
      },
      end: () => {
        if (bodyBytes !== ANSWER.length) throw new Error('An answer is shorter than what upstream sent.');
        answered(performance.now() - sentMs);
        if (keepAlive) {
          send();
        } else {
          // Servers end a connection after some number of requests; that is theirs to say.
          const last = socket;
          open();
          last.destroy();
        }
      },
    });
    const open = (): void => {
      const opened = connect({ port, host: '127.0.0.1', noDelay: true });
      socket = opened;
      opened.once('connect', send);
      opened.on('data', (piece: Buffer) => {
        try {
          reader.push(piece);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      });
      opened.on('error', (error) => {
        if (socket === opened && !over) fail(error);
      });
      opened.on('close', () => {
        if (socket === opened && !over) fail(new Error('A connection closed in the middle.'));
      });
    };
    open();
  });
}
