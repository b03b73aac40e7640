import type { CallRecord } from '../call-record.ts';
import { OPERATIONS } from '../operations/table.ts';
import { snakeCase } from './snake-case.ts';

/**
 * What the semantic conventions call an operation of Bedrock. Theirs are chat, text_completion, generate_content, embeddings,
 * retrieval, invoke_agent, execute_tool; what they have no name for goes by its own, in their spelling.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['bedrock-runtime:Converse', 'chat'],
  ['bedrock-runtime:ConverseStream', 'chat'],
  ['bedrock-agent-runtime:InvokeAgent', 'invoke_agent'],
  ['bedrock-agent-runtime:InvokeInlineAgent', 'invoke_agent'],
  ['bedrock-agentcore:InvokeAgentRuntime', 'invoke_agent'],
  ['bedrock-agentcore:InvokeHarness', 'invoke_agent'],
  ['bedrock-agentcore:InvokeCodeInterpreter', 'execute_tool'],
  ['bedrock-agent-runtime:Retrieve', 'retrieval'],
  ['bedrock-agent-runtime:RetrieveAndGenerate', 'chat'],
  ['bedrock-agent-runtime:RetrieveAndGenerateStream', 'chat'],
]);

const INVOKES_MODEL = new Set([
  'bedrock-runtime:InvokeModel',
  'bedrock-runtime:InvokeModelWithResponseStream',
  'bedrock-runtime:InvokeModelWithBidirectionalStream',
  'bedrock-runtime:StartAsyncInvoke',
]);

/** What the name of a model tells of what it does; the rest chats. */
const BY_MODEL: readonly (readonly [part: RegExp, operation: string])[] = [
  [/embed/, 'embeddings'],
  [/rerank/, 'rerank'],
  [/image|canvas|reel|stability\.|luma\./, 'generate_content'],
  [/titan-t(?:ext|g1)/, 'text_completion'],
];

const STREAMING: ReadonlySet<string> = new Set(
  OPERATIONS.filter(({ eventStream }) => eventStream !== 'none').map(({ qualifiedName }) => qualifiedName),
);

/** Null for what is no use of a model, an agent or a tool: control planes, and what was refused before it was known. */
export function genAiOperation({ service, operation, operationKind, modelId }: CallRecord): string | null {
  if (service === null || operation === null || operationKind !== 'invoke') return null;
  const name = `${service}:${operation}`;
  if (INVOKES_MODEL.has(name)) return BY_MODEL.find(([part]) => part.test(modelId ?? ''))?.[1] ?? 'chat';
  return NAMES.get(name) ?? snakeCase(operation);
}

/** Whether the answer comes as a stream. */
export function isStreaming({ service, operation }: CallRecord): boolean {
  return STREAMING.has(`${service}:${operation}`);
}
