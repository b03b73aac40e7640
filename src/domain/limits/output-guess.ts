import type { Frame } from '../aws/event-stream/frame-reader.ts';
import type { Operation } from '../operations/operation.ts';
import { isObject, parseObject, textAt } from '../usage/json-shapes.ts';

/** English prose has some four bytes to a token, code three, other scripts fewer: the guess comes late, not early. */
const BYTES_PER_TOKEN = 4;

/** What models call the text they make, in `contentBlockDelta` and in the chunks of all families. */
const TEXT_MEMBERS: ReadonlySet<string> = new Set([
  'text',
  'input',
  'partial_json',
  'thinking',
  'outputText',
  'generation',
  'completion',
  'content',
  'arguments',
  'reasoning',
  'reasoning_content',
]);

/** Deeper than any family puts its text. */
const DEPTH_MAX = 6;

const TEXT_STREAMS: ReadonlySet<string> = new Set(['ConverseStream', 'InvokeModelWithResponseStream']);

/** Whether an operation answers with the text of a model piece by piece. */
export function isTextStream({ service, name }: Pick<Operation, 'service' | 'name'>): boolean {
  return service === 'bedrock-runtime' && TEXT_STREAMS.has(name);
}

/**
 * Guesses from the side how many tokens a stream has had so far: one for each piece of text at least, and one for every
 * four bytes. Bedrock says the true number at the end alone, and thinking that it does not show is in none of this. Never
 * throws.
 */
export class OutputGuess {
  #pieces = 0;
  #bytes = 0;

  get tokens(): number {
    return Math.max(this.#pieces, Math.floor(this.#bytes / BYTES_PER_TOKEN));
  }

  frame({ messageType, eventType, payload }: Frame): void {
    if (messageType !== 'event' || payload === null) return;
    if (eventType !== 'contentBlockDelta' && eventType !== 'chunk') return;
    const event = parseObject(payload.toString('utf8'));
    const bytes = textBytes(eventType === 'chunk' ? chunkOf(event) : event, 0);
    if (bytes === 0) return;
    this.#pieces += 1;
    this.#bytes += bytes;
  }

  push(): void {
    // No event stream: nothing of it is text that is made piece by piece.
  }
}

function chunkOf(event: unknown): unknown {
  return parseObject(Buffer.from(textAt(event, 'bytes') ?? '', 'base64').toString('utf8'));
}

function textBytes(value: unknown, depth: number): number {
  if (depth > DEPTH_MAX) return 0;
  let bytes = 0;
  if (Array.isArray(value)) {
    for (const item of value) bytes += textBytes(item, depth + 1);
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      // Cohere's last event has all of the answer once more.
      if (name === 'response') continue;
      if (typeof member !== 'string') bytes += textBytes(member, depth + 1);
      else if (TEXT_MEMBERS.has(name)) bytes += Buffer.byteLength(member);
    }
  }
  return bytes;
}
