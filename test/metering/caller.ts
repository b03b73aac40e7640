import { Agent, request, type ClientRequest } from 'node:http';
import type { PlannedCall, Random } from './workload.ts';

/** How a call looked to the client that made it. */
export interface Seen {
  /** Null when no head of an answer came. */
  readonly status: number | null;
  /** Whether the answer came to its end in a way that the client takes for complete. */
  readonly whole: boolean;
  /** `x-outcrop-request-id`. */
  readonly requestId: string | null;
  /** `x-amzn-requestid`. */
  readonly awsRequestId: string | null;
  /** `x-outcrop-cost-usd`, where it was told. */
  readonly costUsd: string | null;
}

/** Where a client gives up: `after` is the share of the place that it lets go by, between 0 and 1. */
export interface Abort {
  readonly place: 'in the body' | 'waiting' | 'in the answer';
  readonly after: number;
}

const PLACES = ['in the body', 'waiting', 'in the answer', 'in the answer'] as const;

export function anyAbort(random: Random): Abort {
  return { place: PLACES[random(PLACES.length)] ?? 'waiting', after: random(1000) / 1000 };
}

/** Some milliseconds are as good as any others: all moments are meant to be met. */
const WAIT_MS_MAX = 12;
const ANSWER_BYTES = 700;

const NOTHING_SEEN: Seen = { status: null, whole: false, requestId: null, awsRequestId: null, costUsd: null };

/** Makes calls over connections that are kept, as SDKs do. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #bearer: string;

  constructor(bearer: string) {
    this.#bearer = bearer;
  }

  /**
   * Makes one call. It is known by its name on both sides: to the gateway's ledger as the session, to the simulator as
   * the user agent.
   */
  call(origin: string, name: string, planned: PlannedCall, abort: Abort | null = null, headers = {}): Promise<Seen> {
    const { method, path, body } = planned;
    return new Promise((resolve) => {
      let seen = NOTHING_SEEN;
      const outgoing = request(origin + path, {
        method,
        agent: this.#agent,
        headers: {
          authorization: `Bearer ${this.#bearer}`,
          'user-agent': name,
          'x-litellm-session-id': name,
          ...(method === 'GET'
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      });
      outgoing.on('response', (response) => {
        const header = (field: string): string | null => {
          const value = response.headers[field];
          return typeof value === 'string' ? value : null;
        };
        seen = {
          ...NOTHING_SEEN,
          status: response.statusCode ?? null,
          requestId: header('x-outcrop-request-id'),
          awsRequestId: header('x-amzn-requestid'),
          costUsd: header('x-outcrop-cost-usd'),
        };
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (abort?.place === 'in the answer' && bytes > abort.after * ANSWER_BYTES) outgoing.destroy();
        });
        response.on('end', () => {
          seen = { ...seen, whole: response.complete };
        });
        response.on('error', () => undefined);
      });
      outgoing.on('error', () => undefined);
      outgoing.on('close', () => resolve(seen));
      sendBody(outgoing, body, abort);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function sendBody(outgoing: ClientRequest, body: string, abort: Abort | null): void {
  const leaveSoon = (share: number): void => {
    setTimeout(() => outgoing.destroy(), share * WAIT_MS_MAX);
  };
  if (abort?.place === 'in the body' && body.length > 1) {
    outgoing.write(body.slice(0, Math.floor(abort.after * (body.length - 1))));
    leaveSoon(abort.after);
    return;
  }
  outgoing.end(body);
  if (abort?.place === 'waiting') leaveSoon(abort.after);
}

/** Works through numbers from 0, so many at a time. */
export async function each(count: number, atOnce: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      await work(number);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
