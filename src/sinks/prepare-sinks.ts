import type { SinkSettings } from '../domain/sink-settings.ts';
import { type Environment, type PreparedSink, type SinkDefinition, SinkSettingsError } from './define-sink.ts';
import { SINKS } from './index.ts';
import { nearestName } from './nearest-name.ts';

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
      const prepared = definition.prepare(settings.options, env);
      if (settings.delivery === 'at-least-once' && definition.delivery !== 'at-least-once') {
        throw new SinkSettingsError([
          `delivery: what goes to ${settings.type} is not kept on the disk: best-effort only`,
        ]);
      }
      entries.push({ settings, definition, prepared });
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

/** What to do about a name that is none of these. */
export function hint(given: string, names: readonly string[]): string {
  const meant = nearestName(given, names);
  return `${meant === null ? ':' : `: did you mean ${meant}?`} "outcrop sinks" lists those there are`;
}

/** @throws SinkSettingsError for a name that no sink has */
export async function definitionOf(type: string): Promise<SinkDefinition> {
  const load = Object.hasOwn(SINKS, type) ? SINKS[type] : undefined;
  if (load === undefined) {
    throw new SinkSettingsError([`there is no sink of the type ${type}${hint(type, Object.keys(SINKS))}`]);
  }
  return (await load()).sink;
}
