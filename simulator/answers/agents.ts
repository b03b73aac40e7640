import { eventFrame } from '../event-stream.ts';
import type { JsonObject } from '../json.ts';
import { textAt } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { streamAnswer } from './answer.ts';
import type { Reply, TokenUsage } from './reply.ts';
import { dictatedUsage, paceOf, replyTo, tokensOf } from './reply.ts';
import { checkRequired } from './required.ts';

/** InvokeAgent and InvokeInlineAgent. What they used is only said in traces, and only when traces are asked for. */

/** What every agent of the account asks that has been made before. */
const AGENT_MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';

interface Turn {
  readonly reply: Reply;
  readonly usage: TokenUsage;
  readonly foundationModel: string;
  /** Undefined when the caller wants no traces. */
  readonly tracedAs: JsonObject | undefined;
}

export function invokeAgent(asked: Asked): Answer {
  const { agentId, agentAliasId } = asked.labels;
  return agentAnswer(asked, AGENT_MODEL, { agentId, agentAliasId, agentVersion: '1' });
}

export function invokeInlineAgent(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['foundationModel', 'instruction']);
  return agentAnswer(asked, textAt(body, 'foundationModel') ?? '', {});
}

/**
 * The traces of one agent's turn: the model is asked twice, to prepare and to answer, and each trace has its own usage.
 * Their sum is what the turn used.
 */
export function modelTraces(usage: TokenUsage, answer: string): readonly [JsonObject, JsonObject] {
  const prepared = { inputTokens: Math.floor(usage.inputTokens / 2), outputTokens: Math.floor(usage.outputTokens / 2) };
  const answered = {
    inputTokens: usage.inputTokens - prepared.inputTokens,
    outputTokens: usage.outputTokens - prepared.outputTokens,
  };
  return [
    { preProcessingTrace: { modelInvocationOutput: modelInvocation('simulator-0', prepared, '') } },
    { orchestrationTrace: { modelInvocationOutput: modelInvocation('simulator-1', answered, answer) } },
  ];
}

function agentAnswer(asked: Asked, foundationModel: string, identity: JsonObject): Answer {
  const body = asked.json();
  const sessionId = asked.labels['sessionId'] ?? '';
  const pace = paceOf(body, asked.pace);
  const inputText = textAt(body, 'inputText') ?? '';
  const reply = replyTo(inputText, pace, asked.clock);
  const usage = dictatedUsage(body, {
    inputTokens: tokensOf((textAt(body, 'instruction') ?? '').length + inputText.length),
    outputTokens: tokensOf(reply.characters),
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
  });
  const tracedAs = body['enableTrace'] === true ? { sessionId, ...identity } : undefined;
  return streamAnswer(frames({ reply, usage, foundationModel, tracedAs }), pace, {
    'x-amzn-bedrock-agent-content-type': 'application/json',
    'x-amz-bedrock-agent-session-id': sessionId,
  });
}

function* frames({ reply, usage, foundationModel, tracedAs }: Turn): Iterable<Buffer> {
  let answer = '';
  for (const text of reply.pieces()) {
    answer += text;
    yield eventFrame('chunk', { bytes: Buffer.from(text).toString('base64') });
  }
  if (tracedAs === undefined) return;
  const asking = (traceId: string): JsonObject => ({ modelInvocationInput: { traceId, foundationModel } });
  const [prepared, answered] = modelTraces(usage, answer);
  const traces = [
    { preProcessingTrace: asking('simulator-0') },
    prepared,
    { orchestrationTrace: asking('simulator-1') },
    answered,
  ];
  for (const trace of traces) yield eventFrame('trace', { ...tracedAs, trace });
}

function modelInvocation(traceId: string, usage: JsonObject, content: string): JsonObject {
  return { traceId, rawResponse: { content }, metadata: { usage, totalTimeMs: 100 } };
}
