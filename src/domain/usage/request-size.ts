import { parseModelReference } from '../policy/model-reference.ts';
import { remember } from '../remember.ts';
import type { JsonOutline } from './json-outline.ts';
import { countAt } from './json-shapes.ts';
import { asBuffer } from './metered-request.ts';
import type { MeteredRequest } from './metered-request.ts';
import { ADDITIONAL_FIELDS, OUTPUT_LIMITS } from './output-limits.ts';
import type { OutputLimit } from './output-limits.ts';
import { RequestMedia } from './request-media.ts';

/** Operations that make no text. */
const SILENT: ReadonlySet<string> = new Set([
  'CountTokens',
  'ApplyGuardrail',
  'InvokeGuardrailChecks',
  'Rerank',
  'Retrieve',
  'StartAsyncInvoke',
]);

/** Operations whose input is in their body and nowhere else. */
const SELF_CONTAINED: ReadonlySet<string> = new Set([
  'Converse',
  'ConverseStream',
  'InvokeModel',
  'InvokeModelWithResponseStream',
  'CountTokens',
  'ApplyGuardrail',
  'InvokeGuardrailChecks',
  'Rerank',
]);

/** What bounds the input of a request from above. */
export interface InputFacts {
  /** Bytes of all that may be text. No tokenizer makes more than one token of a byte. */
  readonly textBytes: number;
  readonly images: number;
  /** Documents, videos and audio, given in any way. Their bytes say nothing about their tokens. */
  readonly documents: number;
  /** How many inputs the model takes one by one, each of which may fill its context window; null where nobody can tell. */
  readonly inputs: number | null;
  /** False where the model reads more than the request holds: a stored prompt, an agent's memory, a search of its own. */
  readonly selfContained: boolean;
}

/**
 * Bounds the input of a request. Costs some 50 µs for 85 KB. Images are not counted as text; what looks like one inside
 * free JSON, which a model may read as text, counts as both. What the provider adds to a prompt is not in it.
 */
export function inputFacts(request: MeteredRequest): InputFacts {
  const media = new RequestMedia();
  media.push(asBuffer(request.body));
  const isKnown = request.operation.modelled && SELF_CONTAINED.has(request.operation.name);
  const isStoredPrompt = request.modelId?.includes(':prompt/') === true;
  return {
    textBytes: request.body.length - media.imageBytes,
    images: media.images,
    documents: media.documents,
    inputs: inputsOf(request),
    selfContained: isKnown && !isStoredPrompt && !media.readsElsewhere,
  };
}

/** Members in which models take several inputs at once, to embed each: Cohere up to 96. */
const INPUT_LISTS = ['texts', 'inputs', 'images'];

/** Members of a request that is one input: of embeddings by Titan and Nova, and of models that make text. */
const SINGLE_INPUTS = ['inputText', 'inputImage', 'singleEmbeddingParams'];
const TEXT_INPUTS = ['anthropic_version', 'messages', 'prompt'];

/** Whether a request may be one for embeddings, as far as its model's id and its body tell. */
export function mayEmbed({
  operation,
  modelId,
  outline,
}: Pick<MeteredRequest, 'operation' | 'modelId' | 'outline'>): boolean {
  if (operation.name !== 'InvokeModel') return false;
  if (foundationModelId(modelId) !== null) return isEmbedding(modelId);
  return TEXT_INPUTS.every((name) => outline.count(name) === null);
}

function inputsOf({ operation, modelId, outline }: MeteredRequest): number | null {
  if (!mayEmbed({ operation, modelId, outline })) return 1;
  const isThere = (name: string): boolean => outline.count(name) !== null;
  if (outline.repeated || outline.incomplete) return null;
  if (INPUT_LISTS.some(isThere)) return INPUT_LISTS.reduce((sum, name) => sum + (outline.count(name) ?? 0), 0);
  return SINGLE_INPUTS.some(isThere) ? 1 : null;
}

