import { z } from 'zod';

/** What the documentation and `outcrop config` know of a setting beside its type. */
interface SettingFacts {
  /** Environment variables that set it; the first that is present wins. */
  readonly env: readonly string[];
  readonly about: string;
  /** Shown masked, never logged. */
  readonly secret?: true;
}

/** The facts of each setting, by its schema. */
export const settingFacts = z.registry<SettingFacts>();

export const MIB = 1024 * 1024;

/** A text that says something. */
export const text = z.string().trim().min(1);
export const flag = () =>
  z.union([z.boolean(), z.stringbool({ truthy: ['true', '1', 'yes'], falsy: ['false', '0', 'no'] })]).default(false);
export const whole = (minimum: number, maximum: number, initial: number) => {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z.coerce.number(error).int(error).min(minimum, error).max(maximum, error).default(initial);
};
/** A list, in the environment with commas. */
export const list = z.union([z.array(text), z.string().transform(splitList)]);

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
