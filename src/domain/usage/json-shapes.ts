/** Looks into values of unknown shape. Total: whatever is not as expected is null or nothing. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses a small object.
 * @param text may be latin1 of UTF-8: numbers and the names AWS gives are ASCII
 */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The value at a path of member names; undefined where there is none. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let inner = value;
  for (const name of path) {
    if (!isObject(inner)) return undefined;
    inner = inner[name];
  }
  return inner;
}

export function objectAt(value: unknown, ...path: readonly string[]): JsonObject | null {
  const inner = at(value, ...path);
  return isObject(inner) ? inner : null;
}

export function textAt(value: unknown, ...path: readonly string[]): string | null {
  const inner = at(value, ...path);
  return typeof inner === 'string' ? inner : null;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const inner = at(value, ...path);
  return Array.isArray(inner) ? inner : [];
}

/** A whole number that is exact and not negative; null for anything else. */
export function countAt(value: unknown, ...path: readonly string[]): number | null {
  const inner = at(value, ...path);
  return typeof inner === 'number' && Number.isSafeInteger(inner) && inner >= 0 ? inner : null;
}