/**
 * The most output tokens a request can lead to by its own word: every answer it asks for, at its maximum. Null where it
 * says nothing that binds: the model's own maximum counts then.
 */
export function outputTokensAsked(request: MeteredRequest): number | null {
  const { operation, modelId } = request;
  if (operation.kind === 'read' || SILENT.has(operation.name)) return 0;
  if (operation.service !== 'bedrock-runtime') return null;
  const { outline } = request;
  // Of a name that stands twice nobody knows which one the model takes.
  if (outline.repeated || outline.incomplete) return null;
  switch (operation.name) {
    case 'Converse':
    case 'ConverseStream':
      return converseLimit(modelId, outline);
    case 'InvokeModel':
    case 'InvokeModelWithResponseStream':
      return isEmbedding(modelId) ? 0 : invokeLimit(familyOf(modelId, outline), outline);
    default:
      return null;
  }
}

/** What goes past Converse to the model may raise what Converse itself says. */
function converseLimit(modelId: string | null, outline: JsonOutline): number | null {
  const own = countAt(outline.member('inferenceConfig'), 'maxTokens');
  // Zero is no maximum that AWS documents: what it would be taken for nobody knows.
  if (own === null || own === 0) return null;
  const family = familyOf(modelId, outline);
  const families = family === null ? OUTPUT_LIMITS : [family];
  let most = own;
  let times = 1;
  for (const limit of families) {
    most = Math.max(most, largest(limit.paths, outline, `${ADDITIONAL_FIELDS}.`) ?? 0);
    times = Math.max(times, timesIn(limit.times, outline, `${ADDITIONAL_FIELDS}.`));
  }
  return product(most, times);
}

function invokeLimit(family: OutputLimit | null, outline: JsonOutline): number | null {
  if (family === null) return null;
  const limit = largest(family.paths, outline, '');
  return limit === null ? null : product(limit, timesIn(family.times, outline, ''));
}

/** @param prefix in front of the first name of each path. */
function largest(paths: readonly string[], outline: JsonOutline, prefix: string): number | null {
  let most: number | null = null;
  for (const path of paths) {
    const dot = path.indexOf('.');
    const value =
      dot === -1
        ? countAt(outline.member(prefix + path))
        : countAt(outline.member(prefix + path.slice(0, dot)), path.slice(dot + 1));
    if (value !== null && value > 0 && (most === null || value > most)) most = value;
  }
  return most;
}

/** How many answers are asked for; infinite where that can't be read. */
function timesIn(names: readonly string[], outline: JsonOutline, prefix: string): number {
  let times = 1;
  for (const name of names) {
    const value = outline.member(prefix + name) ?? null;
    if (value !== null) times = Math.max(times, countAt(value) ?? Infinity);
  }
  return times;
}

function product(tokens: number, times: number): number | null {
  const all = tokens * times;
  return Number.isSafeInteger(all) ? all : null;
}

/** The family of a model; null where neither its id nor the body says it for sure. */
function familyOf(modelId: string | null, outline: JsonOutline): OutputLimit | null {
  const id = foundationModelId(modelId) ?? (outline.count('anthropic_version') === null ? null : 'anthropic.');
  return id === null ? null : familyOfId(id);
}

const familyOfId = remember(
  (id) => OUTPUT_LIMITS.find(({ ids }) => ids.some((start) => id.startsWith(start))) ?? null,
  { textsMax: 1000, textLengthMax: 512 },
);

function isEmbedding(modelId: string | null): boolean {
  const id = foundationModelId(modelId);
  return id !== null && /embed|rerank/.test(id);
}

/** The model's own id; null where only AWS can say what is meant. */
function foundationModelId(modelId: string | null): string | null {
  if (modelId === null) return null;
  const reference = parseModelReference(modelId);
  if (reference.kind === 'foundation-model') return reference.id;
  return reference.kind === 'inference-profile' ? reference.modelId : null;
}
