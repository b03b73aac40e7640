/**
 * Which paths of the gateway a key may call at all, as LiteLLM writes it: exact paths, prefixes (`/key` allows
 * `/key/info`), a `*` at the end, and groups.
 */
const GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ['llm_api_routes', ['/bedrock']],
  [
    'info_routes',
    [
      '/key/info',
      '/v2/key/info',
      '/key/list',
      '/key/aliases',
      '/key/health',
      '/team/info',
      '/team/list',
      '/spend',
      '/usage',
    ],
  ],
  ['self_managed_routes', ['/key/aws-credentials']],
  [
    'management_routes',
    [
      '/key',
      '/v2/key',
      '/team',
      '/v2/team',
      '/user',
      '/customer',
      '/end_user',
      '/budget',
      '/global',
      '/spend',
      '/usage',
      '/ledger',
      '/audit',
    ],
  ],
]);

const FORM = /^\/[A-Za-z0-9_./{}-]*\*?$/;

/** Whether an entry can be understood: what can't would allow something else than its author meant. */
export function isAllowedRoute(entry: string): boolean {
  return GROUPS.has(entry) || (entry.length <= 256 && FORM.test(entry));
}

/** @param allowed null or empty: every path. @param path as it was routed, without a query. */
export function routeAllowed(allowed: readonly string[] | null, path: string): boolean {
  if (allowed === null || allowed.length === 0) return true;
  return expand(allowed).some((entry) => matches(entry, path));
}

/** Whether everything the inner list allows is allowed by the outer one. */
export function routesWithin(inner: readonly string[] | null, outer: readonly string[] | null): boolean {
  if (outer === null || outer.length === 0) return true;
  if (inner === null || inner.length === 0) return false;
  return expand(inner).every((entry) => expand(outer).some((wider) => covers(wider, entry)));
}

function expand(entries: readonly string[]): readonly string[] {
  return entries.flatMap((entry) => GROUPS.get(entry) ?? [entry]);
}

function matches(entry: string, path: string): boolean {
  if (entry.endsWith('*')) return path.startsWith(entry.slice(0, -1));
  return path === entry || path.startsWith(entry.endsWith('/') ? entry : `${entry}/`);
}

function covers(outer: string, inner: string): boolean {
  // What begins with `/key*` may go on as `/keys`, which the plain `/key` does not allow.
  if (inner.endsWith('*') && !outer.endsWith('*')) return matches(outer, inner.slice(0, -1)) && inner !== `${outer}*`;
  return matches(outer, inner.endsWith('*') ? inner.slice(0, -1) : inner);
}
