import { Problem, shownField } from './problem.ts';

const DEPTH_MAX = 32;

/** Names that prototypes hang on; no honest request has them. */
const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads the JSON of a request: an object, not nested deeply, without names that could reach a prototype. No body is {}.
 * @throws Problem 400, or 422 naming the field
 */
export function parseBody(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem(400, 'The body has to be a JSON object.');
  }
  const fields = Object.entries(value);
  for (const [name, inner] of fields) {
    const fault = PROTOTYPE_NAMES.has(name) ? `holds the name ${name}` : faultOf(inner, DEPTH_MAX);
    if (fault !== null) throw new Problem(422, `The body ${fault}.`, { param: shownField(name) });
  }
  return Object.fromEntries(fields);
}

/** The parser's own message quotes the body, which may hold a key. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, 'The body is not valid JSON.');
  }
}

function faultOf(value: unknown, depthLeft: number): string | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : 'holds half of a surrogate pair';
  if (typeof value !== 'object' || value === null) return null;
  if (depthLeft === 0) return `is nested deeper than ${DEPTH_MAX} levels`;
  for (const [name, inner] of Object.entries(value)) {
    if (PROTOTYPE_NAMES.has(name)) return `holds the name ${name}`;
    const fault = faultOf(inner, depthLeft - 1);
    if (fault !== null) return fault;
  }
  return null;
}
