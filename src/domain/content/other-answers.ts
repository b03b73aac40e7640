import { at, listAt, objectAt, textAt, type JsonObject } from '../usage/json-shapes.ts';
import { Pieces, type StreamAnswer } from './stream-answer.ts';
import type { StreamRoom } from './stream-room.ts';

/** A stream of which nothing is known: its events one after the other. */
export class EventList implements StreamAnswer {
  readonly #room: StreamRoom;
  readonly #events: JsonObject[] = [];

  constructor(room: StreamRoom) {
    this.#room = room;
  }

  take(type: string, event: JsonObject, chars: number): void {
    const kept = this.#room.takeWhole(event, chars);
    if (kept !== null) this.#events.push({ [type]: kept });
  }

  whole(): object {
    return { events: this.#events };
  }
}

/** RetrieveAndGenerateStream: the text of the answer in one piece, as RetrieveAndGenerate has it. */
export class GeneratedAnswer implements StreamAnswer {
  readonly #room: StreamRoom;
  readonly #text = new Pieces();
  readonly #others: EventList;

  constructor(room: StreamRoom) {
    this.#room = room;
    this.#others = new EventList(room);
  }

  take(type: string, event: JsonObject, chars: number): void {
    if (type === 'output') this.#text.add(this.#room.take(textAt(event, 'text') ?? ''));
    else this.#others.take(type, event, chars);
  }

  whole(): object {
    return { output: { text: this.#text.text ?? '' }, ...this.#others.whole() };
  }
}

/**
 * Chunks of the models that write neither as Anthropic nor as Nova: Titan, Llama, Cohere, Mistral, those with OpenAI's
 * chunks. Their text in one piece, and the last chunk, which has the counts and why it ended.
 */
export class ChunkedText implements StreamAnswer {
  readonly #room: StreamRoom;
  readonly #text = new Pieces();
  #last: JsonObject | null = null;
  #lastChars = 0;

  constructor(room: StreamRoom) {
    this.#room = room;
  }

  take(_type: string, chunk: JsonObject, chars: number): void {
    this.#text.add(this.#room.take(textOf(chunk)));
    this.#last = chunk;
    this.#lastChars = chars;
  }

  whole(): object {
    return { text: this.#text.text ?? '', lastChunk: this.#room.takeWhole(this.#last, this.#lastChars) ?? undefined };
  }
}

function textOf(chunk: JsonObject): string {
  const output = listAt(chunk, 'outputs')[0];
  const choice = listAt(chunk, 'choices')[0];
  const said = [
    chunk['outputText'],
    chunk['generation'],
    chunk['completion'],
    at(output, 'text'),
    at(choice, 'text'),
    at(choice, 'delta', 'content'),
    at(choice, 'message', 'content'),
    at(objectAt(chunk, 'delta'), 'message', 'content', 'text'),
    chunk['text'],
  ].find((text) => typeof text === 'string');
  return typeof said === 'string' ? said : '';
}
