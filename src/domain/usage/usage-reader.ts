import type { Frame } from '../aws/event-stream/frame-reader.ts';
import type { Usage } from './usage.ts';

/**
 * Learns from an answer what a call used, from the side: it delays and changes nothing, and never throws.
 *
 * An event stream is given frame by frame (one FrameReader serves this and whoever else watches the stream), anything
 * else chunk by chunk. Of a stream nothing is held but numbers, of another answer at most some 256 KiB.
 */
export interface UsageReader {
  /** One frame of an event stream, in order. Its payload is looked at only where its type is one that tells of usage. */
  frame(frame: Frame): void;
  /** A piece of an answer that is no event stream. */
  push(chunk: Buffer): void;
  /** @param complete whether the answer came to its end, as far as the transport knows. Call it once. */
  end(complete: boolean): Usage;
}

/** Whose usage does not depend on what the answer says. */
export function fixedReader(usage: Usage): UsageReader {
  return { frame: () => undefined, push: () => undefined, end: () => usage };
}
