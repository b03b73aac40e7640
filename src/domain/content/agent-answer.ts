import { listAt, objectAt, textAt, type JsonObject } from '../usage/json-shapes.ts';
import { Pieces, type StreamAnswer } from './stream-answer.ts';
import type { StreamRoom } from './stream-room.ts';

/**
 * InvokeAgent and InvokeInlineAgent: the text of the completion in one piece, and after it what else was said.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvokeAgent.html
 */
export class AgentAnswer implements StreamAnswer {
  readonly #room: StreamRoom;
  readonly #completion = new Pieces();
  readonly #citations: unknown[] = [];
  readonly #traces: JsonObject[] = [];
  readonly #others = new Map<string, JsonObject[]>();

  constructor(room: StreamRoom) {
    this.#room = room;
  }

  take(type: string, event: JsonObject, chars: number): void {
    if (type === 'chunk') {
      const bytes = Buffer.from(textAt(event, 'bytes') ?? '', 'base64');
      this.#completion.add(this.#room.take(bytes.toString('utf8')));
      const citations = listAt(event, 'attribution', 'citations');
      if (citations.length > 0) this.#citations.push(...(this.#room.takeWhole(citations, chars) ?? []));
      return;
    }
    const kept = this.#room.takeWhole(type === 'trace' ? objectAt(event, 'trace') : event, chars);
    if (kept === null) return;
    if (type === 'trace') this.#traces.push(kept);
    else this.#othersOf(type).push(kept);
  }

  #othersOf(type: string): JsonObject[] {
    const known = this.#others.get(type);
    if (known !== undefined) return known;
    const others: JsonObject[] = [];
    this.#others.set(type, others);
    return others;
  }

  whole(): object {
    return {
      completion: this.#completion.text ?? '',
      ...(this.#citations.length === 0 ? {} : { citations: this.#citations }),
      ...Object.fromEntries(this.#others),
      ...(this.#traces.length === 0 ? {} : { traces: this.#traces }),
    };
  }
}
