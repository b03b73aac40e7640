import { existsSync, readFileSync } from 'node:fs';
import { ConfigError, loadConfig, type LoadedConfig } from './load.ts';

/** Settings on the command line. */
export interface ConfigFlags {
  readonly port?: string;
  readonly host?: string;
  readonly config?: string;
}

const DEFAULT_FILE = 'outcrop.yaml';

/** Reads flags, environment and file. @throws ConfigError */
export function readConfig(flags: ConfigFlags, env: Readonly<Record<string, string | undefined>>): LoadedConfig {
  const { config: named, ...given } = flags;
  const file = named ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null);
  return loadConfig({
    flags: Object.fromEntries(Object.entries(given).filter(([name]) => name === 'port' || name === 'host')),
    env,
    file: file === null ? null : { name: file, text: readFile(file) },
  });
}

function readFile(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `can't read the configuration file ${name}: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
}
