import type { Frame } from '../aws/event-stream/frame-reader.ts';
import { JsonOutline } from './json-outline.ts';
import type { OutlinePlan } from './json-outline.ts';
import type { UsageReader } from './usage-reader.ts';
import type { Usage } from './usage.ts';

/** Reads an answer that is one JSON object. */
export class ObjectReader implements UsageReader {
  readonly #outline: JsonOutline;
  readonly #read: (answer: JsonOutline, complete: boolean) => Usage;

  /** @param read `complete` is false when the answer was cut or something of it could not be kept. */
  constructor(plan: OutlinePlan, read: (answer: JsonOutline, complete: boolean) => Usage) {
    this.#outline = new JsonOutline(plan);
    this.#read = read;
  }

  frame(): void {
    // An event stream where none is expected says nothing.
  }

  push(chunk: Buffer): void {
    this.#outline.push(chunk);
  }

  end(complete: boolean): Usage {
    return this.#read(this.#outline, complete && !this.#outline.incomplete);
  }
}

/** Reads those events of a stream that tell of usage: they are all of one type. */
export class EventReader implements UsageReader {
  readonly #eventType: string;
  readonly #take: (payload: Buffer) => void;
  readonly #finish: (complete: boolean) => Usage;
  #isBroken = false;

  /** @param finish `complete` is false when the stream was cut, ended by an exception, or had a telling event too long to read. */
  constructor(eventType: string, take: (payload: Buffer) => void, finish: (complete: boolean) => Usage) {
    this.#eventType = eventType;
    this.#take = take;
    this.#finish = finish;
  }

  frame({ messageType, eventType, payload }: Frame): void {
    if (messageType === 'event' && eventType !== this.#eventType) return;
    if (messageType !== 'event' || payload === null) this.#isBroken = true;
    else this.#take(payload);
  }

  push(): void {
    // Not an event stream, where one is expected: says nothing.
  }

  end(complete: boolean): Usage {
    return this.#finish(complete && !this.#isBroken);
  }
}

/** A plan for an answer of which a few members matter. */
export function planOf(...members: readonly string[]): OutlinePlan {
  return { members: new Set(members), counted: new Set(), opened: new Set() };
}
