import type { JsonOutline } from './json-outline.ts';
import { at, countAt, listAt, textAt } from './json-shapes.ts';
import type { MeteredRequest } from './metered-request.ts';
import type { InputFacts } from './request-size.ts';
import { UsageLines } from './usage-lines.ts';
import type { Usage, UsageLine } from './usage.ts';
import { UNKNOWN_USAGE } from './usage.ts';

/** Rerankers charge by the query of up to so many documents: https://aws.amazon.com/bedrock/pricing/ */
const DOCUMENTS_PER_QUERY = 100;

/** Tokens of a document and its query that count as one document. */
const CHUNK_TOKENS = 512;

/** https://docs.aws.amazon.com/nova/latest/userguide/video-gen-access.html: every shot takes so long. */
const SECONDS_PER_SHOT = 6;

/** Kinds of tasks whose images have the default size when the request names none; others take that of their input. */
const FREE_SIZE_TASKS: ReadonlySet<string> = new Set(['TEXT_IMAGE', 'COLOR_GUIDED_GENERATION', 'IMAGE_VARIATION']);
const IMAGE_SIZE_DEFAULT = '1024x1024';

/** https://aws.amazon.com/bedrock/pricing/: Stable Diffusion XL costs more above so many steps. */
const USUAL_STEPS_MAX = 50;

const CHARGE_UNTOLD = /twelvelabs\.pegasus/;

/** Lists of images in an answer: of Nova Canvas, Titan and Stability's newer models, and of Stable Diffusion XL. */
export const IMAGE_MEMBERS = ['images', 'artifacts'] as const;

/**
 * Adds the images that came out, with what the request says of them.
 * @returns whether there were any
 */
export function addImages(lines: UsageLines, answer: JsonOutline, { outline }: MeteredRequest): boolean {
  const images = answer.count('images');
  if (images !== null) lines.add('outputImages', images, null, imageVariant(outline));
  const artifacts = answer.count('artifacts');
  if (artifacts !== null) lines.add('outputImages', artifacts, null, stepVariant(outline));
  return lines.all.length > 0;
}

/** Stable Diffusion XL says nowhere how many images come out. */
const IMAGE_MODELS = /nova-canvas|titan-image-generator|stability\.(?!stable-diffusion-xl)/;

/** Whether a model makes images, and charges for nothing else. */
export function makesImages({ modelId }: MeteredRequest): boolean {
  return modelId !== null && IMAGE_MODELS.test(modelId);
}

/** The images a request asks for; null where that can't be read. */
export function imagesAsked({ outline }: MeteredRequest): readonly UsageLine[] | null {
  const count = at(outline.member('imageGenerationConfig'), 'numberOfImages') ?? 1;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1 || outline.repeated) return null;
  return [{ unit: 'outputImages', quantity: count, modelId: null, variant: imageVariant(outline) }];
}

/** Adds the queries of a reranker that was called by InvokeModel, at least. @returns whether it is one */
export function addRanked(lines: UsageLines, { outline }: MeteredRequest): boolean {
  const documents = outline.count('documents');
  if (documents === null || documents === 0 || outline.count('query') === null) return false;
  lines.add('searchQueries', queriesOf(documents));
  return true;
}

/** The same at most, of both ways to call a reranker. Null where it can't be told. */
export function rankedAtMost(request: MeteredRequest): readonly UsageLine[] | null {
  const { outline } = request;
  if (outline.count(listOf(request)) === null || outline.repeated || outline.incomplete) return null;
  const lines = new UsageLines();
  lines.add('searchQueries', queriesOf(chunksAtMost(request)), rankerOf(request));
  return lines.all;
}

/**
 * https://aws.amazon.com/bedrock/pricing/: a document of more than 512 tokens, those of the query among them, counts as
 * several. No tokenizer makes more than one token of a byte.
 */
function chunksAtMost(request: MeteredRequest): number {
  const { outline, bodyBytes } = request;
  const documents = outline.count(listOf(request)) ?? 0;
  const [first] = listAt(outline.member('queries'));
  const query = textAt(outline.member('query')) ?? textAt(first, 'textQuery', 'text');
  const queryBytes = query === null ? CHUNK_TOKENS : Buffer.byteLength(query);
  const chunkBytes = Math.max(1, CHUNK_TOKENS - queryBytes);
  const byLongest = documents * Math.max(1, Math.ceil(outline.longest(listOf(request)) / chunkBytes));
  return Math.min(byLongest, documents + Math.floor(bodyBytes / chunkBytes));
}

function listOf({ operation }: MeteredRequest): string {
  return operation.name === 'Rerank' ? 'sources' : 'documents';
}

/** Whether the queries counted are all: no document can be so long that it would make one more. */
export function isSureOfQueries(request: MeteredRequest): boolean {
  const documents = request.outline.count(listOf(request)) ?? 0;
  const most = rankedAtMost(request);
  return most !== null && most.every(({ quantity }) => quantity === queriesOf(documents));
}

function rankerOf(request: MeteredRequest): string | null {
  const configuration = request.outline.member('rerankingConfiguration');
  const path = ['bedrockRerankingConfiguration', 'modelConfiguration', 'modelArn'];
  return otherThan(request, textAt(configuration, ...path));
}

/**
 * Adds what an embedding was made of beside text.
 * @returns whether there was something nobody tells: seconds of video or sound
 */
