import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { html, raw } from 'hono/html';
import type { FieldTable } from './fields.ts';
import type { Route } from './route.ts';

const problemView = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
});

/** The API as OpenAPI 3.1, from the schemas that check its requests. */
export function describeApi(
  app: Pick<OpenAPIHono, 'openAPIRegistry' | 'getOpenAPI31Document'>,
  routes: readonly Route[],
  version: string,
): object {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' });
  for (const route of routes) app.openAPIRegistry.registerPath(describeRoute(route));
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Outcrop management API',
      version,
      description: 'Keys, teams, users, customers, budgets and the audit.',
    },
    security: [{ key: [] }],
  });
}

function describeRoute({ method, path, summary, input, answer, fields, access }: Route) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const shape = input instanceof z.ZodObject ? Object.entries(input.shape) : [];
  const rest = z.strictObject(Object.fromEntries(shape.filter(([name]) => !names.includes(name))));
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  return {
    method,
    path,
    summary,
    description: [accessText(access), refusedText(fields)].filter((text) => text !== '').join(' '),
    tags: [path.split('/').find((part) => part !== '' && part !== 'v2') ?? ''],
    request: {
      ...(names.length === 0 ? {} : { params }),
      ...(method === 'get' ? { query: rest } : { body: { content: { 'application/json': { schema: rest } } } }),
    },
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: answer } } },
      default: { description: 'Refused.', content: { 'application/json': { schema: problemView } } },
    },
  };
}

function accessText(access: Route['access']): string {
  switch (access) {
    case 'anyKey':
      return 'Any key, about what is its own; administrators about everything.';
    case 'auditor':
      return 'Administrators and viewers of everything.';
    case 'manager':
      return 'Administrators; users about their own keys; team admins about those of their teams.';
    case 'admin':
      return 'Administrators only.';
    case 'master':
      return 'The master key only.';
  }
}

function refusedText(fields: FieldTable | undefined): string {
  const refused = Object.entries(fields ?? {})
    .filter(([, row]) => typeof row === 'object')
    .map(([name]) => name);
  return refused.length === 0 ? '' : `Taken only when null or empty: ${refused.join(', ')}.`;
}

/** A page for people, without anything from elsewhere. */
export function docsPage(routes: readonly Route[], version: string) {
  const rows = routes.map(
    ({ method, path, summary, input, access }) =>
      html`<tr>
        <td><code>${method.toUpperCase()} ${path}</code></td>
        <td>${summary}. ${accessText(access)}</td>
        <td><code>${Object.keys(input instanceof z.ZodObject ? input.shape : {}).join(', ')}</code></td>
      </tr>`,
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Outcrop management API</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>Outcrop management API ${version}</h1>
        <p>
          The same for programs: <a href="openapi.json">openapi.json</a>. Send the key as
          <code>Authorization: Bearer</code>.
        </p>
        <table>
          <thead>
            <tr>
              <th>Route</th>
              <th>What it does</th>
              <th>Fields</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </body>
    </html>`;
}

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { border-bottom: 1px solid #ccc; padding: .4rem .6rem; text-align: left; vertical-align: top; }
`;
