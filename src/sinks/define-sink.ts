import type { z } from 'zod';
import type { DeliveryKind } from '../domain/sink-settings.ts';
import type { OwnBounds } from './delivery/bounds.ts';
import type { Sink, SinkContext } from './sink.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the values of settings come from that the configuration does not give: the first variable that says something. */
export type Variables<Options> = { readonly [Name in keyof Options]?: readonly string[] };

/** Settings that have been looked at. */
export interface PreparedSink {
  /** What must never be shown. */
  readonly secrets: readonly string[];
  open(context: SinkContext): Sink | Promise<Sink>;
}

/** One kind of sink, as its file tells it. */
export interface SinkDefinition {
  /** For people who look for one: a few words. */
  readonly about: string;
  readonly delivery: DeliveryKind;
  readonly bounds: OwnBounds;
  /** Environment variables by setting. */
  readonly variables: Readonly<Record<string, readonly string[]>>;
  /** @throws SinkSettingsError with a line for every mistake, without values */
  prepare(given: Readonly<Record<string, unknown>>, env: Environment): PreparedSink;
}

interface SinkParts<Schema extends z.ZodObject> {
  readonly about: string;
  readonly delivery: DeliveryKind;
  readonly bounds?: OwnBounds;
  /** LiteLLM's names, where it has the same thing. */
  readonly options: Schema;
  readonly variables: Variables<z.input<Schema>>;
  /** Names of the options that are secret. */
  readonly secrets: readonly (keyof z.output<Schema> & string)[];
  /** @throws SinkSettingsError where settings do not go together */
  readonly open: (options: z.output<Schema>, context: SinkContext) => Sink | Promise<Sink>;
}

/** What is wrong with the settings of sinks: lines for who wrote them, without values. */
export class SinkSettingsError extends Error {
  override readonly name = 'SinkSettingsError';
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Makes a definition of its parts: settings are read from the configuration first, then from the environment. */
export function defineSink<Schema extends z.ZodObject>(parts: SinkParts<Schema>): SinkDefinition {
  const variables = new Map(
    Object.entries(parts.variables).flatMap(([name, list]) => (Array.isArray(list) ? [[name, list.map(String)]] : [])),
  );
  return {
    about: parts.about,
    delivery: parts.delivery,
    bounds: parts.bounds ?? {},
    variables: Object.fromEntries(variables),
    prepare: (given, env) => {
      const options = readOptions(parts.options, variables, given, env);
      const secrets = parts.secrets.flatMap((name) => textsIn(options[name]));
      return { secrets, open: (context) => parts.open(options, context) };
    },
  };
}

function readOptions<Schema extends z.ZodObject>(
  schema: Schema,
  variables: ReadonlyMap<string, readonly string[]>,
  given: Readonly<Record<string, unknown>>,
  env: Environment,
): z.output<Schema> {
  const values: Record<string, unknown> = {};
  for (const [name, names] of variables) {
    const value = names.map((variable) => env[variable]).find((found) => found !== undefined && found !== '');
    if (value !== undefined) values[name] = value;
  }
  for (const [name, value] of Object.entries(given)) values[name] = fromEnvironment(value, env);
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new SinkSettingsError(
    parsed.error.issues.map((issue) => {
      if (issue.code === 'unrecognized_keys') return `it has no setting ${issue.keys.join(', ')}`;
      const [name = ''] = issue.path.map(String);
      const isMissing = values[name] === undefined;
      const names = variables.get(name);
      const where = names === undefined ? name : `${name} (or ${names.join(', ')} in the environment)`;
      return isMissing ? `${where} is missing` : `${where}: ${issue.message}`;
    }),
  );
}

/** LiteLLM's way of naming a variable in a configuration file. */
const REFERENCE = 'os.environ/';

function fromEnvironment(value: unknown, env: Environment): unknown {
  return typeof value === 'string' && value.startsWith(REFERENCE) ? env[value.slice(REFERENCE.length)] : value;
}

/** All texts in a value: of a list or a map, each; of an address its path and the values of its query. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (value instanceof URL) return [value.pathname, value.search, ...value.searchParams.values()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