export function addEmbedded(
  lines: UsageLines,
  { outline }: MeteredRequest,
  { images, documents }: Pick<InputFacts, 'images' | 'documents'>,
): boolean {
  const isTyped = addTyped(lines, outline, '', null);
  if (!isTyped) lines.add('inputImages', images + (outline.count('inputImage') === null ? 0 : 1));
  return documents > 0;
}

/** Whether there is text to embed that is charged by the token, which only an answer can count. */
export function embedsText({ outline }: MeteredRequest): boolean {
  if (textAt(outline.member('inputType')) !== null) return false;
  return ['texts', 'inputText', 'inputs'].some((name) => outline.count(name) !== null);
}

/** Whether a model charges for seconds of video that neither its answer nor the request tells. */
export function chargesUntold({ modelId }: MeteredRequest): boolean {
  return modelId !== null && CHARGE_UNTOLD.test(modelId);
}

/** Rerank of agent-runtime. The documents it counts may be fewer than AWS does, which splits long ones: it says so then. */
export function rerankUsage(request: MeteredRequest): Usage {
  const lines = new UsageLines();
  lines.add('searchQueries', queriesOf(request.outline.count('sources') ?? 0), rankerOf(request));
  const usage = asked(lines);
  return usage.complete ? { ...usage, complete: isSureOfQueries(request) } : usage;
}

/** What is asked of a knowledge base. The embedding of the query, and what stands behind it, AWS bills to their own lines. */
export function queryUsage(): Usage {
  const lines = new UsageLines();
  lines.add('requests', 1);
  return asked(lines);
}

/** StartAsyncInvoke, whose answer is only where to look later. */
export function asyncUsage(request: MeteredRequest): Usage {
  const { outline } = request;
  const modelId = otherThan(request, textAt(outline.member('modelId')));
  const lines = new UsageLines();
  const resolution =
    textAt(outline.member('modelInput.videoGenerationConfig'), 'dimension') ??
    textAt(outline.member('modelInput.resolution'));
  lines.add('outputVideoSeconds', videoSeconds(outline), modelId, resolution);
  addTyped(lines, outline, 'modelInput.', modelId);
  const seconds = secondsAt(outline.member('modelInput.lengthSec'));
  const inputType = textAt(outline.member('modelInput.inputType'));
  if (inputType === 'video') lines.add('inputVideoSeconds', seconds, modelId);
  if (inputType === 'audio') lines.add('inputAudioSeconds', seconds, modelId);
  return asked(lines);
}

/** A model an answer or a body names, null where it is the one the call is for anyway. */
export function otherThan(request: MeteredRequest, modelId: string | null): string | null {
  return modelId === request.modelId ? null : modelId;
}

function asked(lines: UsageLines): Usage {
  if (lines.all.length === 0) return UNKNOWN_USAGE;
  return { lines: lines.all, source: 'request', complete: true, serviceTier: null, latencyOptimized: false };
}

/** TwelveLabs' embeddings say what they are of, and cost by the request or the image. */
function addTyped(lines: UsageLines, outline: JsonOutline, prefix: string, modelId: string | null): boolean {
  const inputType = textAt(outline.member(`${prefix}inputType`));
  if (inputType === 'text') lines.add('requests', 1, modelId);
  else if (inputType === 'image' || inputType === 'text_image') lines.add('inputImages', 1, modelId);
  return inputType !== null;
}

function queriesOf(documents: number): number {
  return Math.ceil(documents / DOCUMENTS_PER_QUERY);
}

function imageVariant(outline: JsonOutline): string | null {
  const config = outline.member('imageGenerationConfig');
  const taskType = textAt(outline.member('taskType'));
  // Models without either have one price for all images.
  if (config === undefined && taskType === null) return null;
  const size = sizeOf(countAt(config, 'width'), countAt(config, 'height'), taskType);
  return size === null ? null : `${size}/${textAt(config, 'quality') ?? 'standard'}`;
}

function stepVariant(outline: JsonOutline): string {
  const size = sizeOf(countAt(outline.member('width')), countAt(outline.member('height')), null) ?? IMAGE_SIZE_DEFAULT;
  const steps = countAt(outline.member('steps')) ?? 0;
  return `${size}/${steps > USUAL_STEPS_MAX ? 'max-steps' : '50-steps'}`;
}

/** Width and height; null where they are those of an image that was given. */
function sizeOf(width: number | null, height: number | null, taskType: string | null): string | null {
  if (width !== null && height !== null) return `${width}x${height}`;
  return taskType === null || FREE_SIZE_TASKS.has(taskType) ? IMAGE_SIZE_DEFAULT : null;
}

/** Seconds of video that were asked for, by the shapes of Nova Reel and Luma Ray. */
function videoSeconds(outline: JsonOutline): number | null {
  const shots = outline.count('modelInput.multiShotManualParams.shots');
  if (shots !== null) return shots * SECONDS_PER_SHOT;
  const duration = textAt(outline.member('modelInput.duration'));
  if (duration !== null && /^\d{1,4}s$/.test(duration)) return Number.parseInt(duration, 10);
  return countAt(outline.member('modelInput.videoGenerationConfig'), 'durationSeconds');
}

/** Up to three decimals. */
function secondsAt(value: unknown): number | null {
  const seconds = at(value);
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds > 1e6) return null;
  return Math.ceil(seconds * 1000) / 1000;
}
