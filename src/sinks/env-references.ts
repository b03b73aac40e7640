type Environment = Readonly<Record<string, string | undefined>>;

/** LiteLLM's way of naming a variable in a configuration file. */
const REFERENCE = 'os.environ/';

interface Missing {
  /** Of the setting, from the outside in. */
  readonly path: readonly string[];
  /** What `os.environ/` names. */
  readonly variable: string;
}

/**
 * A setting with the values of the variables that it names, wherever in it they stand. An empty variable says nothing, here
 * as everywhere.
 * @param missing gets each variable that is not there
 */
export function withReferences(value: unknown, env: Environment, path: readonly string[], missing: Missing[]): unknown {
  if (typeof value === 'string') {
    if (!value.startsWith(REFERENCE)) return value;
    const variable = value.slice(REFERENCE.length);
    const found = env[variable];
    if (!found) missing.push({ path, variable });
    return found;
  }
  const inside = (each: unknown, name: string): unknown => withReferences(each, env, [...path, name], missing);
  if (Array.isArray(value)) return value.map((each: unknown, index) => inside(each, String(index)));
  if (typeof value !== 'object' || value === null || value instanceof URL) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inside(each, name)]));
}
