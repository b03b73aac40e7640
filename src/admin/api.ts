import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { routeAllowed } from '../domain/allowed-routes.ts';
import type { HeaderList } from '../domain/headers.ts';
import { actorName, requireAccess } from './actor.ts';
import { authenticate } from './authenticate.ts';
import { parseBody } from './body.ts';
import { describeApi, docsPage } from './describe.ts';
import { nameText } from './inputs.ts';
import type { AdminParts } from './ports.ts';
import { Problem, problemBody, problemOfStoreFault, shownField } from './problem.ts';
import type { Answer, Route } from './route.ts';
import { ACTIVITY_ROUTES } from './routes/activity.ts';
import { AUDIT_ROUTES } from './routes/audit.ts';
import { BUDGET_ROUTES } from './routes/budgets.ts';
import { CREDENTIAL_ROUTES } from './routes/credentials.ts';
import { CUSTOMER_ROUTES } from './routes/customers.ts';
import { DATA_KEY_ROUTES } from './routes/data-keys.ts';
import { KEY_LIST_ROUTES } from './routes/key-lists.ts';
import { KEY_ROUTES } from './routes/keys.ts';
import { LEDGER_ROUTES } from './routes/ledger.ts';
import { MEMBER_ROUTES } from './routes/members.ts';
import { SPEND_RESET_ROUTES } from './routes/spend-resets.ts';
import { SPEND_LOG_ROUTES } from './routes/spend-logs.ts';
import { SPEND_REPORT_ROUTES } from './routes/spend-report.ts';
import { SPEND_ROUTES } from './routes/spend.ts';
import { TEAM_ROUTES } from './routes/teams.ts';
import { USAGE_ROUTES } from './routes/usage.ts';
import { USER_ROUTES } from './routes/users.ts';

/** Every route of the management API. */
export const ROUTES: readonly Route[] = [
  ...KEY_ROUTES,
  ...KEY_LIST_ROUTES,
  ...CREDENTIAL_ROUTES,
  ...TEAM_ROUTES,
  ...MEMBER_ROUTES,
  ...USER_ROUTES,
  ...CUSTOMER_ROUTES,
  ...BUDGET_ROUTES,
  ...SPEND_RESET_ROUTES,
  ...SPEND_ROUTES,
  ...SPEND_LOG_ROUTES,
  ...SPEND_REPORT_ROUTES,
  ...ACTIVITY_ROUTES,
  ...USAGE_ROUTES,
  ...LEDGER_ROUTES,
  ...AUDIT_ROUTES,
  ...DATA_KEY_ROUTES,
];

/** Paths that answer anyone: they describe the API and nothing else. */
export const PUBLIC_PATHS = ['/openapi.json', '/docs'] as const;

/** What comes with a request beside what a `Request` holds. */
export interface AdminBindings {
  readonly requestId: string;
  /** As they were on the wire: a `Request` joins what came twice. */
  readonly headers: HeaderList;
  readonly sourceAddress: string | null;
  /** Reads the body, bounded; asked for only once the caller is known. */
  readonly readText: () => Promise<string>;
}

export type AdminApi = OpenAPIHono<{ Bindings: AdminBindings }>;
type AdminContext = Context<{ Bindings: AdminBindings }>;

/** Answers hold keys and what is known of them: nobody in between keeps a copy. */
const PRIVATE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** The management API as one application. Routes come from the list above and from nowhere else. */
export function createAdminApi(parts: AdminParts): AdminApi {
  const app: AdminApi = new OpenAPIHono();
  for (const route of ROUTES) {
    app.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), (context) =>
      answer(route, context, parts),
    );
  }
  const document = describeApi(app, ROUTES, parts.version);
  app.get('/openapi.json', (context) => context.json(document));
  app.get('/docs', (context) =>
    context.html(docsPage(ROUTES, parts.version), 200, {
      ...PRIVATE,
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    }),
  );
  app.notFound((context) => refuse(context, new Problem(404, 'The management API has no such route.'), null, parts));
  app.onError((error, context) => refuse(context, toProblem(error, parts), null, parts));
  return app;
}

async function answer(route: Route, context: AdminContext, parts: AdminParts): Promise<Response> {
  try {
    const { headers, sourceAddress, readText, requestId } = context.env;
    const actor = await authenticate(headers, sourceAddress, parts);
    const isChange = route.method !== 'get' && route.access !== 'anyKey' && route.access !== 'auditor';
    if (actor.kind === 'key' && !routeAllowed(actor.allowedRoutes, context.req.path)) {
      throw new Problem(403, 'This key is not allowed to call this route: its allowed_routes do not name it.');
    }
    requireAccess(actor, route.access, isChange);

    const raw = route.method === 'get' ? query(context) : parseBody(await readText());
    const { body, headers: extra }: Answer = await route.run(
      { ...raw, ...context.req.param() },
      {
        actor,
        parts,
        sourceAddress,
        onBehalfOf: isChange ? changedBy(headers) : null,
        accept: headers.get('accept') ?? null,
      },
    );
    const facts = { requestId, route: route.path, actor: actorName(actor) };
    if (isChange) parts.log.info(facts, 'management change');
    else parts.log.debug(facts, 'management request');
    const options = { headers: { ...PRIVATE, ...extra } };
    return typeof body === 'string' ? new Response(body, options) : Response.json(body, options);
  } catch (error) {
    return refuse(context, toProblem(error, parts), route.path, parts);
  }
}

const CHANGED_BY = 'litellm-changed-by';

/** In whose name a change is made, says its actor; the audit keeps both. @throws Problem 422 */
function changedBy(headers: HeaderList): string | null {
  const value = headers.get(CHANGED_BY)?.trim();
  if (value === undefined || value === '') return null;
  if (headers.count(CHANGED_BY) === 1 && nameText.safeParse(value).success) return value;
  throw new Problem(422, `${CHANGED_BY}: is to be one name of at most 256 characters.`, { param: CHANGED_BY });
}

/** What came twice is refused: which of the two was meant can't be known. @throws Problem 422 */
function query(context: AdminContext): Record<string, string> {
  const single: [string, string][] = [];
  for (const [name, values] of Object.entries(context.req.queries())) {
    const [value] = values;
    if (values.length > 1)
      throw new Problem(422, 'A query parameter came more than once.', { param: shownField(name) });
    if (value !== undefined) single.push([name, value]);
  }
  return Object.fromEntries(single);
}

function toProblem(error: unknown, parts: AdminParts): Problem {
  if (error instanceof Problem) return error;
  const fault = parts.storeFault(error);
  const problem = fault === null ? null : problemOfStoreFault(fault, error);
  return problem ?? new Problem(500, 'A defect of the gateway. The log has the cause.', { cause: error });
}

/** @param path as the route is written: the path of the request may hold a key. */
function refuse(context: AdminContext, problem: Problem, path: string | null, { log }: AdminParts): Response {
  const { status, message, cause } = problem;
  const facts = { requestId: context.env.requestId, route: path, status, reason: message };
  if (status >= 500) log.error({ ...facts, err: cause }, 'management request failed');
  else log.info(facts, 'management request refused');
  const { retryAfterSeconds } = problem;
  const wait = retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) };
  return Response.json(problemBody(problem), { status, headers: { ...PRIVATE, ...wait } });
}
