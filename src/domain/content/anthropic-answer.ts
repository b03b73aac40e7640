import { countAt, listAt, objectAt, textAt, type JsonObject } from '../usage/json-shapes.ts';
import { Pieces, type StreamAnswer } from './stream-answer.ts';
import type { StreamRoom } from './stream-room.ts';

/** More content blocks than any answer has; the deltas of others are left out. */
const BLOCKS_MAX = 1024;

interface Block {
  /** As it began: its type, and what tools are called. */
  readonly start: JsonObject;
  readonly text: Pieces;
  readonly thinking: Pieces;
  readonly input: Pieces;
  signature: string | undefined;
  readonly citations: JsonObject[];
}

/**
 * The events of Anthropic's Messages API as the one message that they are pieces of.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
export class AnthropicAnswer implements StreamAnswer {
  readonly #room: StreamRoom;
  readonly #blocks = new Map<number, Block>();
  #message: JsonObject = {};
  #end: JsonObject = {};
  #usage: JsonObject = {};
  #metrics: JsonObject | null = null;

  constructor(room: StreamRoom) {
    this.#room = room;
  }

  take(type: string, event: JsonObject, chars: number): void {
    switch (type) {
      case 'message_start':
        this.#message = this.#room.takeWhole(objectAt(event, 'message') ?? {}, chars) ?? {};
        this.#usage = objectAt(this.#message, 'usage') ?? {};
        break;
      case 'content_block_start':
        this.#start(event, chars);
        break;
      case 'content_block_delta':
        this.#delta(countAt(event, 'index') ?? 0, objectAt(event, 'delta') ?? {}, chars);
        break;
      case 'message_delta':
        this.#end = this.#room.takeWhole(objectAt(event, 'delta') ?? {}, chars) ?? {};
        this.#usage = { ...this.#usage, ...objectAt(event, 'usage') };
        break;
      case 'message_stop':
        this.#metrics = objectAt(event, 'amazon-bedrock-invocationMetrics');
        break;
      default:
    }
  }

  whole(): object {
    const blocks = [...this.#blocks].sort(([one], [other]) => one - other);
    return {
      ...this.#message,
      content: [...listAt(this.#message, 'content'), ...blocks.map(([, block]) => contentOf(block))],
      ...this.#end,
      usage: this.#usage,
      ...(this.#metrics === null ? {} : { 'amazon-bedrock-invocationMetrics': this.#metrics }),
    };
  }

  #start(event: JsonObject, chars: number): void {
    const start = this.#room.takeWhole(objectAt(event, 'content_block') ?? {}, chars);
    if (start === null || this.#blocks.size >= BLOCKS_MAX) return;
    this.#blocks.set(countAt(event, 'index') ?? 0, {
      start,
      text: new Pieces(),
      thinking: new Pieces(),
      input: new Pieces(),
      signature: undefined,
      citations: [],
    });
  }

  #delta(index: number, delta: JsonObject, chars: number): void {
    const block = this.#blocks.get(index);
    if (block === undefined) return;
    switch (delta['type']) {
      case 'text_delta':
        block.text.add(this.#room.take(textAt(delta, 'text') ?? ''));
        break;
      case 'thinking_delta':
        block.thinking.add(this.#room.take(textAt(delta, 'thinking') ?? ''));
        break;
      case 'input_json_delta':
        block.input.add(this.#room.take(textAt(delta, 'partial_json') ?? ''));
        break;
      case 'signature_delta':
        block.signature = this.#room.takeWhole(textAt(delta, 'signature'), chars) ?? undefined;
        break;
      case 'citations_delta': {
        const citation = this.#room.takeWhole(objectAt(delta, 'citation'), chars);
        if (citation !== null) block.citations.push(citation);
        break;
      }
      default:
    }
  }
}

function contentOf({ start, text, thinking, input, signature, citations }: Block): object {
  return {
    ...start,
    ...(text.isEmpty ? {} : { text: (textAt(start, 'text') ?? '') + (text.text ?? '') }),
    ...(thinking.isEmpty ? {} : { thinking: (textAt(start, 'thinking') ?? '') + (thinking.text ?? '') }),
    ...(input.isEmpty ? {} : { input: input.json }),
    ...(signature === undefined ? {} : { signature }),
    ...(citations.length === 0 ? {} : { citations }),
  };
}
