import { invalid } from '../bedrock-error.ts';
import type { JsonObject } from '../json.ts';

/** Throws 400 and names the top-level members that are missing. */
export function checkRequired(body: JsonObject, names: readonly string[]): void {
  const missing = names.filter((name) => body[name] === undefined || body[name] === null);
  if (missing.length > 0)
    throw invalid(`Malformed input request: required members are missing: ${missing.join(', ')}.`);
}
