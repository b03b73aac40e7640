import { SETTING_NAMES, type LoadedConfig } from './load.ts';
import { settingFacts } from './setting.ts';
import { settingsSchema } from './settings.ts';

export interface DescribedSetting {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  readonly about: string;
}

/** Every setting in force with its source; secrets are masked whole, since a part of a short key is most of it. */
export function describeConfig({ settings, sources }: LoadedConfig): DescribedSetting[] {
  return SETTING_NAMES.map((name) => {
    const facts = settingFacts.get(settingsSchema.shape[name]);
    const value = settings[name];
    const shown = facts?.secret === true && value !== null ? '********' : JSON.stringify(value);
    return { name, value: shown, source: sources.get(name) ?? 'default', about: facts?.about ?? '' };
  });
}
