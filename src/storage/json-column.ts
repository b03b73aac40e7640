import type { JsonObject } from '../domain/json.ts';
/** @throws TypeError for text that is not a JSON object: the row was not written by us. */
export function parseObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new TypeError('A stored JSON column does not hold an object.');
  return value;
}

/** Of a column that may hold nothing. @throws TypeError */
export function parseObjectOrNull(text: string | null): JsonObject | null {
  return text === null ? null : parseObject(text);
}

export function parseStrings(text: string): readonly string[] {
  const value: unknown = JSON.parse(text);
  if (!isStrings(value)) throw new TypeError('A stored JSON column does not hold a list of strings.');
  return value;
}

export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

/** What came out of JSON.parse and is an object, holds JSON all the way down. */
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
