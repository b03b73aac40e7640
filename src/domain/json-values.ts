import { JsonScanner } from './json-scanner.ts';

/** What was found at a path of a JSON body. */
export type JsonString =
  | { readonly kind: 'found'; readonly value: string }
  /** No such member, or `null`, which AWS takes for the same. */
  | { readonly kind: 'absent' }
  /** A name of the path stands more than once in its object: readers differ on which one counts. */
  | { readonly kind: 'duplicate' }
  /** Not JSON, nested deeper than the bound, or something other than a string at the path. */
  | { readonly kind: 'malformed' };

const ABSENT: JsonString = { kind: 'absent' };
const MALFORMED: JsonString = { kind: 'malformed' };

/**
 * Reads the string at `path`, a list of member names, out of a JSON object without building its tree.
 *
 * The whole body is read, because a name may stand a second time at its very end. Takes time linear in the body and
 * never throws.
 */
export function readJsonString(body: Uint8Array, path: readonly string[]): JsonString {
  const scanner = new JsonScanner(body);
  try {
    const result = stringAt(scanner, path, 0);
    scanner.end();
    return result;
  } catch {
    // The scanner throws on what is not JSON: one answer for all.
    return MALFORMED;
  }
}

/** Reads the value here; `path` from `depth` on says what of it is asked for. */
function stringAt(scanner: JsonScanner, path: readonly string[], depth: number): JsonString {
  const name = path[depth];
  const start = scanner.peek();
  if (name === undefined && start === 'string') return { kind: 'found', value: scanner.string() };
  if (name === undefined || start !== 'object') {
    scanner.null();
    return ABSENT;
  }
  let result = ABSENT;
  let count = 0;
  scanner.members((member) => {
    if (member !== name) return scanner.skip(depth + 1);
    count++;
    result = stringAt(scanner, path, depth + 1);
  });
  return count > 1 ? { kind: 'duplicate' } : result;
}
