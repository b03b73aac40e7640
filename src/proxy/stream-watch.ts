import { errorTypeOf, UNKNOWN_ERROR } from '../domain/aws/error-type.ts';
import { type Frame, FrameReader } from '../domain/aws/event-stream/frame-reader.ts';
import type { Operation } from '../domain/operations/operation.ts';
import type { StreamPace } from '../domain/sink-event.ts';
import type { AnswerListener } from './answer-listener.ts';

/** AWS's content type of event streams. */
const EVENT_STREAM = 'application/vnd.amazon.eventstream';

/** Watches an event stream go by, to know whether it may end here, whether a frame may be added, and how fast it came. */
export class StreamWatch implements StreamPace {
  readonly #reader: FrameReader;
  readonly #awaited: Set<string>;
  /** When the last whole frame was there. */
  #lastMs = 0;
  #longestPauseMs: number | null = null;
  #exception: string | null = null;

  /** @param listener is told of the same frames. */
  constructor(operation: Operation, listener: AnswerListener | null) {
    const awaited = new Set(operation.terminalEvents);
    this.#awaited = awaited;
    this.#reader = new FrameReader({
      onFrame: (frame) => {
        listener?.frame(frame);
        // After an exception nothing more is to be expected.
        if (frame.messageType === 'event') awaited.delete(frame.eventType ?? '');
        else {
          awaited.clear();
          this.#exception ??= exceptionIn(frame);
        }
      },
    });
  }

  /** @param nowMs when it came */
  push(chunk: Buffer, nowMs: number): void {
    const before = this.#reader.framesSeen;
    this.#reader.push(chunk);
    if (this.#reader.framesSeen === before) return;
    if (before > 0) this.#longestPauseMs = Math.max(this.#longestPauseMs ?? 0, nowMs - this.#lastMs);
    else if (this.#reader.framesSeen > 1) this.#longestPauseMs = 0;
    this.#lastMs = nowMs;
  }

  get chunks(): number {
    return this.#reader.framesSeen;
  }

  get longestPauseMs(): number | null {
    return this.#longestPauseMs;
  }

  /** Whether a client that reads to here can go on to read another frame. */
  get takesFrame(): boolean {
    return this.#reader.atFrameBoundary;
  }

  /** What Bedrock called the exception that it ended the stream by; null as long as there was none. */
  get exception(): string | null {
    return this.#exception;
  }

  /** Whether every frame so far could be read. */
  get isReadable(): boolean {
    return !this.#reader.corrupt;
  }

  /**
   * Whether an end here is the end of the answer. boto3 and the JavaScript SDK take any clean end for success, so an end
   * in the middle has to be made visible. A stream whose frames can't be read ends as Bedrock ended it.
   */
  get mayEnd(): boolean {
    if (this.#reader.corrupt) return true;
    return this.#reader.atFrameBoundary && this.#awaited.size === 0;
  }
}

/** Modelled exceptions have a type, all other errors a code. */
function exceptionIn({ exceptionType, headers }: Frame): string {
  const code = headers.get(':error-code');
  return errorTypeOf(exceptionType ?? (code?.type === 'string' ? code.value : undefined)) ?? UNKNOWN_ERROR;
}

export function isEventStream(contentType: string | undefined): boolean {
  return contentType?.toLowerCase().startsWith(EVENT_STREAM) === true;
}
