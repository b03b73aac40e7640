/** The first segments of the management API's paths. Light on purpose: the API itself is loaded on first use. */
const ROOTS = new Set([
  'key',
  'team',
  'user',
  'customer',
  'end_user',
  'budget',
  'global',
  'spend',
  'usage',
  'ledger',
  'audit',
  'data-key',
  'openapi.json',
  'docs',
]);

/** Of these only the second version has routes here. */
const VERSIONED = new Set(['key', 'team']);

/** Whether a request is one for the management API. @param target the raw request target. */
export function isAdminTarget(target: string): boolean {
  if (!target.startsWith('/')) return false;
  const rootEnd = segmentEnd(target, 1);
  const root = target.slice(1, rootEnd);
  if (root !== 'v2') return ROOTS.has(root);
  return target[rootEnd] === '/' && VERSIONED.has(target.slice(rootEnd + 1, segmentEnd(target, rootEnd + 1)));
}

/** Every request comes by here, so nothing is taken apart that does not have to be. */
function segmentEnd(target: string, from: number): number {
  let end = from;
  while (end < target.length && target[end] !== '/' && target[end] !== '?') end += 1;
  return end;
}
