import { z } from 'zod';
import { SINKS } from '../../src/sinks/index.ts';
import { definitionOf } from '../../src/sinks/prepare-sinks.ts';
import { code, markdownTable } from './markdown-table.ts';

/** What of a setting's JSON Schema the page tells. */
const valueSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.string().optional(),
  enum: z.array(z.string()).optional(),
  items: z.looseObject({ enum: z.array(z.string()).optional() }).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  anyOf: z.array(z.looseObject({ type: z.union([z.string(), z.array(z.string())]).optional() })).optional(),
});
type Value = z.output<typeof valueSchema>;

const objectSchema = z.looseObject({ properties: z.record(z.string(), valueSchema) });

const MAX_TOLD = 2 ** 31;

/** `docs/sinks.md`: every setting of every sink. */
export async function sinksPage(): Promise<string> {
  const sections = await Promise.all(Object.keys(SINKS).map(sectionOf));
  return `# Settings of sinks

<!-- Written by \`npm run write-docs\` from src/sinks: change that. -->

What each sink can be told beside [what all of them can](logging.md#settings), by its name in the file and by the variables of the
environment, of which the first that says something counts. What stands in the file comes before them. Blocks to copy are in
[logging.md](logging.md).

${sections.join('\n')}`;
}

async function sectionOf(type: string): Promise<string> {
  const { about, delivery, bounds, options, variables, secrets } = await definitionOf(type);
  const { properties } = objectSchema.parse(z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }));
  const rows = Object.entries(properties).map(([name, value]) => [
    code(name),
    (variables[name] ?? []).map(code).join(' '),
    initial(options.shape[name]?.safeParse(undefined)),
    secrets.includes(name) ? `${values(value, name)}; secret` : values(value, name),
  ]);
  const { batchSize, flushIntervalMs } = bounds;
  const own = [
    batchSize === undefined ? [] : [`${code('batch_size')} ${batchSize}`],
    flushIntervalMs === undefined ? [] : [`${code('flush_interval')} ${flushIntervalMs / 1000}`],
  ].flat();
  const told = [about, delivery, ...own].join('; ');
  return `## ${type}

${told.charAt(0).toUpperCase()}${told.slice(1)}.

${markdownTable(['Setting', 'Environment', 'Default', 'Values'], rows)}
`;
}

/** @param unsaid what becomes of a setting that nobody has said */
function initial(unsaid: z.ZodSafeParseResult<unknown> | undefined): string {
  if (unsaid?.success !== true) return 'must be said';
  if (unsaid.data === undefined) return '';
  return typeof unsaid.data === 'string' ? code(unsaid.data) : code(JSON.stringify(unsaid.data).replaceAll('"', ''));
}

function values({ type, const: fixed, enum: choices, items, minimum, maximum, anyOf }: Value, name: string): string {
  if (fixed !== undefined) return code(fixed);
  if (choices !== undefined) return choices.map(code).join(' ');
  if (type === 'integer' || type === 'number') return numbers(minimum, maximum);
  if (items?.enum !== undefined) return `list of ${items.enum.map(code).join(' ')}`;
  const types = [type ?? [], (anyOf ?? []).map((one) => one.type ?? [])].flat(3);
  if (types.includes('boolean')) return ['true', 'false'].map(code).join(' ');
  if (types.includes('object') || name === 'headers') return 'map, or text `name=value,…`';
  if (types.includes('array')) return 'list, or text with commas';
  return 'text';
}

function numbers(minimum = 0, maximum = Infinity): string {
  return maximum > MAX_TOLD ? `${minimum} or more` : `${minimum} to ${maximum}`;
}
