import { eventFrame } from '../event-stream.ts';
import { objectAt, objectsAt, textAt } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { streamAnswer } from './answer.ts';
import { modelTraces } from './agents.ts';
import type { Reply, TokenUsage } from './reply.ts';
import { dictatedUsage, paceOf, replyTo, tokensOf, wholeText } from './reply.ts';
import { checkRequired } from './required.ts';
import { sessionIdOf } from './session.ts';

/** InvokeFlow: a flow of one agent node. Only its traces say what that node used. */
export function invokeFlow(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['inputs']);
  const [input = {}] = objectsAt(body, 'inputs');
  const document = objectAt(input, 'content')['document'];
  const question = typeof document === 'string' ? document : JSON.stringify(document ?? '');
  const pace = paceOf(body, asked.pace);
  const reply = replyTo(question, pace, asked.clock);
  const usage = dictatedUsage(body, {
    inputTokens: tokensOf(question.length),
    outputTokens: tokensOf(reply.characters),
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
  });
  const tracedAtMs = body['enableTrace'] === true ? asked.clock() : undefined;
  return streamAnswer(frames(reply, usage, tracedAtMs), pace, {
    'x-amz-bedrock-flow-execution-id': textAt(body, 'executionId') ?? sessionIdOf(question),
  });
}

function* frames(reply: Reply, usage: TokenUsage, tracedAtMs: number | undefined): Iterable<Buffer> {
  const document = wholeText(reply);
  if (tracedAtMs !== undefined) {
    const agentTraces = modelTraces(usage, document).map((trace) => ({ trace }));
    const timestamp = new Date(tracedAtMs).toISOString();
    const nodeDependencyTrace = { nodeName: 'Agent', timestamp, traceElements: { agentTraces } };
    yield eventFrame('flowTraceEvent', { trace: { nodeDependencyTrace } });
  }
  yield eventFrame('flowOutputEvent', { content: { document }, nodeName: 'Output', nodeType: 'FlowOutputNode' });
  yield eventFrame('flowCompletionEvent', { completionReason: 'SUCCESS' });
}
