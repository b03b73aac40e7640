import { parseObject, textAt, type JsonObject } from '../usage/json-shapes.ts';
import { AnthropicAnswer } from './anthropic-answer.ts';
import { ConverseAnswer } from './converse-answer.ts';
import { ChunkedText } from './other-answers.ts';
import type { StreamAnswer } from './stream-answer.ts';
import type { StreamRoom } from './stream-room.ts';

/** What Nova's chunks are named by their only member; `p` pads them. */
const NOVA_EVENTS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'messageStop', 'metadata'];

/**
 * InvokeModelWithResponseStream: each `chunk` has a piece of the model's own answer in base64. Which family answers is told
 * by the first piece, for a name of a model need not tell (an inference profile's does not).
 */
export class ModelChunks implements StreamAnswer {
  readonly #room: StreamRoom;
  #answer: StreamAnswer | null = null;

  constructor(room: StreamRoom) {
    this.#room = room;
  }

  take(type: string, event: JsonObject): void {
    const text = Buffer.from(textAt(event, 'bytes') ?? '', 'base64').toString('utf8');
    const chunk = type === 'chunk' ? parseObject(text) : null;
    if (chunk === null) return;
    this.#answer ??= this.#answerFor(chunk);
    const novaEvent = NOVA_EVENTS.find((name) => name in chunk);
    if (novaEvent === undefined) this.#answer.take(textAt(chunk, 'type') ?? 'chunk', chunk, text.length);
    else this.#answer.take(novaEvent, objectOf(chunk[novaEvent]), text.length);
  }

  whole(): object {
    return this.#answer?.whole() ?? {};
  }

  #answerFor(chunk: JsonObject): StreamAnswer {
    if (NOVA_EVENTS.some((name) => name in chunk)) return new ConverseAnswer(this.#room);
    const isAnthropic = chunk['type'] === 'message_start' || chunk['type'] === 'ping';
    return isAnthropic ? new AnthropicAnswer(this.#room) : new ChunkedText(this.#room);
  }
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
