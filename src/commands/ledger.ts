import { z } from 'zod';
import { nanosOfUsd, usdText } from '../domain/usd.ts';
import { readKey } from './keys/carried-key.ts';
import { given } from './keys/given.ts';
import { type KeyCommand, MANAGER_KEYS } from './keys/keys.ts';
import { type Ask, connectManagementApi, printable } from './keys/management-api.ts';
import { numbersRight, table } from './table.ts';

/** Only its holder may price calls anew. */
const MASTER_KEYS = ['OUTCROP_MASTER_KEY', 'LITELLM_MASTER_KEY'];

const usd = z.string().transform((text, context): bigint => {
  const nanos = nanosOfUsd(text);
  if (nanos === null) context.addIssue({ code: 'custom', message: 'is no amount' });
  return nanos ?? 0n;
});
const amounts = { calls: z.number(), cost_usd_before: usd, cost_usd_after: usd } as const;
const repricedAnswer = z.object({
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  done_until: z.iso.datetime(),
  price_version: z.string(),
  ...amounts,
  changed: z.number(),
  became_priced: z.number(),
  became_unpriced: z.number(),
  kept: z.number(),
  models: z.array(z.object({ model: z.string(), ...amounts })),
});
type Part = z.infer<typeof repricedAnswer>;

interface Amounts {
  readonly calls: number;
  readonly before: bigint;
  readonly after: bigint;
}

interface Repriced extends Amounts {
  readonly since: string;
  readonly until: string;
  readonly priceVersion: string;
  readonly changed: number;
  readonly becamePriced: number;
  readonly becameUnpriced: number;
  readonly kept: number;
  readonly models: ReadonlyMap<string, Amounts>;
}

export interface RepriceOptions {
  readonly since: string;
  readonly until?: string;
  readonly dryRun: boolean;
}

/** Prices a period anew by the prices of the running gateway, part by part. @throws CommandError */
export async function repriceLedger(options: RepriceOptions, command: KeyCommand): Promise<void> {
  const since = given('--since', options.since);
  const until = given('--until', options.until);
  const ask = connectManagementApi(command.url, await readKey(MASTER_KEYS, command));
  const partFrom = (from: string | undefined, to: string | undefined): Promise<Part> => {
    const body = { since: from, until: to, dry_run: options.dryRun };
    return ask({ method: 'POST', path: '/ledger/reprice', body }, repricedAnswer);
  };
  const first = await partFrom(since, until);
  let repriced = added(null, first);
  for (let doneUntil = first.done_until; Date.parse(doneUntil) < Date.parse(first.until);) {
    const part = await partFrom(doneUntil, first.until);
    repriced = added(repriced, part);
    doneUntil = part.done_until;
  }
  command.say(
    command.json ? JSON.stringify(jsonOf(repriced, options.dryRun), null, 2) : describe(repriced, options.dryRun),
  );
}

function added(sum: Repriced | null, part: Part): Repriced {
  const models = new Map(sum?.models);
  for (const { model, ...change } of part.models) models.set(model, addedAmounts(models.get(model), change));
  return {
    since: sum?.since ?? part.since,
    until: part.until,
    priceVersion: part.price_version,
    ...addedAmounts(sum ?? undefined, part),
    changed: (sum?.changed ?? 0) + part.changed,
    becamePriced: (sum?.becamePriced ?? 0) + part.became_priced,
    becameUnpriced: (sum?.becameUnpriced ?? 0) + part.became_unpriced,
    kept: (sum?.kept ?? 0) + part.kept,
    models,
  };
}

function addedAmounts(sum: Amounts | undefined, part: Pick<Part, keyof typeof amounts>): Amounts {
  return {
    calls: (sum?.calls ?? 0) + part.calls,
    before: (sum?.before ?? 0n) + part.cost_usd_before,
    after: (sum?.after ?? 0n) + part.cost_usd_after,
  };
}

