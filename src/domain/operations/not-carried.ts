import { Refusal } from '../errors.ts';
import type { Mount } from './mounts.ts';
import type { Operation } from './operation.ts';

/** First path segments of the OpenAI- and Anthropic-shaped APIs, which stand on bedrock-runtime and bedrock-mantle. */
const OTHER_SHAPES: ReadonlyMap<string, string> = new Map([
  ['openai', 'The OpenAI-shaped API of Bedrock'],
  ['anthropic', 'The Anthropic-shaped API of Bedrock'],
  ['v1', 'The OpenAI-shaped API of Bedrock'],
  ['mantle', 'bedrock-mantle'],
]);

/** @throws Refusal `notImplemented` for a path of Bedrock that is real but not served here. */
export function refuseUncarriedPath(mount: Mount | undefined, segments: readonly string[]): void {
  if (mount === undefined) {
    const namesMantle = segments[0] === 'bedrock-mantle' || segments[2] === 'bedrock-mantle';
    if (namesMantle) throw notCarried('bedrock-mantle');
    return;
  }
  const { service, segmentCount } = mount;
  const first = segments[segmentCount] ?? '';
  const shape = OTHER_SHAPES.get(first);
  if (shape !== undefined && (service === undefined || service === 'bedrock-runtime')) throw notCarried(shape);

  const isWebSocketPath =
    first === 'runtimes' && segments[segmentCount + 2] === 'ws' && segments.length === segmentCount + 3;
  if (isWebSocketPath && (service === undefined || service === 'bedrock-agentcore')) {
    throw notCarried('The WebSocket path of AgentCore runtimes');
  }
}

/** @throws Refusal `notImplemented` for an operation whose request is a stream too. */
export function refuseUncarriedOperation({ name, eventStream }: Operation): void {
  if (eventStream === 'both') throw notCarried(name);
}

function notCarried(what: string): Refusal {
  return new Refusal('notImplemented', `${what} is not carried by this gateway yet.`);
}
