import type { Frame } from '../domain/aws/event-stream/frame-reader.ts';

/** Who learns from an answer as it goes by: frames of an event stream, pieces of anything else. Never throws. */
export interface AnswerListener {
  frame(frame: Frame): void;
  push(chunk: Buffer): void;
}

/** Nearly always there is one at most. */
export function listenersOf(...all: readonly (AnswerListener | null)[]): AnswerListener | null {
  const [first = null, ...others] = all.filter((listener) => listener !== null);
  if (others.length === 0) return first;
  const next = listenersOf(...others);
  return {
    frame: (frame) => {
      first?.frame(frame);
      next?.frame(frame);
    },
    push: (chunk) => {
      first?.push(chunk);
      next?.push(chunk);
    },
  };
}
