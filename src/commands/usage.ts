import { z } from 'zod';
import { csvText } from '../domain/csv.ts';
import { USAGE_DIMENSIONS, type UsageDimension } from '../domain/ledger.ts';
import { USAGE_ALIASES, usageColumns } from '../domain/usage-columns.ts';
import { CommandError } from './command-error.ts';
import { readKey } from './keys/carried-key.ts';
import { findKeyId } from './keys/find-key.ts';
import { given } from './keys/given.ts';
import { type KeyCommand, MANAGER_KEYS } from './keys/keys.ts';
import { type Ask, connectManagementApi, printable } from './keys/management-api.ts';
import { numbersRight, table } from './table.ts';

const PAGE_SIZE = 1000;
const ROWS_MAX = 100_000;

/** As they are typed: lists are comma separated. */
export type UsageOptions = { readonly [Dimension in UsageDimension]?: string } & {
  readonly by?: string;
  readonly since?: string;
  readonly until?: string;
  readonly bucket?: string;
  readonly order?: string;
};

interface UsageCommand extends KeyCommand {
  /** For spreadsheets. */
  readonly csv: boolean;
  /** Without a line end of its own. */
  readonly write: (text: string) => void;
}

const cell = z.union([z.string(), z.number(), z.null()]);
const amounts = z.looseObject({
  requests: z.number(),
  unpriced_requests: z.number(),
  cost_usd: z.string(),
  estimated_usd: z.string(),
});
const usageAnswer = z.object({
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  bucket: z.enum(['none', 'hour', 'day', 'month']),
  group_by: z.array(z.enum(USAGE_DIMENSIONS)),
  filter: z.record(z.string(), z.array(z.string())),
  rows: z.array(z.record(z.string(), cell)),
  total: amounts,
  total_pages: z.number(),
  total_rows: z.number(),
});
type Usage = Omit<z.infer<typeof usageAnswer>, 'total_pages' | 'total_rows'>;

/** Shows what was used and what it cost. @throws CommandError */
export async function showUsage(options: UsageOptions, command: UsageCommand): Promise<void> {
  if (command.csv && command.json) throw new CommandError('--csv and --json: choose one of them.');
  const typed = queryOf(options);
  const ask = connectManagementApi(command.url, await readKey(MANAGER_KEYS, command));
  const query = typed['key'] === undefined ? typed : { ...typed, key: await keyIds(typed['key'], ask) };
  const usage = await askAll(query, ask);
  if (command.json) command.say(JSON.stringify(usage, null, 2));
  else if (command.csv) command.write(csvOf(usage));
  else command.say(describeUsage(usage, Object.keys(query)));
}

function queryOf(options: UsageOptions): Readonly<Record<string, string>> {
  const query: Record<string, string> = {};
  for (const name of ['since', 'until', 'bucket', 'order', ...USAGE_DIMENSIONS] as const) {
    const value = given(`--${name}`, options[name]);
    if (value !== undefined) query[name] = value;
  }
  const by = given('--by', options.by);
  return by === undefined ? query : { ...query, group_by: by };
}

/** By their ids or aliases. */
async function keyIds(references: string, ask: Ask): Promise<string> {
  const ids: string[] = [];
  for (const reference of references.split(',')) ids.push(await findKeyId(ask, reference.trim()));
  return ids.join(',');
}

async function askAll(query: Readonly<Record<string, string>>, ask: Ask): Promise<Usage> {
  const pageOf = (page: number) =>
    ask(
      { method: 'GET', path: '/usage', query: { ...query, page: String(page), page_size: String(PAGE_SIZE) } },
      usageAnswer,
    );
  const { total_pages: pages, total_rows: count, ...usage } = await pageOf(1);
  if (count > ROWS_MAX) {
    throw new CommandError(`These would be ${count} rows, more than ${ROWS_MAX}: group by less, or ask for less.`);
  }
  const rows = [...usage.rows];
  for (let page = 2; page <= pages; page += 1) rows.push(...(await pageOf(page)).rows);
  return { ...usage, rows };
}

function csvOf({ group_by: groupBy, bucket, rows }: Usage): string {
  const columns = usageColumns(groupBy, bucket);
  return csvText([columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))]);
}

/** The amounts people look at, by what they call them. */
const SHOWN = {
  requests: 'REQUESTS',
  failed_requests: 'FAILED',
  input_tokens: 'INPUT',
  output_tokens: 'OUTPUT',
  cache_read_tokens: 'CACHE READ',
  cache_write_tokens: 'CACHE WRITE',
  cost_usd: 'COST USD',
} as const;

function describeUsage(usage: Usage, asked: readonly string[]): string {
  const { group_by: groupBy, bucket, rows, total } = usage;
  const names = [...(bucket === 'none' ? [] : ['start']), ...groupBy];
  const head = [...names.map((name) => name.toUpperCase()), ...Object.values(SHOWN)];
  const body = rows.map((row) => [
    ...names.map((name) => printable(nameIn(row, name))),
    ...Object.keys(SHOWN).map((amount) => String(row[amount] ?? '')),
  ]);
  const lines = rows.length === 0 ? [] : [table(numbersRight([head, ...body], names.length)), ''];
  return [
    ...lines,
    `$${total.cost_usd} for ${counted(total.requests)}, ${periodText(usage)}.`,
    ...notes(usage, asked),
  ].join('\n');
}

/** An alias says more than an id. */
function nameIn(row: Readonly<Record<string, string | number | null>>, name: string): string {
  const dimension = USAGE_DIMENSIONS.find((candidate) => candidate === name);
  const alias = dimension === undefined ? undefined : USAGE_ALIASES[dimension];
  return String((alias === undefined ? null : row[alias]) ?? row[name] ?? '-');
}

function periodText({ since, until, bucket }: Usage): string {
  if (bucket === 'hour') return `from ${since} to ${until}`;
  const last = new Date(Date.parse(until) - 1).toISOString().slice(0, 10);
  const first = since.slice(0, 10);
  return first === last ? `on ${first} (UTC)` : `from ${first} to ${last} (UTC)`;
}

/** What has to be known to read the numbers right. */
function notes({ total, filter }: Usage, asked: readonly string[]): readonly string[] {
  const held = Object.entries(filter).filter(([name]) => !asked.includes(name));
  return [
    ...(total.unpriced_requests === 0
      ? []
      : [`The cost of ${counted(total.unpriced_requests)} is unknown and not in it: see docs/cost.md.`]),
    ...(Number(total.estimated_usd) === 0
      ? []
      : [`$${total.estimated_usd} of it is estimated: what was reserved for calls whose end was never heard of.`]),
    ...held.map(([name, values]) => printable(`Only of ${name} ${values.join(', ')}: this key is shown no more.`)),
  ];
}

function counted(requests: number): string {
  return `${requests} ${requests === 1 ? 'request' : 'requests'}`;
}
