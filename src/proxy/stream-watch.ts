import { FrameReader } from '../domain/aws/event-stream/frame-reader.ts';
import type { Operation } from '../domain/operations/operation.ts';
import type { AnswerListener } from './answer-listener.ts';

/** AWS's content type of event streams. */
const EVENT_STREAM = 'application/vnd.amazon.eventstream';

/** Watches an event stream go by, to know whether it may end here and whether a frame may be added. */
export class StreamWatch {
  readonly #reader: FrameReader;
  readonly #awaited: Set<string>;

  /** @param listener is told of the same frames. */
  constructor(operation: Operation, listener: AnswerListener | null) {
    const awaited = new Set(operation.terminalEvents);
    this.#awaited = awaited;
    this.#reader = new FrameReader({
      onFrame: (frame) => {
        listener?.frame(frame);
        // After an exception nothing more is to be expected.
        if (frame.messageType === 'event') awaited.delete(frame.eventType ?? '');
        else awaited.clear();
      },
    });
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  /** Whether a client that reads to here can go on to read another frame. */
  get takesFrame(): boolean {
    return this.#reader.atFrameBoundary;
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

export function isEventStream(contentType: string | undefined): boolean {
  return contentType?.toLowerCase().startsWith(EVENT_STREAM) === true;
}
