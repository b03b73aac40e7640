import { at, isObject, objectAt, textAt } from '../usage/json-shapes.ts';

/** A part of a message as the semantic conventions have it; what they have no part for keeps its own members. */
export interface MessagePart {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A block of content of Converse (`{"text":…}`) or Anthropic (`{"type":"text",…}`). */
export function partOf(block: unknown): MessagePart {
  if (!isObject(block)) return { type: 'text', content: String(block) };
  const text = textAt(block, 'text');
  if (text !== null) return { type: 'text', content: text };
  const reasoning = textAt(block, 'reasoningContent', 'reasoningText', 'text') ?? textAt(block, 'thinking');
  if (reasoning !== null) return { type: 'reasoning', content: reasoning };
  return toolCall(block) ?? toolResponse(block) ?? otherPart(block);
}

function toolCall(block: object): MessagePart | null {
  const call = objectAt(block, 'toolUse') ?? (at(block, 'type') === 'tool_use' ? block : null);
  if (call === null) return null;
  const id = textAt(call, 'toolUseId') ?? textAt(call, 'id');
  return { type: 'tool_call', id, name: textAt(call, 'name') ?? '', arguments: at(call, 'input') };
}

function toolResponse(block: object): MessagePart | null {
  const result = objectAt(block, 'toolResult') ?? (at(block, 'type') === 'tool_result' ? block : null);
  if (result === null) return null;
  const id = textAt(result, 'toolUseId') ?? textAt(result, 'tool_use_id');
  return { type: 'tool_call_response', id, response: at(result, 'content') ?? null };
}

function otherPart(block: object): MessagePart {
  const [first] = Object.keys(block);
  return { ...block, type: textAt(block, 'type') ?? first ?? 'unknown' };
}
