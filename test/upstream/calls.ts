import assert from 'node:assert/strict';
import type { AnswerFlow, AnswerReceiver, UpstreamFailure, UpstreamRequest } from '../../src/ports.ts';
import { Http1Upstream, type Http1UpstreamOptions } from '../../src/upstream/http1-upstream.ts';

const CLOCK = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };
/** Where a test is not about time, none passes. */
const LONG_MS = 60_000;

type Ask = Pick<UpstreamRequest, 'origin'> & Partial<UpstreamRequest>;
/** What a receiver does beside taking notes. */
type Habits = { readonly [K in keyof AnswerReceiver]?: (call: RecordedCall) => void };

type Heard = 'head' | 'data' | 'end' | 'fail';

/** A call and everything its receiver heard. */
export class RecordedCall implements AnswerReceiver {
  /** In the order heard; pieces of the body that follow each other are one `data`. */
  readonly heard: Heard[] = [];
  /** After it was cancelled, when there is nothing to be heard any more. */
  readonly heardLate: Heard[] = [];
  status = 0;
  headers: readonly string[] = [];
  bodyBytes = 0;
  failure: UpstreamFailure | null = null;
  flow: AnswerFlow | null = null;
  cancelled = false;
  /** Resolves when the receiver hears the end, or hears that there is none. */
  readonly over: Promise<void>;
  readonly #pieces: Buffer[] = [];
  readonly #habits: Habits;
  #resolveOver: () => void = () => undefined;
  #cancel: () => void = () => undefined;

  constructor(habits: Habits) {
    this.#habits = habits;
    this.over = new Promise((resolve) => (this.#resolveOver = resolve));
  }

  sent(cancel: () => void): this {
    this.#cancel = cancel;
    return this;
  }

  get body(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** How it ended; null while it has not. */
  get ending(): 'end' | UpstreamFailure['kind'] | null {
    if (this.failure !== null) return this.failure.kind;
    return this.heard.includes('end') ? 'end' : null;
  }

  cancel(): void {
    this.cancelled = true;
    this.#cancel();
  }

  head(status: number, headers: readonly string[], flow: AnswerFlow): void {
    this.#hear('head');
    this.status = status;
    this.headers = headers;
    this.flow = flow;
    this.#habits.head?.(this);
  }

  data(chunk: Buffer): void {
    if (this.cancelled || this.heard.at(-1) !== 'data') this.#hear('data');
    this.#pieces.push(chunk);
    this.bodyBytes += chunk.length;
    this.#habits.data?.(this);
  }

  end(): void {
    this.#hear('end');
    this.#resolveOver();
    this.#habits.end?.(this);
  }

  fail(failure: UpstreamFailure): void {
    this.#hear('fail');
    this.failure = failure;
    this.#resolveOver();
    this.#habits.fail?.(this);
  }

  #hear(event: Heard): void {
    (this.cancelled ? this.heardLate : this.heard).push(event);
  }

  /** A head, then data, then the one ending there is; nothing behind it. */
  assertSound(throwsAtEnd: boolean): void {
    const story = this.heard.join(' ');
    assert.deepEqual(this.heardLate, [], 'a cancelled call hears nothing more');
    if (this.cancelled) assert.match(story, /^(?:head(?: data)?)?(?: ?(?:end|fail))?$/);
    else if (throwsAtEnd) assert.match(story, /^head(?: data)? end fail$/);
    else assert.match(story, /^(?:head(?: data)? end|(?:head(?: data)? )?fail)$/);
  }
}

/** A client of ours and all the calls it was given. */
export class Calls {
  readonly upstream: Http1Upstream;
  readonly all: RecordedCall[] = [];

  constructor(options: Partial<Http1UpstreamOptions> = {}) {
    this.upstream = new Http1Upstream({ connectionsMax: 8, connectTimeoutMs: LONG_MS, clock: CLOCK, ...options });
  }

  send(ask: Ask, habits: Habits = {}): RecordedCall {
    const call = new RecordedCall(habits);
    const request: UpstreamRequest = {
      method: 'POST',
      path: '/',
      headers: ['host', 'server'],
      body: null,
      headersTimeoutMs: LONG_MS,
      idleTimeoutMs: LONG_MS,
      ...ask,
    };
    call.sent(this.upstream.send(request, call));
    this.all.push(call);
    return call;
  }

  /** Sends and waits for the end. */
  async whole(ask: Ask): Promise<RecordedCall> {
    const call = this.send(ask);
    await call.over;
    return call;
  }

  /** Ends what still runs. Every call must have ended exactly once. */
  async close(throwAtEnd: readonly RecordedCall[] = []): Promise<void> {
    this.upstream.destroy();
    for (const call of this.all) if (!call.cancelled) await call.over;
    // What is told once too often is told by then.
    await new Promise((resolve) => setImmediate(resolve));
    for (const call of this.all) call.assertSound(throwAtEnd.includes(call));
  }
}
