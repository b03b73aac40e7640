/** What the bytes of a request tell of its input. */
export interface InputFacts {
  /** UTF-8 bytes of everything that may be text; all of the body is a bound of it. */
  readonly textBytes: number;
  readonly images: number;
  /** Documents, videos and sounds, in the body or elsewhere: their tokens can't be told from their bytes. */
  readonly documents: number;
  /**
   * How many inputs the model takes one by one, each with a context window of its own: embeddings of several texts. Null
   * where nobody can tell.
   */
  readonly inputs: number | null;
}

/** What a model can take and give. */
export interface ModelBounds {
  /** Null where nobody says. */
  readonly contextTokens: number | null;
  /** Null where nobody says; embeddings give none. */
  readonly outputTokensMax: number | null;
}

/** A bound on the output, with where it comes from. */
export interface OutputBound {
  readonly tokens: number;
  readonly from: 'request' | 'model';
}

/** What a call may use at most. Null: nothing proves a bound. */
export interface TokenBounds {
  readonly inputTokens: number | null;
  readonly output: OutputBound | null;
}

/**
 * Tokens that a model's provider adds to what the client wrote: the marks of a chat and the instructions for tools. The
 * largest that Anthropic documents are some 800 for tool use and 735 for a computer tool:
 * https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview#pricing
 */
const ADDED_TOKENS_MAX = 2048;

/**
 * Tokens of one image, whatever its size: providers scale large ones down. Anthropic's end near 4,800 for the models with
 * high resolution (1,600 for others), Llama's at 6,400 (4 tiles of 1,600), Pixtral's at 4,160, Qwen's at 16,384:
 * https://huggingface.co/Qwen/Qwen2-VL-7B-Instruct
 */
const IMAGE_TOKENS_MAX = 16_384;

/**
 * How many tokens may go in at most. No tokenizer makes more than one token of a byte, so bytes bound the text; documents
 * are taken for a full context window. Texts to embed have one each.
 * @param model null where its bounds are not known
 */
export function inputTokensBound(
  { textBytes, images, documents, inputs }: InputFacts,
  model: ModelBounds | null,
): number | null {
  const contextTokens = model?.contextTokens ?? null;
  const fitting = contextTokens === null || inputs === null ? null : contextTokens * inputs;
  if (documents > 0) return fitting;
  const bound = textBytes + images * IMAGE_TOKENS_MAX + ADDED_TOKENS_MAX;
  return fitting === null ? bound : Math.min(fitting, bound);
}

/** What a key may get of output at once (`max_output_tokens_reserved`). */
export interface OutputCap {
  readonly tokens: number;
}

/**
 * What holds calls to the cap of their key. `refuse`: those that could get more are refused, so that nothing above it is
 * ever held or spent. `end`: streams that could get more are let through, and ended about there; they hold all that they
 * could get, because Bedrock may make and bill what the client no longer sees.
 */
export type OutputCapMode = 'refuse' | 'end';

/**
 * How many tokens may come out at most: what the request asks for, else what the model gives. What is asked holds also
 * where it is more than the model is known to give: Bedrock takes its word, not the price book's, and refuses what is too
 * much. Where a request asks for several answers `asked` is for all of them together.
 * @returns null where nothing proves a bound
 */
export function outputTokensBound(asked: number | null, model: ModelBounds | null): OutputBound | null {
  if (asked !== null) return { tokens: asked, from: 'request' };
  const tokens = model?.outputTokensMax ?? null;
  return tokens === null ? null : { tokens, from: 'model' };
}
