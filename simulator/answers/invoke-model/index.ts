import { header } from '../../arrived-request.ts';
import { invalid } from '../../bedrock-error.ts';
import { eventFrame } from '../../event-stream.ts';
import type { JsonObject } from '../../json.ts';
import type { Pace } from '../../pace.ts';
import { adjustPace } from '../../pace.ts';
import type { Answer, Asked } from '../answer.ts';
import { jsonAnswer, streamAnswer } from '../answer.ts';
import { checkModelId } from '../model-id.ts';
import { checkRequired } from '../required.ts';
import type { TokenUsage } from '../reply.ts';
import { dictatedUsage, paceOf, replyTo, tokensOf } from '../reply.ts';
import { anthropic } from './anthropic.ts';
import { anyModel } from './any-model.ts';
import { cohereEmbed } from './cohere-embed.ts';
import { cohereRerank } from './cohere-rerank.ts';
import type { Invocation, ModelFamily } from './family.ts';
import { llama } from './llama.ts';
import { nova } from './nova.ts';
import { titanEmbedding } from './titan-embedding.ts';
import { titanText } from './titan-text.ts';

/** InvokeModel and its stream: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html */

/** Every family, the more particular before the more general: the order in which a body is recognised. */
const FAMILIES: readonly ModelFamily[] = [
  anthropic,
  nova,
  titanText,
  titanEmbedding,
  cohereEmbed,
  cohereRerank,
  llama,
  anyModel,
];

/** The model whose body is the directives themselves. */
const STREAM_MODEL = 'simulator.stream';

export function invokeModel(asked: Asked): Answer {
  const { invocation, family, pace } = invoke(asked);
  const answer = jsonAnswer(family.answer(invocation), { ...usageHeaders(invocation.usage), ...grantedHeaders(asked) });
  return { ...answer, delayMs: pace.delayMs };
}

export function invokeModelWithResponseStream(asked: Asked): Answer {
  const { invocation, family, pace } = invoke(asked);
  const chunks = family.chunks?.(invocation);
  if (chunks === undefined) throw invalid('The model is unsupported for streaming.');
  return streamAnswer(frames(chunks, invocation.usage), pace, {
    'x-amzn-bedrock-content-type': 'application/json',
    ...grantedHeaders(asked),
  });
}

/** The input tokens of an InvokeModel body. */
export function invokeInputTokens(modelId: string, body: JsonObject): number {
  return tokensOf(familyOf(modelId, body).read(body).prompt.length);
}

function invoke(asked: Asked): {
  readonly invocation: Invocation;
  readonly family: ModelFamily;
  readonly pace: Pace;
} {
  const modelId = asked.labels['modelId'] ?? '';
  checkModelId(modelId);
  const body = asked.json();
  const family = familyOf(modelId, body);
  checkRequired(body, family.required);

  const pace = modelId === STREAM_MODEL ? adjustPace(paceOf(body, asked.pace), body) : paceOf(body, asked.pace);
  const { prompt, question, tokensMax } = family.read(body);
  const reply = replyTo(question, pace, asked.clock, tokensMax);
  const usage = dictatedUsage(body, {
    inputTokens: tokensOf(prompt.length),
    outputTokens: tokensOf(reply.characters),
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
  });
  return { invocation: { modelId, body, reply, usage }, family, pace };
}

/** The vendor decides when the id names one; the ARN of a profile or of an own model does not, so the body's shape has to. */
function familyOf(modelId: string, body: JsonObject): ModelFamily {
  const byVendor = FAMILIES.find(({ vendor }) => vendor !== '' && modelId.includes(vendor));
  if (byVendor !== undefined) return byVendor;
  const byShape = FAMILIES.find((family) => family.recognises(body));
  return (modelId.startsWith('arn:') ? byShape : undefined) ?? anyModel;
}

function latencyMs(usage: TokenUsage): number {
  return 100 + usage.outputTokens;
}

/** Where Bedrock reports the use of a whole answer, besides the body. */
function usageHeaders(usage: TokenUsage): Readonly<Record<string, string>> {
  return {
    'x-amzn-bedrock-input-token-count': String(usage.inputTokens),
    'x-amzn-bedrock-output-token-count': String(usage.outputTokens),
    'x-amzn-bedrock-cache-read-input-token-count': String(usage.cacheReadTokens),
    'x-amzn-bedrock-cache-write-input-token-count': String(usage.cacheWriteTokens),
    'x-amzn-bedrock-invocation-latency': String(latencyMs(usage)),
  };
}

/** The service tier and latency mode that were asked for are granted. */
function grantedHeaders(asked: Asked): Readonly<Record<string, string>> {
  const names = ['x-amzn-bedrock-service-tier', 'x-amzn-bedrock-performanceconfig-latency'];
  const granted: Record<string, string> = {};
  for (const name of names) {
    const value = header(asked.request, name);
    if (value !== undefined) granted[name] = value;
  }
  return granted;
}

/** Each chunk's JSON in base64; the last one says what was used. */
function* frames(chunks: Generator<JsonObject, JsonObject, undefined>, usage: TokenUsage): Iterable<Buffer> {
  let next = chunks.next();
  while (next.done !== true) {
    yield chunkFrame(next.value);
    next = chunks.next();
  }
  yield chunkFrame({ ...next.value, 'amazon-bedrock-invocationMetrics': invocationMetrics(usage) });
}

function chunkFrame(chunk: JsonObject): Buffer {
  return eventFrame('chunk', { bytes: Buffer.from(JSON.stringify(chunk)).toString('base64') });
}

function invocationMetrics(usage: TokenUsage): JsonObject {
  return {
    inputTokenCount: usage.inputTokens,
    outputTokenCount: usage.outputTokens,
    invocationLatency: latencyMs(usage),
    firstByteLatency: 100,
    cacheReadInputTokenCount: usage.cacheReadTokens,
    cacheWriteInputTokenCount: usage.cacheWriteTokens,
  };
}
