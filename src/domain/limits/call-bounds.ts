/** What the bytes of a request tell of its input. */
export interface InputFacts {
  /** UTF-8 bytes of everything that may be text; all of the body is a bound of it. */
  readonly textBytes: number;
  readonly images: number;
  /** Documents, videos and sounds, in the body or elsewhere: their tokens can't be told from their bytes. */
  readonly documents: number;
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
  readonly from: 'request' | 'model' | 'cap';
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
 * are taken for a full context window.
 * @param model null where its bounds are not known
 */
export function inputTokensBound(
  { textBytes, images, documents }: InputFacts,
  model: ModelBounds | null,
): number | null {
  const contextTokens = model?.contextTokens ?? null;
  if (documents > 0) return contextTokens;
  const bound = textBytes + images * IMAGE_TOKENS_MAX + ADDED_TOKENS_MAX;
  return contextTokens === null ? bound : Math.min(contextTokens, bound);
}

/** What a key allows of output at once (`max_output_tokens_reserved`), and what holds a call to it. */
export interface OutputCap {
  readonly tokens: number;
  /** `endStream`: the gateway ends the answer there; `refuse`: requests that could get more are refused. */
  readonly by: 'endStream' | 'refuse';
}

export type OutputVerdict =
  | { readonly kind: 'bounded'; readonly output: OutputBound | null }
  /** `asked` is null where the request sets no maximum and the model would give more than the cap. */
  | { readonly kind: 'overCap'; readonly asked: number | null; readonly cap: number };

/**
 * How many tokens may come out at most: as many as the request asks for, but no more than the model can; and no more
 * than the cap. Where a request asks for several answers `asked` is for all of them together.
 */
export function outputTokensBound(
  asked: number | null,
  model: ModelBounds | null,
  cap: OutputCap | null,
): OutputVerdict {
  const own = ownBound(asked, model?.outputTokensMax ?? null);
  if (cap === null || (own !== null && own.tokens <= cap.tokens)) return { kind: 'bounded', output: own };
  if (cap.by === 'refuse') return { kind: 'overCap', asked, cap: cap.tokens };
  return { kind: 'bounded', output: { tokens: cap.tokens, from: 'cap' } };
}

function ownBound(asked: number | null, modelMax: number | null): OutputBound | null {
  if (asked !== null && (modelMax === null || asked <= modelMax)) return { tokens: asked, from: 'request' };
  return modelMax === null ? null : { tokens: modelMax, from: 'model' };
}
