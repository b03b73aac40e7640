import { at, isObject, listAt, objectAt, parseObject, textAt, type JsonObject } from '../usage/json-shapes.ts';
import { partOf, type MessagePart } from './message-part.ts';

interface Message {
  readonly role: string;
  readonly parts: readonly MessagePart[];
}

/** What was asked, for `gen_ai.input.messages` and `gen_ai.system_instructions`. */
export interface InputMessages {
  readonly messages: readonly Message[];
  readonly system: readonly MessagePart[];
}

export interface OutputMessage extends Message {
  readonly finish_reason: string;
}

/** Where models that take no messages have what is asked. */
const PROMPTS = ['inputText', 'prompt', 'message', 'query'];
const ANSWERS = [['completion'], ['output', 'text'], ['text'], ['generation'], ['outputText']];

/** Reasons of Converse and Anthropic as the conventions have them; others stay as they are. */
const FINISH_REASONS: ReadonlyMap<string, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['tool_use', 'tool_call'],
  ['guardrail_intervened', 'content_filter'],
  ['content_filtered', 'content_filter'],
]);

/**
 * A request as messages of the semantic conventions: those of Converse and Anthropic one by one, of other models the prompt,
 * of anything else the text of the request as it is.
 * https://github.com/open-telemetry/semantic-conventions/blob/main/docs/gen-ai/gen-ai-input-messages.json
 */
export function inputMessages(request: string): InputMessages {
  const body = parseObject(request);
  const messages = listAt(body, 'messages').filter(isObject).map(messageOf);
  if (messages.length > 0) return { messages, system: partsOf(body?.['system']) };
  const prompt = PROMPTS.map((name) => textAt(body, name)).find((text) => text !== null);
  return { messages: [{ role: 'user', parts: partsOf(prompt ?? request) }], system: [] };
}

/**
 * An answer as a message of the semantic conventions.
 * https://github.com/open-telemetry/semantic-conventions/blob/main/docs/gen-ai/gen-ai-output-messages.json
 * @param isWhole whether the answer came to its end
 */
export function outputMessage(response: string, isWhole: boolean): OutputMessage {
  const body = parseObject(response);
  const message = objectAt(body, 'output', 'message') ?? (Array.isArray(body?.['content']) ? body : null);
  const reason = textAt(body, 'stopReason') ?? textAt(body, 'stop_reason') ?? (isWhole ? 'end_turn' : 'error');
  const finishReason = FINISH_REASONS.get(reason) ?? reason;
  if (message !== null) return { ...messageOf(message), finish_reason: finishReason };
  const text = ANSWERS.map((path) => textAt(body, ...path)).find((one) => one !== null);
  return { role: 'assistant', parts: partsOf(text ?? response), finish_reason: finishReason };
}

function messageOf(message: JsonObject): Message {
  return { role: textAt(message, 'role') ?? 'assistant', parts: partsOf(at(message, 'content')) };
}

function partsOf(content: unknown): MessagePart[] {
  if (typeof content === 'string') return [{ type: 'text', content }];
  return Array.isArray(content) ? content.map(partOf) : [];
}
