import type { Frame } from '../domain/aws/event-stream/frame-reader.ts';
import type { ContentReader } from '../domain/content/content-reader.ts';
import type { UsageReader } from '../domain/usage/usage-reader.ts';

/** Who learns from an answer as it goes by: frames of an event stream, pieces of anything else. Never throws. */
export interface AnswerListener {
  frame(frame: Frame): void;
  push(chunk: Buffer): void;
}

/** Nearly always there is one at most. */
export function listenersOf(usage: UsageReader | null, content: ContentReader | null): AnswerListener | null {
  if (usage === null || content === null) return usage ?? content;
  return {
    frame: (frame) => {
      usage.frame(frame);
      content.frame(frame);
    },
    push: (chunk) => {
      usage.push(chunk);
      content.push(chunk);
    },
  };
}
