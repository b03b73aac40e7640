import { header } from '../arrived-request.ts';
import { eventFrame } from '../event-stream.ts';
import { textAt } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { streamAnswer } from './answer.ts';
import { paceOf } from './reply.ts';
import { checkRequired } from './required.ts';

/** The event streams of AgentCore that are not a conversation. */

const RUNTIME_SESSION = 'x-amzn-bedrock-agentcore-runtime-session-id';

/** InvokeCodeInterpreter: every tool prints its name. */
export function invokeCodeInterpreter(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['name']);
  const text = `The tool ${textAt(body, 'name')} ran in the simulator.`;
  const result = {
    content: [{ type: 'text', text }],
    structuredContent: { stdout: text, stderr: '', exitCode: 0, executionTime: 0.1 },
    isError: false,
  };
  const session = header(asked.request, 'x-amzn-code-interpreter-session-id') ?? 'simulator';
  return streamAnswer([eventFrame('result', result)], paceOf(body, asked.pace), {
    'x-amzn-code-interpreter-session-id': session,
  });
}

/** InvokeAgentRuntimeCommand: every command prints itself and succeeds. */
export function invokeAgentRuntimeCommand(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['command']);
  const frames = [
    eventFrame('chunk', { contentStart: {} }),
    eventFrame('chunk', { contentDelta: { stdout: `${textAt(body, 'command')}\n` } }),
    eventFrame('chunk', { contentStop: { exitCode: 0, status: 'COMPLETED' } }),
  ];
  const session = header(asked.request, RUNTIME_SESSION) ?? 'simulator';
  return streamAnswer(frames, paceOf(body, asked.pace), { [RUNTIME_SESSION]: session });
}
