/**
 * Writes the operation tables of the gateway and of the simulator from the operation schemas of the installed AWS SDK
 * clients. With `--check` it writes nothing and fails when a committed table is not what these clients say.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { NormalizedSchema } from '@smithy/core/schema';
import type { NamedRow } from '../src/domain/operations/named/place.ts';
import type { OperationRow } from '../src/domain/operations/operation.ts';
import { SERVICES, SERVICE_IDS } from '../src/domain/operations/services.ts';
import type { ServiceId } from '../src/domain/operations/services.ts';
import { namedPlaces } from './named-members.ts';

type SchemaRef = Parameters<typeof NormalizedSchema.of>[0];
type OperationSchema = readonly [kind: 9, namespace: string, name: string, traits: unknown, SchemaRef, SchemaRef];

/** The `X-Amz-Target` of awsJson operations is not in the schemas' traits but a constant of the client. */
const AWS_JSON_HEADERS = ['x-amz-target'];

const require = createRequire(import.meta.url);

function isOperationSchema(value: unknown): value is OperationSchema {
  return Array.isArray(value) && value[0] === 9 && value.length === 6;
}

function httpBinding(service: ServiceId, schema: OperationSchema): { method: string; path: string } {
  if (SERVICES[service].protocol === 'aws-json-1.1') return { method: 'POST', path: '/' };
  const traits = schema[3];
  if (typeof traits === 'object' && traits !== null && 'http' in traits && Array.isArray(traits.http)) {
    const [method, path]: unknown[] = traits.http;
    if (typeof method === 'string' && typeof path === 'string') return { method, path };
  }
  throw new Error(`${service}:${schema[2]} has no http binding`);
}

function inputHeaders(service: ServiceId, input: NormalizedSchema): string[] {
  if (SERVICES[service].protocol === 'aws-json-1.1') return AWS_JSON_HEADERS;
  if (!input.isStructSchema()) return [];
  return [...input.structIterator()].flatMap(([member, schema]) => {
    const { httpHeader, httpPrefixHeaders } = schema.getMergedTraits();
    if (httpPrefixHeaders !== undefined) throw new Error(`prefix headers of ${member} need a rule of their own`);
    return httpHeader === undefined ? [] : [httpHeader.toLowerCase()];
  });
}

function hasEventStream(schema: NormalizedSchema): boolean {
  return schema.isStructSchema() && schema.getEventStreamMember() !== '';
}

function streamsBytes(output: NormalizedSchema): boolean {
  return (
    output.isStructSchema() &&
    [...output.structIterator()].some(([, member]) => member.isStreaming() && member.isBlobSchema())
  );
}

function operationRow(service: ServiceId, schema: OperationSchema): OperationRow {
  const { method, path } = httpBinding(service, schema);
  const input = NormalizedSchema.of(schema[4]);
  const output = NormalizedSchema.of(schema[5]);
  const eventStream = hasEventStream(input) ? 'both' : hasEventStream(output) ? 'out' : 'none';
  const head = [service, schema[2], method, path, eventStream, inputHeaders(service, input)] as const;
  return streamsBytes(output) ? [...head, 'bytes'] : head;
}

/** The tables' lines of one operation. */
interface Rows {
  readonly operation: OperationRow;
  readonly named: NamedRow;
}

async function rowsOf(service: ServiceId): Promise<Rows[]> {
  const client: Record<string, unknown> = await import(`@aws-sdk/client-${service}`);
  return Object.values(client)
    .filter(isOperationSchema)
    .map((schema): Rows => {
      const places = namedPlaces(service, schema[2], NormalizedSchema.of(schema[4]));
      return { operation: operationRow(service, schema), named: [`${service}:${schema[2]}`, places] };
    })
    .toSorted((a, b) => (a.operation[1] < b.operation[1] ? -1 : 1));
}

async function clientVersion(service: ServiceId): Promise<string> {
  const packageFile = require.resolve(`@aws-sdk/client-${service}/package.json`);
  const { version }: { version: string } = JSON.parse(await readFile(packageFile, 'utf8'));
  return ` *   @aws-sdk/client-${service} ${version}`;
}

function gatewayTable(rows: readonly OperationRow[], versions: readonly string[]): string {
  return [
    '/**',
    ' * Written by `npm run update-operations`; change that script instead. Sources:',
    ...versions,
    ' */',
    "import type { OperationRow } from './operation.ts';",
    '',
    'export const OPERATION_ROWS: readonly OperationRow[] = [',
    ...rows.map((row) => `  ${JSON.stringify(row)},`),
    '];',
    '',
  ].join('\n');
}

function namedTable(rows: readonly NamedRow[], versions: readonly string[]): string {
  return [
    '/**',
    ' * Written by `npm run update-operations`; change that script instead. Sources:',
    ...versions,
    ' */',
    "import type { NamedRow } from './place.ts';",
    '',
    'export const NAMED_ROWS: readonly NamedRow[] = [',
    ...rows.filter(([, places]) => places.length > 0).map((row) => `  ${JSON.stringify(row)},`),
    '];',
    '',
  ].join('\n');
}

function simulatorTable(rows: readonly OperationRow[]): string {
  const lines = rows.map(([service, operation, method, uri, , inputHeaders]) =>
    JSON.stringify({ service, operation, method, uri, inputHeaders }),
  );
  return `[\n${lines.join(',\n')}\n]\n`;
}

async function matchesFile(file: URL, text: string): Promise<boolean> {
  return (await readFile(file, 'utf8').catch(() => undefined)) === text;
}

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const allRows = (await Promise.all(SERVICE_IDS.map(rowsOf))).flat();
const rows = allRows.map(({ operation }) => operation);
const versions = await Promise.all(SERVICE_IDS.map(clientVersion));
const outputs = [
  { file: new URL('../src/domain/operations/table.generated.ts', import.meta.url), text: gatewayTable(rows, versions) },
  {
    file: new URL('../src/domain/operations/named/table.generated.ts', import.meta.url),
    text: namedTable(
      allRows.map(({ named }) => named),
      versions,
    ),
  },
  { file: new URL('../simulator/operations.generated.json', import.meta.url), text: simulatorTable(rows) },
];

for (const { file, text } of outputs) {
  if (!options.check) {
    await writeFile(file, text);
  } else if (!(await matchesFile(file, text))) {
    console.error(`${file.pathname} is not what the AWS SDK clients say: run "npm run update-operations".`);
    process.exitCode = 1;
  }
}
console.log(`${rows.length} operations of ${SERVICE_IDS.length} services`);
