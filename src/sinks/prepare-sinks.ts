import type { SinkSettings } from '../domain/sink-settings.ts';
import { type Environment, type PreparedSink, type SinkDefinition, SinkSettingsError } from './define-sink.ts';
import { SINKS } from './index.ts';

/** The first of those that sinks at AWS look at. */
const REGION_VARIABLE = 'OUTCROP_REGION';

/** A sink whose settings are right, as far as can be told without its receiver. */
export interface PreparedEntry {
  readonly settings: SinkSettings;
  readonly definition: SinkDefinition;
  readonly prepared: PreparedSink;
}

/** @throws SinkSettingsError with a line for every mistake of every sink; none has been opened then */
export async function prepareSinks(
  sinks: readonly SinkSettings[],
  env: Environment,
): Promise<readonly PreparedEntry[]> {
  const entries: PreparedEntry[] = [];
  const mistakes: string[] = [];
  for (const settings of sinks) {
    try {
      const definition = await definitionOf(settings.type);
      entries.push({ settings, definition, prepared: definition.prepare(settings.options, env) });
    } catch (error) {
      if (!(error instanceof SinkSettingsError)) throw error;
      mistakes.push(...error.lines.map((line) => `sink ${settings.name}: ${line}`));
    }
  }
  if (mistakes.length > 0) throw new SinkSettingsError(mistakes);
  return entries;
}

/** The environment with the region of the gateway, for sinks at AWS that are told no other. */
export function withRegion(env: Environment, region: string | null): Environment {
  return region === null || env[REGION_VARIABLE] ? env : { ...env, [REGION_VARIABLE]: region };
}

/** @throws SinkSettingsError for a name that no sink has */
export async function definitionOf(type: string): Promise<SinkDefinition> {
  const load = Object.hasOwn(SINKS, type) ? SINKS[type] : undefined;
  if (load === undefined) {
    throw new SinkSettingsError([`there is no sink of the type ${type}; there are ${Object.keys(SINKS).join(', ')}`]);
  }
  return (await load()).sink;
}
