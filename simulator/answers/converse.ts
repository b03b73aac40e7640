import { invalid } from '../bedrock-error.ts';
import { eventFrame } from '../event-stream.ts';
import type { JsonObject } from '../json.ts';
import { arrayAt, isObject, numberAt, objectAt, objectsAt, textAt } from '../json.ts';
import type { Pace } from '../pace.ts';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer, streamAnswer } from './answer.ts';
import type { Reply, TokenUsage } from './reply.ts';
import { checkModelId } from './model-id.ts';
import { assess } from './guardrail.ts';
import { dictatedUsage, paceOf, replyTo, tokensOf, wholeText } from './reply.ts';

/** Converse and ConverseStream: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */

interface Conversation {
  readonly body: JsonObject;
  readonly pace: Pace;
  readonly reply: Reply;
  readonly usage: JsonObject;
  readonly latencyMs: number;
}

// Images, documents and videos are counted as one sum each: their bytes say nothing about their tokens.
const MEDIA_TOKENS = 250;
const MEDIA_KINDS = ['image', 'document', 'video', 'audio'];

const FRAME_CACHE_MAX = 4096;
const CACHED_TEXT_CHARACTERS_MAX = 1024;
const frameCache = new Map<string, Buffer>();

export function converse(asked: Asked): Answer {
  const { body, reply, usage, latencyMs, pace } = converseWith(asked);
  const answer = jsonAnswer({
    output: { message: { role: 'assistant', content: [{ text: wholeText(reply) }] } },
    stopReason: reply.stopReason,
    usage,
    metrics: { latencyMs },
    ...additionalMembers(body, reply),
  });
  return { ...answer, delayMs: pace.delayMs };
}

export function converseStream(asked: Asked): Answer {
  const conversation = converseWith(asked);
  return streamAnswer(frames(conversation), conversation.pace);
}

/** The input tokens of a Converse body: its system prompts, messages and tools. */
export function converseInputTokens(body: JsonObject): { readonly plain: number; readonly cached: number } {
  const contents = [
    ...objectsAt(body, 'system'),
    ...objectsAt(body, 'messages').flatMap((message) => objectsAt(message, 'content')),
  ];
  const lastCachePoint = contents.findLastIndex((block) => 'cachePoint' in block);
  const cached = sum(contents.slice(0, lastCachePoint + 1).map(blockTokens));
  const tools = 'toolConfig' in body ? tokensOf(JSON.stringify(body['toolConfig']).length) : 0;
  return { plain: sum(contents.slice(lastCachePoint + 1).map(blockTokens)) + tools, cached };
}

function converseWith(asked: Asked): Conversation {
  checkModelId(asked.labels['modelId'] ?? '');
  const body = asked.json();
  const messages = arrayAt(body, 'messages');
  if (messages.length === 0) throw invalid("1 validation error detected: Value at 'messages' must not be empty.");
  for (const message of messages) checkMessage(message);

  const pace = paceOf(body, asked.pace);
  const tokensMax = numberAt(objectAt(body, 'inferenceConfig'), 'maxTokens');
  const reply = replyTo(lastQuestion(body), pace, asked.clock, tokensMax);
  const { plain, cached } = converseInputTokens(body);
  const usage = dictatedUsage(body, {
    inputTokens: plain,
    outputTokens: tokensOf(reply.characters),
    cacheReadTokens: 0,
    cacheWriteTokens: cached,
  });
  return { body, pace, reply, usage: usageMembers(usage), latencyMs: 100 + usage.outputTokens };
}

function checkMessage(message: unknown): void {
  const role = isObject(message) ? textAt(message, 'role') : undefined;
  if (!isObject(message) || (role !== 'user' && role !== 'assistant')) {
    throw invalid("1 validation error detected: Value at 'messages.role' must be one of user, assistant.");
  }
  if (arrayAt(message, 'content').length === 0) {
    throw invalid("1 validation error detected: Value at 'messages.content' must not be empty.");
  }
}

function usageMembers(usage: TokenUsage): JsonObject {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  const cacheDetails = cacheDetailsOf(usage);
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens,
    cacheReadInputTokens: cacheReadTokens,
    cacheWriteInputTokens: cacheWriteTokens,
    ...(cacheDetails.length > 0 ? { cacheDetails } : {}),
  };
}

function cacheDetailsOf({ cacheWriteTokens, cacheWrite1hTokens }: TokenUsage): readonly JsonObject[] {
  return [
    { ttl: '5m', inputTokens: cacheWriteTokens - cacheWrite1hTokens },
    { ttl: '1h', inputTokens: cacheWrite1hTokens },
  ].filter(({ inputTokens }) => inputTokens > 0);
}

/** The service tier and latency mode that were asked for are granted; what was not asked for is not mentioned. */
function additionalMembers(body: JsonObject, reply: Reply): JsonObject {
  return {
    ...('serviceTier' in body ? { serviceTier: body['serviceTier'] } : {}),
    ...('performanceConfig' in body ? { performanceConfig: body['performanceConfig'] } : {}),
    ...guardrailTrace(body, reply),
  };
}

function guardrailTrace(body: JsonObject, reply: Reply): JsonObject {
  const config = objectAt(body, 'guardrailConfig');
  if (!(textAt(config, 'trace') ?? 'disabled').startsWith('enabled')) return {};
  const guardrail = textAt(config, 'guardrailIdentifier') ?? '';
  return {
    trace: {
      guardrail: {
        inputAssessment: { [guardrail]: assess([lastQuestion(body)]) },
        outputAssessments: { [guardrail]: [assess([...reply.pieces()])] },
      },
    },
  };
}

function* frames({ body, reply, usage, latencyMs }: Conversation): Iterable<Buffer> {
  yield eventFrame('messageStart', { role: 'assistant' });
  for (const piece of reply.pieces()) yield textFrame(piece);
  yield eventFrame('contentBlockStop', { contentBlockIndex: 0 });
  yield eventFrame('messageStop', { stopReason: reply.stopReason });
  yield eventFrame('metadata', { usage, metrics: { latencyMs }, ...additionalMembers(body, reply) });
}

function textFrame(text: string): Buffer {
  const cached = frameCache.get(text);
  if (cached !== undefined) return cached;
  const frame = eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text } });
  if (frameCache.size < FRAME_CACHE_MAX && text.length <= CACHED_TEXT_CHARACTERS_MAX) frameCache.set(text, frame);
  return frame;
}

function lastQuestion(body: JsonObject): string {
  const contents = objectsAt(body, 'messages').flatMap((message) => objectsAt(message, 'content'));
  return contents.map((block) => textAt(block, 'text')).findLast((text) => text !== undefined) ?? '';
}

function blockTokens(block: JsonObject): number {
  const text = textAt(block, 'text');
  if (text !== undefined) return tokensOf(text.length);
  if ('cachePoint' in block) return 0;
  if (MEDIA_KINDS.some((kind) => kind in block)) return MEDIA_TOKENS;
  return tokensOf(JSON.stringify(block).length);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
