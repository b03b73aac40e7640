import type { LoadedConfig } from './load.ts';
import { isRegion } from '../domain/aws/partitions.ts';

/** Takes the region of the AWS profile in use when no setting names one, as every AWS SDK does. */
export async function withDefaultRegion(
  config: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoadedConfig> {
  if (config.settings.region !== null) return config;
  const profile = env['AWS_PROFILE'] ?? 'default';
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile } = await loadSharedConfigFiles();
  const region = configFile[profile]?.['region'];
  if (region === undefined || !isRegion(region)) return config;
  const sources = new Map(config.sources).set('region', `AWS profile ${profile}`);
  return { settings: { ...config.settings, region }, sources };
}
