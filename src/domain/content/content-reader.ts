import type { Frame } from '../aws/event-stream/frame-reader.ts';
import { parseObject, textAt } from '../usage/json-shapes.ts';
import { AgentAnswer } from './agent-answer.ts';
import { BodyText, type ContentOptions } from './body-text.ts';
import { ConverseAnswer } from './converse-answer.ts';
import { JsonText } from './json-text.ts';
import { ModelChunks } from './model-chunks.ts';
import { EventList, GeneratedAnswer } from './other-answers.ts';
import { MATCH_CHARS_BEHIND_CUT } from './redaction.ts';
import type { StreamAnswer } from './stream-answer.ts';
import { StreamRoom } from './stream-room.ts';

/**
 * Keeps of an answer what people want to read, from the side: it delays and changes nothing, holds not much more than
 * its bound, and never throws. It is given what a `UsageReader` is given.
 */
export interface ContentReader {
  /** One frame of an event stream, in order. */
  frame(frame: Frame): void;
  /** A piece of an answer that is no event stream. */
  push(chunk: Buffer): void;
  /** What was said so far, also when it was cut: JSON in most cases. Null where nothing was. Call it once. */
  end(): string | null;
}

const STREAMS: ReadonlyMap<string, (room: StreamRoom) => StreamAnswer> = new Map<
  string,
  (room: StreamRoom) => StreamAnswer
>([
  ['bedrock-runtime:ConverseStream', (room) => new ConverseAnswer(room)],
  ['bedrock-runtime:InvokeModelWithResponseStream', (room) => new ModelChunks(room)],
  ['bedrock-agent-runtime:InvokeAgent', (room) => new AgentAnswer(room)],
  ['bedrock-agent-runtime:InvokeInlineAgent', (room) => new AgentAnswer(room)],
  ['bedrock-agent-runtime:RetrieveAndGenerateStream', (room) => new GeneratedAnswer(room)],
  ['bedrock-agentcore:InvokeHarness', (room) => new ConverseAnswer(room)],
]);

/** @param operation `service:Name`, as `Operation.qualifiedName` has it */
export function createContentReader(operation: string, options: ContentOptions): ContentReader {
  return new AnswerText(operation, options);
}

/**
 * A request as text for people; null where it has no body. Takes 20 µs for a short one, and 5 ms for each MB of images: who
 * does not want to wait so long gives the body to a `BodyText` in pieces.
 * @param isDoubtful whether it may be something else than it seems: what only begins like JSON is then called what it is,
 *   and not written down, since nobody can tell in it what must not be
 */
export function requestContent(body: Uint8Array, options: ContentOptions, isDoubtful: boolean): string | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (isDoubtful && bytes.length <= DOUBTED_BYTES_MAX && isBrokenJson(bytes.toString('utf8'))) {
    return JSON.stringify({ _notJson: true, bytes: bytes.length });
  }
  const text = new BodyText(options);
  text.push(bytes);
  return text.end();
}

/** Parsing this much takes some milliseconds. */
const DOUBTED_BYTES_MAX = 1024 * 1024;

function isBrokenJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

class AnswerText implements ContentReader {
  readonly #operation: string;
  readonly #options: ContentOptions;
  readonly #room: StreamRoom;
  readonly #body: BodyText;
  #stream: StreamAnswer | null = null;
  #exception: object | undefined;
  #framesTooLong = 0;

  constructor(operation: string, options: ContentOptions) {
    this.#operation = operation;
    this.#options = options;
    this.#room = new StreamRoom(options.bytesMax + MATCH_CHARS_BEHIND_CUT);
    this.#body = new BodyText(options);
  }

  frame({ messageType, eventType, exceptionType, payload }: Frame): void {
    this.#stream ??= (STREAMS.get(this.#operation) ?? ((room) => new EventList(room)))(this.#room);
    if (payload === null) {
      this.#framesTooLong += 1;
      return;
    }
    const event = parseObject(payload.toString('utf8'));
    if (messageType !== 'event') {
      const message = textAt(event, 'message') ?? textAt(event, 'Message') ?? undefined;
      this.#exception = { type: exceptionType ?? messageType, message };
    } else if (event !== null) {
      this.#stream.take(eventType ?? '', event, payload.length);
    }
  }

  push(chunk: Buffer): void {
    this.#body.push(chunk);
  }

  end(): string | null {
    if (this.#stream === null) return this.#body.end();
    const answer = {
      ...this.#stream.whole(),
      exception: this.#exception,
      _eventsTooLong: this.#framesTooLong === 0 ? undefined : this.#framesTooLong,
      _truncated: this.#room.isFull ? true : undefined,
    };
    const text = new JsonText(this.#options.bytesMax, this.#options.redaction);
    text.push(Buffer.from(JSON.stringify(answer)));
    return text.end();
  }
}
