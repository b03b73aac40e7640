import { JsonPass } from './json-pass.ts';

type Medium = 'image' | 'document';

/** Objects that stand under these names, as Converse, Nova and OpenAI's shape have them. */
const BY_NAME: ReadonlyMap<string, Medium> = new Map([
  ['image', 'image'],
  ['image_url', 'image'],
  ['document', 'document'],
  ['video', 'document'],
  ['video_url', 'document'],
  ['audio', 'document'],
  ['audio_url', 'document'],
  ['input_audio', 'document'],
  ['file', 'document'],
]);

/** Objects whose `type` is one of these, as Anthropic and OpenAI's shape have them. */
const BY_TYPE: ReadonlyMap<string, Medium> = new Map([
  ...BY_NAME,
  ['input_image', 'image'],
  ['input_file', 'document'],
]);

/** Free JSON, which a model may read as text whatever it looks like: input and results of tools. */
const FREE_JSON: ReadonlySet<string> = new Set(['input', 'json']);

/** The member in which Llama and Cohere take images as texts in base64. */
const IMAGE_LIST = 'images';

/** Members of a request that describe tools. Names in their schemas are anything. */
const TOOLS: ReadonlySet<string> = new Set(['tools', 'toolConfig', 'tool_config']);

/** Tools that AWS runs by itself, and conversations it keeps: the model reads what nobody here can see. */
const READS_ELSEWHERE: ReadonlySet<string> = new Set(['systemTool', 'previous_response_id']);

const NAMES: ReadonlySet<string> = new Set([
  ...BY_TYPE.keys(),
  ...FREE_JSON,
  ...TOOLS,
  ...READS_ELSEWHERE,
  IMAGE_LIST,
  'type',
]);
const NAME_CHARS_MAX = Math.max(...[...NAMES].map((name) => name.length));
/** Every character of a name may be escaped in six. */
const ESCAPED_CHARS_MAX = 6 * NAME_CHARS_MAX;

/** An object or array that is open. */
interface Open {
  readonly start: number;
  medium: Medium | null;
  /** Whether its bytes may be read as text after all. */
  isFree: boolean;
  readonly isTools: boolean;
  hasType: boolean;
  /** Whether each text in it is an image. */
  readonly isImageList: boolean;
  hasOthers: boolean;
  /** Within it. */
  images: number;
  imageBytes: number;
}

/**
 * Counts what of a request is no text, wherever it stands and however its name is spelled. It may count too much,
 * never too little: what it says bounds a price from above.
 */
export class RequestMedia extends JsonPass {
  images = 0;
  documents = 0;
  /** What the images take of the body. */
  imageBytes = 0;
  readsElsewhere = false;
  readonly #open: Open[] = [];
  /** The name whose value comes next, and the last string that was seen; null for what is no name of ours. */
  #name: string | null = null;
  #last: string | null = null;

  protected override opened(isObject: boolean, at: number): void {
    const outer = this.#open.at(-1);
    const name = this.#name;
    if (outer !== undefined) outer.hasOthers = true;
    this.#open.push({
      start: this.offset + at,
      medium: name !== null && isObject ? (BY_NAME.get(name) ?? null) : null,
      isFree: outer?.isFree === true || (name !== null && FREE_JSON.has(name)),
      isTools: outer?.isTools === true || (name !== null && this.depth === 2 && TOOLS.has(name)),
      hasType: false,
      isImageList: name === IMAGE_LIST && this.depth === 2 && !isObject,
      hasOthers: false,
      images: 0,
      imageBytes: 0,
    });
    this.#name = this.#last = null;
  }

  protected override closed(_text: string, at: number): void {
    this.#finishValue();
    const closed = this.#open.pop();
    if (closed === undefined) return;
    const { medium, isTools, isFree } = closed;
    if (medium === 'document' && !isTools) this.documents++;
    if (medium === 'image' && !isTools) {
      closed.images = Math.max(1, closed.images);
      closed.imageBytes = isFree ? 0 : this.offset + at + 1 - closed.start;
    }
    if (closed.isImageList && !closed.hasOthers) closed.imageBytes = this.offset + at + 1 - closed.start;
    const outer = this.#open.at(-1) ?? this;
    outer.images += closed.images;
    outer.imageBytes += closed.imageBytes;
  }

  protected override colon(): void {
    this.#name = this.#last;
    this.#last = null;
    if (this.#name !== null && READS_ELSEWHERE.has(this.#name)) this.readsElsewhere = true;
  }

  protected override comma(): void {
    this.#finishValue();
  }

  protected override string(text: string, start: number, end: number): void {
    const around = this.#open.at(-1);
    if (around?.isImageList === true) around.images++;
    this.#last = end - start > ESCAPED_CHARS_MAX ? null : nameOf(text.slice(start, end));
  }

  protected override pieceEnd(): void {
    // Nothing refers to a piece.
  }

  /** A `type` says what the object around it is. */
  #finishValue(): void {
    const around = this.#open.at(-1);
    if (this.#name === 'type' && around !== undefined) {
      // With two types it is the one or the other, depending on who reads.
      around.isFree ||= around.hasType;
      around.hasType = true;
      around.medium ??= BY_TYPE.get(this.#last ?? '') ?? null;
    }
    this.#name = this.#last = null;
  }
}

function nameOf(raw: string): string | null {
  // Letters have no other escape.
  const name = raw.includes('\\u') ? unescaped(raw) : raw;
  return name.length <= NAME_CHARS_MAX && NAMES.has(name) ? name : null;
}

function unescaped(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return '';
  }
}
