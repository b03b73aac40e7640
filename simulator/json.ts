/** Reading untrusted JSON without trusting its shape: an absent or differently typed member reads as empty. */

export type JsonObject = Readonly<Record<string, unknown>>;

const EMPTY: JsonObject = {};

/** Whether a value is a JSON object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under a key; an empty one when there is none. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  return isObject(value) ? value : EMPTY;
}

/** The array under a key; an empty one when there is none. */
export function arrayAt(parent: JsonObject, key: string): readonly unknown[] {
  const value = parent[key];
  return Array.isArray(value) ? value : [];
}

/** The objects of the array under a key; what is not an object is left out. */
export function objectsAt(parent: JsonObject, key: string): readonly JsonObject[] {
  return arrayAt(parent, key).filter(isObject);
}

/** The text under a key; undefined when there is none. */
export function textAt(parent: JsonObject, key: string): string | undefined {
  const value = parent[key];
  return typeof value === 'string' ? value : undefined;
}

/** The finite, non-negative number under a key; undefined when there is none. */
export function numberAt(parent: JsonObject, key: string): number | undefined {
  const value = parent[key];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
