import { describeConfig } from '../config/describe.ts';
import type { LoadedConfig } from '../config/load.ts';
import { table } from './table.ts';

export function showConfig(config: LoadedConfig, json: boolean): string {
  const settings = describeConfig(config);
  if (json) return JSON.stringify(settings, null, 2);
  return table(settings.map(({ name, value, source }) => [name, value, source]));
}
