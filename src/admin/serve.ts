import type { Exchange } from '../ports.ts';
import { type AdminApi, createAdminApi } from './api.ts';
import { HeldBytes } from './held-bytes.ts';
import type { AdminParts } from './ports.ts';
import { Problem, problemBody } from './problem.ts';

const BODY_BYTES_MAX = 2 ** 20;
const BODY_TIMEOUT_MS = 30_000;
const TARGET_LENGTH_MAX = 8192;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']);

/** Visible ASCII from a slash on: whatever else there is could be read in two ways. */
const TARGET = /^\/[!-~]*$/;

export interface AdminExchange {
  readonly exchange: Exchange;
  readonly requestId: string;
  /** Where the request comes from; null when that can't be said. */
  readonly sourceAddress: string | null;
}

/** Answers requests of the management API. */
export interface AdminServer {
  /** Resolves when the request has been answered, or its client has left. Never rejects for what a client does. */
  handle(request: AdminExchange): Promise<void>;
}

export function createAdminServer(parts: AdminParts): AdminServer {
  const app = createAdminApi(parts);
  return {
    handle: async (request) => {
      const held = new HeldBytes(parts.bodyBytes);
      try {
        await handle(request, app, held);
      } finally {
        held.release();
      }
    },
  };
}

async function handle(
  { exchange, requestId, sourceAddress }: AdminExchange,
  app: AdminApi,
  held: HeldBytes,
): Promise<void> {
  try {
    requireForm(exchange);
    // A `Request` is for the router alone; headers and body are taken from where they came.
    const request = new Request(`http://gateway${exchange.target}`, { method: exchange.method });
    const response = await app.fetch(request, {
      requestId,
      headers: exchange.headers,
      sourceAddress,
      readText: () => readText(exchange, held),
    });
    await writeBack(exchange, response, requestId);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await writeBack(exchange, Response.json(problemBody(error), { status: error.status }), requestId, true);
  }
}

function requireForm({ framingFault, target, method }: Exchange): void {
  if (framingFault !== null) throw new Problem(400, framingFault);
  if (target.length > TARGET_LENGTH_MAX || !TARGET.test(target)) throw new Problem(400, 'The path is not well-formed.');
  if (!METHODS.has(method)) throw new Problem(405, 'The management API has no such method.');
}

/** @throws Problem 400, 408, 413, 503 */
async function readText(exchange: Exchange, held: HeldBytes): Promise<string> {
  const declared = exchange.contentLength;
  if (declared === 0) return '';
  if (declared !== null) {
    if (declared > BODY_BYTES_MAX) throw tooLarge();
    if (!held.take(declared)) throw overBudget();
  }
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  await new Promise<void>((resolve, reject) => {
    const settle = (problem?: Problem): void => {
      clearTimeout(timer);
      exchange.body.stop();
      if (problem === undefined) resolve();
      else reject(problem);
    };
    const timer = setTimeout(() => settle(new Problem(408, 'The request body took too long.')), BODY_TIMEOUT_MS);
    exchange.body.read({
      data: (chunk) => {
        receivedBytes += chunk.length;
        if (receivedBytes > BODY_BYTES_MAX) settle(tooLarge());
        else if (declared === null && !held.take(chunk.length)) settle(overBudget());
        else chunks.push(chunk);
      },
      end: () => settle(),
      fault: (reason) =>
        settle(new Problem(400, reason === 'gone' ? 'The client has left.' : 'Trailers are not accepted.')),
    });
  });
  return decode(Buffer.concat(chunks));
}

/** @throws Problem 400 for bytes that are no UTF-8 */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(400, 'The body is not UTF-8.');
  }
}

function tooLarge(): Problem {
  return new Problem(413, `The body is over ${BODY_BYTES_MAX} bytes.`);
}

function overBudget(): Problem {
  return new Problem(503, 'The gateway holds as many bytes of request bodies as it may: try again shortly.', {
    retryAfterSeconds: 1,
  });
}

async function writeBack(exchange: Exchange, response: Response, requestId: string, close = false): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (exchange.gone) return;
  const headers = [...response.headers].flat();
  exchange.answerWhole(response.status, [...headers, 'x-amzn-requestid', requestId], body, close);
}
