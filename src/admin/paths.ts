/** The first segments of the management API's paths. Light on purpose: the API itself is loaded on first use. */
const ROOTS = new Set(['key', 'team', 'user', 'customer', 'end_user', 'audit', 'data-key', 'openapi.json', 'docs']);

/** Of these only the second version has routes here. */
const VERSIONED = new Set(['key', 'team']);

/** Whether a request is one for the management API. @param target the raw request target. */
export function isAdminTarget(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  const [empty, root = '', second = ''] = path.split('/', 3);
  if (empty !== '') return false;
  return root === 'v2' ? VERSIONED.has(second) : ROOTS.has(root);
}
