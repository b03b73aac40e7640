import { connect, type Socket } from 'node:net';
import { CONVERSE_ANSWER, converseBody, encodeRequest } from './conversation.ts';
import type { UnaryJob, UnaryResult } from './jobs.ts';
import { ResponseReader } from './response-reader.ts';
import { percentile } from './statistics.ts';

const ANSWER = Buffer.from(CONVERSE_ANSWER);

/**
 * Keeps a number of connections busy, each with one request at a time, for as long as the job says.
 * @throws Error when an answer is not 200 with exactly the expected bytes, or a connection breaks
 */
export async function loadUnary(job: UnaryJob): Promise<UnaryResult> {
  const request = encodeRequest({ ...job, operation: 'converse', body: converseBody(job.bodyBytes) });
  const latenciesUs: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + job.durationMs;
  const connections = Array.from({ length: job.connections }, () =>
    keepBusy(job.port, request, (sentMs, nowMs) => {
      latenciesUs.push((nowMs - sentMs) * 1000);
      return nowMs < endMs;
    }),
  );
  await Promise.all(connections);
  const all = Float64Array.from(latenciesUs);
  return {
    requests: all.length,
    durationMs: performance.now() - startMs,
    p50Us: percentile(all, 0.5),
    p99Us: percentile(all, 0.99),
  };
}

/** Sends the request again and again on one connection, until `answered` says that it is enough. */
function keepBusy(port: number, request: Buffer, answered: (sentMs: number, nowMs: number) => boolean): Promise<void> {
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
        if (!answered(sentMs, performance.now())) {
          over = true;
          socket.destroy();
          resolve();
        } else if (keepAlive) {
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
