import type { JsonObject } from '../../json.ts';
import type { Reply, TokenUsage } from '../reply.ts';

/** What tells one family of models from another: its body shapes. Everything around them is the same for all. */
export interface ModelFamily {
  /** A text in the model id, such as `anthropic.`. */
  readonly vendor: string;
  /** Whether a body is of this family, for ids that don't say, such as an application inference profile's ARN. */
  recognises(body: JsonObject): boolean;
  /** Top-level members without which the body is refused. */
  readonly required: readonly string[];
  /** What the model is asked: all text it reads, and the part the reply quotes. */
  read(body: JsonObject): {
    readonly prompt: string;
    readonly question: string;
    readonly tokensMax: number | undefined;
  };
  answer(invocation: Invocation): JsonObject;
  /**
   * Yields the JSON of each streamed chunk but the last, and returns the last one, which also says what was used.
   * Undefined for a family that has no stream.
   */
  chunks?(invocation: Invocation): Generator<JsonObject, JsonObject, undefined>;
}

export interface Invocation {
  readonly modelId: string;
  readonly body: JsonObject;
  readonly reply: Reply;
  readonly usage: TokenUsage;
}

/** The texts of a message's content, which is a text or a list of blocks. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((block: unknown) => blockText(block)).join('\n');
}

function blockText(block: unknown): string {
  if (typeof block !== 'object' || block === null) return '';
  if ('text' in block && typeof block.text === 'string') return block.text;
  return 'content' in block ? contentText(block.content) : '';
}
