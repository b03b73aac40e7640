import { z } from 'zod';
import { SETTING_NAMES } from '../../src/config/load.ts';
import { settingFacts } from '../../src/config/setting.ts';
import { settingsSchema } from '../../src/config/settings.ts';
import { SERVICE_IDS, SERVICES } from '../../src/domain/operations/services.ts';
import { code, markdownTable } from './markdown-table.ts';

/** What of a setting's JSON Schema the page tells. */
const valueSchema = z.object({
  default: z.unknown(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  anyOf: z.array(z.object({ type: z.string().optional(), const: z.string().optional() })).optional(),
});
type Value = z.output<typeof valueSchema>;

const schema = z
  .object({ properties: z.record(z.string(), valueSchema) })
  .parse(z.toJSONSchema(settingsSchema, { io: 'output', unrepresentable: 'any' }));

/** `docs/configuration.md`: every setting with its names, default, bounds and words. */
export function configurationPage(): string {
  const rows = SETTING_NAMES.map((name) => {
    const facts = settingFacts.get(settingsSchema.shape[name]);
    const value = schema.properties[name];
    if (facts === undefined || value === undefined) throw new Error(`The setting ${name} has no facts.`);
    const about = facts.secret === true ? `${facts.about} A secret: shown masked.` : facts.about;
    const initial = value.default === null ? '' : code(JSON.stringify(value.default));
    return [code(name), variables(facts.env), initial, values(value), about];
  });
  return `# Configuration

<!-- Written by \`npm run write-docs\` from src/config/settings.ts: change that. -->

Every setting has one name. It can be given, strongest first, by

1. a flag: \`--port\`, \`--host\`, and \`--config <file>\`;
2. an environment variable: where several are named below, the first that is set wins;
3. a YAML file, \`outcrop.yaml\` in the folder the gateway starts in or the one \`--config\` names, as \`name: value\` lines.

\`outcrop config\` prints what is in force and where each value came from, with secrets masked. A value that is wrong, or a
name in the file that is no setting, stops the start with a line that names it. An empty environment variable counts as not
set; only an empty secret is refused, because it must not quietly mean "no key".

The standard AWS variables for credentials (\`AWS_ACCESS_KEY_ID\`, \`AWS_PROFILE\`, \`AWS_ROLE_ARN\`, …) are read by the AWS
credential chain as everywhere else; \`outcrop doctor\` says what it found.

${markdownTable(['Setting', 'Environment', 'Default', 'Values', 'What it does'], rows)}

The variables of \`endpoints\`, which the AWS SDKs know too:

${SERVICE_IDS.map((id) => `- ${code(SERVICES[id].endpointVariable)}`).join('\n')}
`;
}

/** One variable for each service would fill the line; they stand below the table. */
function variables(names: readonly string[]): string {
  return names.length === SERVICE_IDS.length ? 'one for each service, see below' : names.map(code).join(' ');
}

function values({ type, enum: choices, minimum, maximum, anyOf }: Value): string {
  if (choices !== undefined) return choices.map(code).join(' ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  const types = [type ?? [], (anyOf ?? []).map((one) => one.type ?? [])].flat(2);
  if (types.includes('array')) return 'list';
  if (types.includes('object')) return 'map';
  const words = (anyOf ?? []).flatMap((one) => one.const ?? []);
  if (types.includes('boolean')) return ['true', 'false', ...words].map(code).join(' ');
  return 'text';
}