function jsonOf(repriced: Repriced, dryRun: boolean): object {
  const { since, until, priceVersion, changed, becamePriced, becameUnpriced, kept, models } = repriced;
  return {
    since,
    until,
    dry_run: dryRun,
    price_version: priceVersion,
    ...jsonAmounts(repriced),
    changed,
    became_priced: becamePriced,
    became_unpriced: becameUnpriced,
    kept,
    models: [...models].map(([model, change]) => ({ model, ...jsonAmounts(change) })),
  };
}

function jsonAmounts({ calls, before, after }: Amounts): object {
  return {
    calls,
    cost_usd_before: usdText(before),
    cost_usd_after: usdText(after),
    difference_usd: usdText(after - before),
  };
}

function describe(repriced: Repriced, dryRun: boolean): string {
  const { since, until, calls, changed, becamePriced, becameUnpriced, kept, before, after } = repriced;
  const { priceVersion, models } = repriced;
  const rows = [...models].map(([model, change]) => [
    printable(model === '' ? '-' : model),
    String(change.calls),
    usdText(change.before),
    usdText(change.after),
    signed(change.after - change.before),
  ]);
  const head = ['MODEL', 'CALLS', 'BEFORE USD', 'AFTER USD', 'DIFFERENCE USD'];
  return [
    ...(rows.length === 0 ? [] : [table(numbersRight([head, ...rows], 1)), '']),
    `${calls} calls from ${since} to ${until}, prices ${priceVersion}: ${changed} ${dryRun ? 'would change' : 'changed'}, from $${usdText(before)} to $${usdText(after)} (${signed(after - before)}).`,
    ...(becamePriced === 0 ? [] : [`${becamePriced} had no cost and ${dryRun ? 'would have' : 'have'} one now.`]),
    ...(becameUnpriced === 0 ? [] : [`${becameUnpriced} had a cost and ${dryRun ? 'would have' : 'have'} none now.`]),
    ...(kept === 0 ? [] : [`${kept} stay as they are: AWS does not say now what their model stands for.`]),
    ...(dryRun ? ['Nothing has been changed.'] : []),
  ].join('\n');
}

function signed(nanos: bigint): string {
  return nanos > 0n ? `+${usdText(nanos)}` : usdText(nanos);
}

const statusAnswer = z.looseObject({
  spool_bytes: z.number(),
  spool_bytes_max: z.number(),
  is_full: z.boolean(),
  is_store_down: z.boolean(),
  open_calls: z.number(),
  waiting_calls: z.number(),
  refusals_not_recorded: z.number(),
  price_version: z.string(),
});

/** Shows what waits to be written into the ledger by the gateway that answers. @throws CommandError */
export async function showLedgerStatus(command: KeyCommand): Promise<void> {
  const ask: Ask = connectManagementApi(command.url, await readKey(MANAGER_KEYS, command));
  const status = await ask({ method: 'GET', path: '/ledger/status' }, statusAnswer);
  command.say(command.json ? JSON.stringify(status, null, 2) : describeStatus(status));
}

function describeStatus(status: z.infer<typeof statusAnswer>): string {
  const percent = ((status.spool_bytes / status.spool_bytes_max) * 100).toFixed(1);
  return table([
    ['state', stateOf(status)],
    ['calls running', String(status.open_calls)],
    ['calls not stored yet', String(status.waiting_calls)],
    ['spool', `${status.spool_bytes} of ${status.spool_bytes_max} bytes (${percent} %)`],
    ['refusals not recorded', String(status.refusals_not_recorded)],
    ['prices', printable(status.price_version)],
  ]);
}

function stateOf({ is_full: isFull, is_store_down: isStoreDown }: z.infer<typeof statusAnswer>): string {
  if (isFull) return 'full: new calls are refused';
  return isStoreDown ? 'the database takes no records: they wait in the spool' : 'records are stored';
}
