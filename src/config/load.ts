import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { SERVICE_IDS, SERVICES } from '../domain/operations/services.ts';
import { metricsByName } from './metrics-by-name.ts';
import { settingFacts } from './setting.ts';
import { settingsSchema, type Settings } from './settings.ts';

export type SettingName = keyof Settings;

/** What is in force, and for each setting where it came from: `--port`, `OUTCROP_PORT`, `outcrop.yaml` or `default`. */
export interface LoadedConfig {
  readonly settings: Settings;
  readonly sources: ReadonlyMap<string, string>;
}

/** Where settings are looked for, strongest first: flags, environment, file. */
export interface ConfigSources {
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: { readonly name: string; readonly text: string } | null;
}

/** A configuration that can't be used. Each line names one setting, where it came from and what is wrong; no values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

export const SETTING_NAMES: readonly SettingName[] = z
  .array(settingsSchema.keyof())
  .parse(Object.keys(settingsSchema.shape));

/** @throws ConfigError naming every setting that is wrong, unknown or empty. */
export function loadConfig(from: ConfigSources): LoadedConfig {
  const given: Record<string, unknown> = {};
  const sources = new Map<string, string>();

  if (from.file !== null) {
    for (const [name, value] of Object.entries(readFileSettings(from.file))) {
      given[name] = value;
      sources.set(name, from.file.name);
    }
  }
  for (const name of SETTING_NAMES) {
    const variable = presentVariable(name, from.env);
    if (variable === undefined) continue;
    given[name] = from.env[variable];
    sources.set(name, variable);
  }
  const endpoints = endpointsFromEnvironment(from.env);
  if (Object.keys(endpoints).length > 0) {
    const inFile = z.record(z.string(), z.unknown()).safeParse(given['endpoints']);
    given['endpoints'] = { ...(inFile.success ? inFile.data : {}), ...endpoints };
    sources.set('endpoints', 'AWS_ENDPOINT_URL_*');
  }
  for (const [name, value] of Object.entries(from.flags)) {
    given[name] = value;
    sources.set(name, `--${name}`);
  }

  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => describeIssue(issue, sources)));
  const { settings, mistakes } = metricsByName(parsed.data, sources.has('metrics'));
  const ofSinks = sources.get('sinks') ?? 'default';
  if (mistakes.length > 0) throw new ConfigError(mistakes.map((line) => `sinks (from ${ofSinks}): ${line}`));
  if (settings.metrics !== parsed.data.metrics) sources.set('metrics', ofSinks);
  return { settings, sources };
}

function readFileSettings(file: { name: string; text: string }): Record<string, unknown> {
  let content: unknown;
  try {
    content = parseYaml(file.text);
  } catch (error) {
    throw new ConfigError([`${file.name}: not YAML: ${error instanceof Error ? error.message : String(error)}`]);
  }
  if (content === null || content === undefined) return {};
  const settings = z.record(z.string(), z.unknown()).safeParse(content);
  if (!settings.success)
    throw new ConfigError([`${file.name}: must be a map from setting to value, such as "port: 4000"`]);
  return settings.data;
}

/** An empty variable counts as absent, but for a secret: an empty key must not quietly mean "no key". */
function presentVariable(name: SettingName, env: ConfigSources['env']): string | undefined {
  if (name === 'endpoints') return undefined;
  const facts = settingFacts.get(settingsSchema.shape[name]);
  return facts?.env.find((variable) => {
    const value = env[variable];
    return value !== undefined && (value !== '' || facts.secret === true);
  });
}

function endpointsFromEnvironment(env: ConfigSources['env']): Record<string, string> {
  const endpoints: Record<string, string> = {};
  for (const id of SERVICE_IDS) {
    const value = env[SERVICES[id].endpointVariable];
    if (value !== undefined && value !== '') endpoints[id] = value;
  }
  return endpoints;
}

function describeIssue(issue: z.core.$ZodIssue, sources: ReadonlyMap<string, string>): string {
  if (issue.code === 'unrecognized_keys') {
    const [parent] = issue.path;
    const source = sources.get(String(parent ?? issue.keys[0])) ?? 'configuration';
    const inside = parent === undefined ? '' : ` in ${String(parent)}`;
    return `${source}: there is no setting ${issue.keys.map((key) => `"${key}"`).join(', ')}${inside}`;
  }
  const name = String(issue.path[0] ?? 'configuration');
  return `${issue.path.join('.')} (from ${sources.get(name) ?? 'default'}): ${issue.message}`;
}
