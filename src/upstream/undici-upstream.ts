import { errors, Pool, type Dispatcher } from 'undici';
import type { AnswerReceiver, Upstream, UpstreamFailure, UpstreamRequest } from '../ports.ts';

export interface UndiciUpstreamOptions {
  /** Connections per origin. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
}

/** How long an idle connection to Bedrock is kept: well below what load balancers of AWS keep theirs. */
const KEEP_ALIVE_MS = 15_000;
const ANSWER_HEADER_BYTES_MAX = 64 * 1024;
/** One origin for each service and region that is allowed: far fewer in practice. */
const ORIGINS_MAX = 512;

/** Speaks HTTP/1.1 to Bedrock over one pool of kept-alive connections per origin. */
export class UndiciUpstream implements Upstream {
  readonly #options: UndiciUpstreamOptions;
  readonly #pools = new Map<string, Pool>();

  constructor(options: UndiciUpstreamOptions) {
    this.#options = options;
  }

  send(request: UpstreamRequest, receiver: AnswerReceiver): () => void {
    const handler = new DispatchHandler(receiver);
    this.#pool(request.origin).dispatch(
      {
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body,
        headersTimeout: request.headersTimeoutMs,
        bodyTimeout: request.idleTimeoutMs,
      },
      handler,
    );
    return () => handler.cancel();
  }

  /** Breaks whatever is still flowing. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  #pool(origin: string): Pool {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    if (this.#pools.size >= ORIGINS_MAX) throw new Error(`More than ${ORIGINS_MAX} upstream origins.`);
    const pool = new Pool(origin, {
      connections: this.#options.connectionsMax,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: ANSWER_HEADER_BYTES_MAX,
      connect: { timeout: this.#options.connectTimeoutMs, autoSelectFamily: true, noDelay: true },
    });
    this.#pools.set(origin, pool);
    return pool;
  }
}

/** One call: turns undici's events into those of the receiver, and tells what had left when it failed. */
class DispatchHandler implements Dispatcher.DispatchHandler {
  readonly #receiver: AnswerReceiver;
  #controller: Dispatcher.DispatchController | null = null;
  #cancelled = false;

  constructor(receiver: AnswerReceiver) {
    this.#receiver = receiver;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort(new Error('The call was cancelled.'));
  }

  /** Called when a connection is there and the request is about to be written to it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#cancelled) this.cancel();
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number): void {
    // 1xx are between Bedrock and us.
    if (this.#cancelled || statusCode < 200) return;
    this.#receiver.head(statusCode, textHeaders(controller.rawHeaders), controller);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#cancelled) this.#receiver.data(chunk);
  }

  onResponseEnd(): void {
    if (!this.#cancelled) this.#receiver.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#cancelled) this.#receiver.fail({ kind: this.#kindOf(error), cause: error });
  }

  #kindOf(error: Error): UpstreamFailure['kind'] {
    if (this.#controller === null) return 'unreachable';
    const timedOut = error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError;
    return timedOut ? 'timeout' : 'broken';
  }
}

/** undici keeps the header bytes as they came; latin1 gives every byte its character and back. */
function textHeaders(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const headers: string[] = [];
  if (!Array.isArray(raw)) return headers;
  for (const part of raw) headers.push(typeof part === 'string' ? part : part.toString('latin1'));
  return headers;
}
