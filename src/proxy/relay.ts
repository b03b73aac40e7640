import { encodeExceptionFrame } from '../domain/aws/event-stream/frame-writer.ts';
import { insteadOfQuotedSignature } from '../domain/aws/signature-refused.ts';
import { errorTypeOf } from '../domain/aws/error-type.ts';
import type { Refusal } from '../domain/errors.ts';
import { inboundHeaders, rawHeader } from '../domain/headers.ts';
import type { Operation } from '../domain/operations/operation.ts';
import { createUsageReader } from '../domain/usage/create-usage-reader.ts';
import type { UsageReader } from '../domain/usage/usage-reader.ts';
import { type AnswerListener, listenersOf } from './answer-listener.ts';
import type { AnswerFlow, AnswerReceiver, Exchange, UpstreamFailure, UpstreamRequest } from '../ports.ts';
import { releaseBody } from './call-lifetime.ts';
import type { Call } from './call.ts';
import { ClientGone } from './client-gone.ts';
import { EarlyEnd } from './early-end.ts';
import { keepContent } from './kept-content.ts';
import { costHeaders, limitHeaders } from './metering-headers.ts';
import type { Proxy } from './proxy.ts';
import { settle, settleSoon } from './settle.ts';
import { isEventStream, StreamWatch } from './stream-watch.ts';
import { CUT_MESSAGE, refusalOf } from './upstream-failure.ts';

/**
 * Sends a request and lets the answer flow to the client, byte for byte and no faster than the client takes it.
 * Settles when nothing more will happen to the exchange.
 * @throws ClientGone before anything is sent; Refusal upstreamUnreachable, upstreamTimeout or upstreamBroken while the client has got no byte of an answer
 */
export function relay(
  exchange: Exchange,
  call: Call,
  operation: Operation,
  request: UpstreamRequest,
  proxy: Proxy,
): Promise<void> {
  if (exchange.gone) return Promise.reject(new ClientGone());
  return new Promise((resolve, reject) => {
    const answer = new RelayedAnswer(exchange, call, operation, proxy, resolve, reject);
    if (call.metered !== null) call.metered.sent = true;
    call.targetOrigin = request.origin;
    answer.cancelUpstream = proxy.upstream.send(request, answer);
  });
}

/**
 * A short answer of known length is held until it is whole: it leaves in one write, and when Bedrock breaks off in the
 * middle of it the client can still be told by a refusal that nobody repeats. boto3 sends a request whose answer is cut
 * five times, and each time may be billed.
 */
const HELD_BYTES_MAX = 64 * 1024;

interface HeldAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly chunks: Buffer[];
}

