import type { ServiceId } from './services.ts';

const MEBIBYTE = 1024 * 1024;

/** Above every request size AWS documents for the operations not named below. */
export const BODY_BYTES_DEFAULT_MAX = 32 * MEBIBYTE;

/** Bytes inside JSON travel as base64, four characters for three bytes; one MiB for the JSON around them. */
function asBase64(bytes: number): number {
  return Math.ceil(bytes / 3) * 4 + MEBIBYTE;
}

// 20 images of 3.75 MB and five documents of 4.5 MB: bedrock/latest/APIReference/API_runtime_Message.html
const MESSAGE_BYTES_MAX = asBase64(20 * 3_750_000 + 5 * 4_500_000);

/** Larger bounds where AWS documents more, each with the page of docs.aws.amazon.com that says so. */
const DOCUMENTED_BYTES_MAX: ReadonlyMap<string, number> = new Map([
  ['bedrock-runtime:Converse', MESSAGE_BYTES_MAX],
  ['bedrock-runtime:ConverseStream', MESSAGE_BYTES_MAX],
  ['bedrock-runtime:CountTokens', MESSAGE_BYTES_MAX],
  // 20 images of 4 MB: bedrock/latest/userguide/guardrails-mmfilter.html
  ['bedrock-runtime:ApplyGuardrail', asBase64(20 * 4_000_000)],
  // Payloads of 100 MB, harnesses included: bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
  ['bedrock-agentcore:InvokeAgentRuntime', 100 * MEBIBYTE],
  ['bedrock-agentcore:InvokeAgentRuntimeCommand', 100 * MEBIBYTE],
  ['bedrock-agentcore:InvokeHarness', 100 * MEBIBYTE],
  // Inline uploads of 100 MB: bedrock-agentcore/latest/devguide/code-interpreter-tool.html
  ['bedrock-agentcore:InvokeCodeInterpreter', asBase64(100 * MEBIBYTE)],
]);

/**
 * The tag operations of `bedrock` and `bedrock-data-automation` are told apart by reading their body, which takes time
 * of everyone's: 200 tags of 128 and 256 characters, the most they may carry, stay below this even in four-byte UTF-8.
 */
const TAGS_BYTES_MAX = MEBIBYTE;
const TAG_OPERATION = /^(?:ListTagsFor|Tag|Untag)Resource$/;

/** The largest request body, in bytes, that an operation may carry. */
export function bodyBytesMaxOf(service: ServiceId, name: string): number {
  if (TAG_OPERATION.test(name)) return TAGS_BYTES_MAX;
  return DOCUMENTED_BYTES_MAX.get(`${service}:${name}`) ?? BODY_BYTES_DEFAULT_MAX;
}
