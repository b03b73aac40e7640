import type { z } from 'zod';
import type { DeliveryKind } from '../domain/sink-settings.ts';
import type { OwnBounds } from './delivery/bounds.ts';
import { withReferences } from './env-references.ts';
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
  /** What it can be told, and what of it is secret: for the documentation. */
  readonly options: z.ZodObject;
  readonly secrets: readonly string[];
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
  /**
   * Settings that belong to others: their variables count only where the others say what their own variables say. What the
   * environment has to prove itself to one address is nothing to show to another.
   */
  readonly belongTo?: { readonly [Name in keyof z.input<Schema>]?: readonly (keyof z.input<Schema> & string)[] };
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
    options: parts.options,
    secrets: parts.secrets,
    variables: Object.fromEntries(variables),
    prepare: (given, env) => {
      const belongTo = new Map(
        Object.entries(parts.belongTo ?? {}).map(([name, others]) => [name, others?.map(String) ?? []]),
      );
      const options = readOptions({ schema: parts.options, variables, belongTo }, given, env);
      const secrets = parts.secrets.flatMap((name) => textsIn(options[name]));
      return { secrets, open: (context) => parts.open(options, context) };
    },
  };
}

interface OptionSources<Schema> {
  readonly schema: Schema;
  readonly variables: ReadonlyMap<string, readonly string[]>;
  readonly belongTo: ReadonlyMap<string, readonly string[]>;
}

function readOptions<Schema extends z.ZodObject>(
  { schema, variables, belongTo }: OptionSources<Schema>,
  given: Readonly<Record<string, unknown>>,
  env: Environment,
): z.output<Schema> {
  const ofEnvironment = new Map<string, string>();
  for (const [name, names] of variables) {
    const value = names.map((variable) => env[variable]).find((found) => found !== undefined && found !== '');
    if (value !== undefined) ofEnvironment.set(name, value);
  }
  const missing: Parameters<typeof withReferences>[3] = [];
  const ofFile = Object.entries(given).map(
    ([name, value]) => [name, withReferences(value, env, [name], missing)] as const,
  );
  const isElsewhere = (name: string): boolean =>
    ofFile.some(([other, value]) => other === name && value !== ofEnvironment.get(name));
  for (const [name, others] of belongTo) if (others.some(isElsewhere)) ofEnvironment.delete(name);

  const values: Record<string, unknown> = Object.fromEntries([...ofEnvironment, ...ofFile]);
  const lines = missing.map(
    ({ path, variable }) => `${path.join('.')}: the environment has no ${variable}, which os.environ/${variable} names`,
  );
  const parsed = schema.safeParse(values);
  if (parsed.success && lines.length === 0) return parsed.data;
  const isTold = new Set(missing.map(({ path: [name] }) => name));
  for (const issue of parsed.error?.issues ?? []) {
    const [name = ''] = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') lines.push(`it has no setting ${issue.keys.join(', ')}`);
    else if (!isTold.has(name)) lines.push(mistake(name, values[name] === undefined, issue.message, variables));
  }
  throw new SinkSettingsError(lines);
}

function mistake(
  name: string,
  isMissing: boolean,
  message: string,
  variables: ReadonlyMap<string, readonly string[]>,
): string {
  const names = variables.get(name);
  const where = names === undefined ? name : `${name} (or ${names.join(', ')} in the environment)`;
  return isMissing ? `${where} is missing` : `${where}: ${message}`;
}

/** All texts in a value: of a list or a map, each; of an address its path and the values of its query. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (value instanceof URL) return [value.pathname, value.search, ...value.searchParams.values()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