class RelayedAnswer implements AnswerReceiver {
  readonly #exchange: Exchange;
  readonly #call: Call;
  readonly #operation: Operation;
  readonly #proxy: Proxy;
  readonly #resolve: () => void;
  readonly #reject: (refusal: Refusal) => void;
  cancelUpstream: () => void = () => undefined;
  #flow: AnswerFlow | null = null;
  #watch: StreamWatch | null = null;
  #listener: AnswerListener | null = null;
  #held: HeldAnswer | null = null;
  /** The body of an answer whose own nobody may see. */
  #instead: Buffer | null = null;
  /** Of an answer of known length that is not held, what has not come yet. */
  #bytesToCome = Infinity;
  /** The end of such an answer: who gets it has the answer whole, so it waits until that is written down. */
  #last: Buffer | undefined;
  readonly #earlyEnd: EarlyEnd;
  #clientGone = false;
  #awaitsDrain = false;
  #upstreamOver = false;
  #over = false;
  #stallTimer: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(
    exchange: Exchange,
    call: Call,
    operation: Operation,
    proxy: Proxy,
    resolve: () => void,
    reject: (refusal: Refusal) => void,
  ) {
    this.#exchange = exchange;
    this.#call = call;
    this.#operation = operation;
    this.#proxy = proxy;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#earlyEnd = new EarlyEnd(call, proxy);
    exchange.onGone(() => this.#clientLeft());
  }

  head(status: number, received: readonly string[], flow: AnswerFlow): void {
    this.#flow = flow;
    const withheld = insteadOfQuotedSignature(status, received);
    this.#instead = withheld?.body ?? null;
    const headers = withheld?.headers ?? received;
    const call = this.#call;
    call.status = status;
    call.firstByteMs = this.#proxy.clock.elapsedMs() - call.startedMs;
    call.awsRequestId = rawHeader(headers, 'x-amzn-requestid') ?? null;
    if (status >= 400) call.awsErrorType = errorTypeOf(rawHeader(headers, 'x-amzn-errortype'));
    const streams = isEventStream(rawHeader(headers, 'content-type'));
    const usage = readUsage(call, status, headers);
    this.#listener = listenersOf(usage, keepContent(call, status, this.#proxy), this.#earlyEnd.listener);
    if (streams) call.pace = this.#watch = new StreamWatch(this.#operation, this.#listener);
    releaseBody(call, this.#proxy);
    if (this.#clientGone) return;
    // An event stream that came with a length could not take an exception frame at its end: it goes out chunked.
    const passed = inboundHeaders(headers, streams);
    passed.push('x-outcrop-request-id', call.id, ...limitHeaders(call, this.#proxy));
    const length = streams ? NaN : Number(rawHeader(headers, 'content-length'));
    if (length <= HELD_BYTES_MAX) {
      this.#held = { status, headers: passed, chunks: [] };
      return;
    }
    if (length > 0) this.#bytesToCome = length;
    this.#exchange.startAnswer(status, passed);
  }

  data(chunk: Buffer): void {
    if (this.#instead === null) this.#take(chunk);
  }

  #take(chunk: Buffer): void {
    this.#call.responseBytes += chunk.length;
    if (this.#watch === null) this.#listener?.push(chunk);
    else this.#watch.push(chunk, this.#proxy.clock.elapsedMs());
    if (this.#clientGone) return;
    if (this.#held !== null) {
      this.#held.chunks.push(chunk);
      return;
    }
    this.#bytesToCome -= chunk.length;
    if (this.#bytesToCome <= 0) {
      this.#last = chunk;
      return;
    }
    const takesMore = this.#exchange.write(chunk);
    const reason = this.#watch?.takesFrame === true ? this.#earlyEnd.reason : null;
    if (reason !== null) {
      this.#endEarly(reason);
      return;
    }
    if (takesMore) return;
    if (!this.#awaitsDrain) {
      this.#awaitsDrain = true;
      this.#exchange.onDrain(() => this.#resume());
    }
    this.#flow?.pause();
    this.#breakWhenStalled();
  }

  end(): void {
    if (this.#instead !== null) this.#take(this.#instead);
    this.#upstreamOver = true;
    if (this.#watch?.mayEnd === false) {
      this.#cutShort('Bedrock ended the stream before its last event.', null);
      return;
    }
    const exception = this.#exception();
    // Of a stream that can't be read nobody knows what it has not said, nor of one that an exception ended.
    const isWhole = this.#watch?.isReadable !== false && exception === null;
    if (this.#clientGone) {
      settle(this.#call, 'abandoned', isWhole, this.#proxy);
      this.#finish('abandoned');
      return;
    }
    const outcome = exception === null ? 'completed' : 'broken';
    const written = settleSoon(this.#call, outcome, isWhole, this.#proxy);
    if (written === null) this.#sendEnd(outcome);
    else void written.then(() => this.#sendEnd(outcome));
  }

  /** Bedrock's own word that the stream has failed. The client has got it like any other event. */
  #exception(): string | null {
    const exception = this.#watch?.exception ?? null;
    if (exception === null) return null;
    this.#call.awsErrorType = exception;
    this.#call.fault ??= `Bedrock ended the stream by ${exception}.`;
    return exception;
  }

  /** What came of the call is written down: its answer may end. */
  #sendEnd(outcome: 'completed' | 'broken'): void {
    if (this.#over) return;
    if (this.#held !== null) {
      this.#exchange.startAnswer(this.#held.status, [...this.#held.headers, ...costHeaders(this.#call)]);
    }
    const last = this.#held === null ? this.#last : joined(this.#held.chunks);
    this.#exchange.endAnswer(() => this.#finish(outcome), last);
    // What the client has not taken yet stays within the write-stall bound.
    if (!this.#over && !this.#exchange.flushed) this.#breakWhenStalled();
  }

  fail(failure: UpstreamFailure): void {
    this.#upstreamOver = true;
    const { metered } = this.#call;
    if (metered !== null && failure.kind === 'unreachable') metered.sent = false;
    if (this.#clientGone) {
      this.#call.fault = failure.cause;
      settle(this.#call, 'abandoned', false, this.#proxy);
      this.#finish('abandoned');
      return;
    }
    if (!this.#exchange.answered) {
      this.#over = true;
      this.#clearTimers();
      this.#reject(refusalOf(failure));
      return;
    }
    this.#cutShort(CUT_MESSAGE[failure.kind], failure.cause);
  }

  /**
   * Ends an answer that has begun and can't be completed, so that nobody takes it for complete: by an exception frame
   * where one can be read, then in any case by breaking the connection.
   */
  #cutShort(message: string, cause: unknown): void {
    this.#call.fault = cause ?? message;
    settle(this.#call, this.#clientGone ? 'abandoned' : 'broken', false, this.#proxy);
    if (this.#clientGone) {
      this.#finish('abandoned');
      return;
    }
    const breakOff = (): void => {
      this.#exchange.break();
      this.#finish('broken');
    };
    if (this.#watch?.takesFrame !== true) {
      breakOff();
      return;
    }
    // Breaking before the frame has been flushed would take it along. The stall timer covers a client that never reads.
    this.#breakWhenStalled();
    const exception =
      this.#operation.service === 'bedrock-runtime' ? 'modelStreamErrorException' : 'internalServerException';
    this.#exchange.write(encodeExceptionFrame(exception, message), breakOff);
  }

  /** The client is told by an exception that its SDK knows; what Bedrock says further is read like that of a client that left. */
  #endEarly(message: string): void {
    this.#call.fault = message;
    this.#clientLeft();
    this.#exchange.write(encodeExceptionFrame('throttlingException', message), () => {
      clearTimeout(this.#stallTimer);
      this.#exchange.break();
    });
    this.#breakWhenStalled();
  }

  /** Bedrock bills an answer to its end even if nobody reads it, so what it says is read, if the operator wants it. */
  #clientLeft(): void {
    if (this.#over || this.#clientGone) return;
    this.#clientGone = true;
    clearTimeout(this.#stallTimer);
    if (this.#upstreamOver) {
      this.#finish('abandoned');
      return;
    }
    const { options, drains } = this.#proxy;
    if (options.onClientAbort === 'cancel' || !drains.take(1)) {
      this.#cancel();
      return;
    }
    this.#drainTimer = setTimeout(() => this.#cancel(), options.drainSecondsMax * 1000);
    this.#flow?.resume();
  }

  #cancel(): void {
    this.cancelUpstream();
    this.#finish('abandoned');
  }

  #resume(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#flow?.resume();
  }

  #breakWhenStalled(): void {
    this.#stallTimer ??= setTimeout(() => {
      this.#call.fault = 'The client took no byte of its answer for too long.';
      this.#exchange.break();
      this.cancelUpstream();
      this.#finish('broken');
    }, this.#proxy.options.writeStallMs);
  }

  #finish(outcome: 'completed' | 'broken' | 'abandoned'): void {
    if (this.#over) return;
    this.#over = true;
    this.#clearTimers();
    this.#call.outcome = outcome;
    this.#resolve();
  }

  #clearTimers(): void {
    clearTimeout(this.#stallTimer);
    if (this.#drainTimer !== undefined) {
      clearTimeout(this.#drainTimer);
      this.#proxy.drains.give(1);
    }
  }
}

/** Who reads what the call used, from Bedrock's own answer. */
function readUsage({ metered }: Call, status: number, headers: readonly string[]): UsageReader | null {
  if (metered === null) return null;
  return (metered.reader = createUsageReader(metered.request, status, headers));
}

function joined(chunks: readonly Buffer[]): Buffer | undefined {
  return chunks.length > 1 ? Buffer.concat(chunks) : chunks[0];
}
