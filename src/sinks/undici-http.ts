import { Agent, buildConnector, type Dispatcher } from 'undici';
import { DeliveryFault } from './delivery-fault.ts';
import type { SinkHttp, SinkHttpAnswer, SinkHttpRequest } from './http.ts';

const CONNECT_TIMEOUT_MS = 5000;
/** From the first byte of the request to the last of the answer: a receiver that answers a byte a second is none. */
export const REQUEST_TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024;
/** For each receiver: enough for those that take few calls in one request. */
const CONNECTIONS_MAX = 10;
const KEEP_ALIVE_MS = 15_000;

export interface UndiciHttp extends SinkHttp {
  close(): Promise<void>;
}

/** HTTP/1.1 to receivers, over connections of their own: nothing is shared with the way to Bedrock. */
export function createUndiciHttp(requestTimeoutMs: number = REQUEST_TIMEOUT_MS): UndiciHttp {
  const connect = { timeout: CONNECT_TIMEOUT_MS, autoSelectFamily: true };
  const agent = new Agent({ connections: CONNECTIONS_MAX, keepAliveTimeout: KEEP_ALIVE_MS, allowH2: false, connect });
  return {
    send: (given, signal) => send(agent, given, signal, requestTimeoutMs),
    reach: (url) => reach(url),
    close: () => agent.destroy(),
  };
}

async function send(
  dispatcher: Dispatcher,
  { method, url, rawPath, headers, body }: SinkHttpRequest,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<SinkHttpAnswer> {
  const ending = new AbortController();
  const abort = (): void => ending.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const answer = await dispatcher.request({
      origin: url.origin,
      method,
      path: rawPath ?? `${url.pathname}${url.search}`,
      headers,
      body,
      signal: ending.signal,
    });
    return {
      status: answer.statusCode,
      retryAfter: one(answer.headers['retry-after']),
      errorType: one(answer.headers['x-amzn-errortype']),
      text: await firstBytes(answer.body),
    };
  } catch (error) {
    throw new DeliveryFault('again', ending.signal.aborted ? noAnswer(signal, timeoutMs) : unreachable(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** The rest of a long answer is not waited for. */
async function firstBytes(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    if (!(piece instanceof Buffer)) continue;
    pieces.push(piece);
    length += piece.length;
    if (length >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX).toString('utf8');
}

function reach(url: URL): Promise<void> {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, autoSelectFamily: true, allowH2: false });
  const { hostname, host, protocol, port } = url;
  return new Promise((resolve, reject) => {
    connect({ hostname: hostname.replace(/^\[|\]$/g, ''), host, protocol, port }, (error, socket) => {
      socket?.destroy();
      if (error === null) resolve();
      else reject(new DeliveryFault('again', unreachable(error)));
    });
  });
}

function noAnswer(stopped: AbortSignal, timeoutMs: number): string {
  return stopped.aborted ? 'the gateway is stopping' : `it did not answer within ${timeoutMs / 1000} s`;
}

/** The code alone: a message may hold the address, and that may be a secret. */
function unreachable(error: unknown): string {
  return `it can not be reached (${codeOf(error)})`;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // One for each address that was tried: they fail alike.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function one(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
