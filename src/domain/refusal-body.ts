import type { Refusal } from './errors.ts';

/**
 * The JSON of a refusal: `message` and `__type` for the AWS SDKs, the `error` envelope for clients written for LiteLLM,
 * whose `code` is the status as text.
 */
export function refusalBody(refusal: Refusal, status: number): Uint8Array {
  const { message } = refusal;
  const { exception, type } = refusal.row;
  return Buffer.from(
    JSON.stringify({ message, __type: exception, error: { message, type, param: null, code: String(status) } }),
  );
}
