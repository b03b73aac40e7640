import { countAt, objectAt, textAt, type JsonObject } from '../usage/json-shapes.ts';
import { Pieces, type StreamAnswer } from './stream-answer.ts';
import type { StreamRoom } from './stream-room.ts';

/** More content blocks than any answer has; the deltas of others are left out. */
const BLOCKS_MAX = 1024;

interface Block {
  readonly text: Pieces;
  readonly toolInput: Pieces;
  readonly reasoning: Pieces;
  tool: JsonObject | null;
  signature: string | undefined;
  /** What has no name here: as it came. */
  readonly others: JsonObject[];
}

/**
 * ConverseStream as Converse would have answered; also InvokeHarness, and Nova behind InvokeModelWithResponseStream, which
 * speak alike. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */
export class ConverseAnswer implements StreamAnswer {
  readonly #room: StreamRoom;
  readonly #blocks = new Map<number, Block>();
  #role: string | undefined;
  #stop: JsonObject | null = null;
  #metadata: JsonObject | null = null;

  constructor(room: StreamRoom) {
    this.#room = room;
  }

  take(type: string, event: JsonObject, chars: number): void {
    switch (type) {
      case 'messageStart':
        this.#role = textAt(event, 'role') ?? undefined;
        break;
      case 'contentBlockStart':
        this.#start(event, chars);
        break;
      case 'contentBlockDelta':
        this.#delta(event, chars);
        break;
      case 'messageStop':
        this.#stop = this.#room.takeWhole(event, chars);
        break;
      case 'metadata':
        this.#metadata = this.#room.takeWhole(event, chars);
        break;
      default:
    }
  }

  whole(): object {
    const blocks = [...this.#blocks].sort(([one], [other]) => one - other);
    const content = blocks.flatMap(([, block]) => contentOf(block));
    const message = { role: this.#role ?? 'assistant', content };
    // `p` pads events against who measures their length on the wire.
    const { p: _stopPad, ...stop } = this.#stop ?? {};
    const { p: _pad, ...metadata } = this.#metadata ?? {};
    return { output: { message }, ...stop, ...metadata };
  }

  #start(event: JsonObject, chars: number): void {
    const start = objectAt(event, 'start');
    const block = this.#block(event);
    if (block === null || start === null) return;
    const tool = objectAt(start, 'toolUse');
    const kept = this.#room.takeWhole(tool ?? start, chars);
    if (tool !== null) block.tool = kept;
    else if (kept !== null) block.others.push(kept);
  }

  #delta(event: JsonObject, chars: number): void {
    const block = this.#block(event);
    const delta = objectAt(event, 'delta');
    if (block === null || delta === null) return;
    const text = textAt(delta, 'text');
    const input = textAt(delta, 'toolUse', 'input');
    const reasoning = textAt(delta, 'reasoningContent', 'text');
    const signature = textAt(delta, 'reasoningContent', 'signature');
    if (text !== null) block.text.add(this.#room.take(text));
    else if (input !== null) block.toolInput.add(this.#room.take(input));
    else if (reasoning !== null) block.reasoning.add(this.#room.take(reasoning));
    else if (signature !== null) block.signature = this.#room.takeWhole(signature, chars) ?? undefined;
    else {
      const other = this.#room.takeWhole(delta, chars);
      if (other !== null) block.others.push(other);
    }
  }

  #block(event: JsonObject): Block | null {
    const index = countAt(event, 'contentBlockIndex') ?? 0;
    const known = this.#blocks.get(index);
    if (known !== undefined) return known;
    if (this.#blocks.size >= BLOCKS_MAX) return null;
    const block: Block = {
      text: new Pieces(),
      toolInput: new Pieces(),
      reasoning: new Pieces(),
      tool: null,
      signature: undefined,
      others: [],
    };
    this.#blocks.set(index, block);
    return block;
  }
}

function contentOf(block: Block): object[] {
  const content: object[] = [];
  if (!block.reasoning.isEmpty || block.signature !== undefined) {
    const reasoningText = { text: block.reasoning.text ?? '', signature: block.signature };
    content.push({ reasoningContent: { reasoningText } });
  }
  if (!block.text.isEmpty) content.push({ text: block.text.text });
  if (block.tool !== null || !block.toolInput.isEmpty) {
    content.push({ toolUse: { ...block.tool, input: block.toolInput.json ?? {} } });
  }
  return [...content, ...block.others];
}
