import { sql, type Transaction } from 'kysely';
import type { CallCost } from '../domain/call-record.ts';
import type { CallPosition, Repriced, StoredCall } from '../domain/ledger.ts';
import { dayOf } from './ledger-calls.ts';
import { callsInOrder } from './ledger-list.ts';
import { groupHash, groupOf } from './ledger-totals.ts';
import type { Schema } from './schema.ts';
import type { Storage } from './storage.ts';

const AT_ONCE_MAX = 200;

/** What a call costs by another price book. */
export interface NewPrice {
  readonly cost: CallCost;
  readonly priceVersion: string | null;
}

export interface RepriceOptions {
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  readonly price: (call: StoredCall) => NewPrice;
  /** Only tells what would change. */
  readonly isTrial: boolean;
}

/**
 * Prices the single records of a period anew, and corrects the totals by the difference in the same transactions. Those
 * whose cost is what was reserved stay as they are: nobody knows what they used. Stopped at any moment, it can be done
 * again.
 * @throws StorageError unavailable
 */
export async function repriceCalls(storage: Storage, options: RepriceOptions): Promise<Repriced> {
  let sums: Repriced = { calls: 0, changed: 0, becamePriced: 0, becameUnpriced: 0, nanosBefore: 0n, nanosAfter: 0n };
  for (let after: CallPosition | null = null; ;) {
    const calls: readonly StoredCall[] = await callsInOrder(storage.read, options, after, AT_ONCE_MAX);
    const last = calls.at(-1);
    if (last === undefined) return sums;
    after = last;
    const priced = calls.map((call) => ({ call, price: call.estimated ? priceOf(call) : options.price(call) }));
    const changed = priced.filter(({ call, price }) => !isSame(priceOf(call), price));
    if (changed.length > 0 && !options.isTrial) {
      await storage.ledger.transaction(async (db) => {
        for (const { call, price } of changed) await change(db, call, price);
      });
    }
    sums = priced.reduce(added, { ...sums, changed: sums.changed + changed.length });
  }
}

/** Nothing happens when somebody else has changed the cost in between: then the totals are right as well. */
async function change(db: Transaction<Schema>, call: StoredCall, { cost, priceVersion }: NewPrice): Promise<void> {
  const before = nanosOf(call.cost);
  const after = nanosOf(cost);
  const { numUpdatedRows } = await db
    .updateTable('call')
    .set({
      cost_nanos: after,
      cost_missing: cost.kind === 'unknown' ? cost.missing : null,
      price_version: priceVersion,
    })
    .where('id', '=', call.id)
    .where('day', '=', dayOf(call.startedAtMs))
    .where('started_at', '=', call.startedAtMs)
    .where((eb) => (before === null ? eb('cost_nanos', 'is', null) : sql<boolean>`${eb.ref('cost_nanos')} = ${before}`))
    .executeTakeFirst();
  if (numUpdatedRows === 0n || before === after) return;
  const group = groupOf(call);
  const difference: Difference = {
    costNanos: (after ?? 0n) - (before ?? 0n),
    chargedNanos: (after ?? call.reservedNanos) - (before ?? call.reservedNanos),
    unpriced: Number(after === null) - Number(before === null),
  };
  await correct(db, 'daily_total', group.day, groupHash(group), difference);
  for (const tag of call.attribution.tags) {
    await correct(db, 'daily_tag_total', group.day, groupHash({ ...group, tag }), difference);
  }
}

interface Difference {
  readonly costNanos: bigint;
  readonly chargedNanos: bigint;
  readonly unpriced: number;
}

async function correct(
  db: Transaction<Schema>,
  table: 'daily_total' | 'daily_tag_total',
  day: number,
  hash: string,
  { costNanos, chargedNanos, unpriced }: Difference,
): Promise<void> {
  await db
    .updateTable(table)
    .set((eb) => ({
      cost_nanos: sql`${eb.ref('cost_nanos')} + ${costNanos}`,
      charged_nanos: sql`${eb.ref('charged_nanos')} + ${chargedNanos}`,
      unpriced_requests: eb('unpriced_requests', '+', unpriced),
    }))
    .where('day', '=', day)
    .where('group_hash', '=', hash)
    .execute();
}

function added(sums: Repriced, { call, price }: { readonly call: StoredCall; readonly price: NewPrice }): Repriced {
  const wasPriced = call.cost.kind === 'known';
  const isPriced = price.cost.kind === 'known';
  return {
    ...sums,
    calls: sums.calls + 1,
    becamePriced: sums.becamePriced + Number(!wasPriced && isPriced),
    becameUnpriced: sums.becameUnpriced + Number(wasPriced && !isPriced),
    nanosBefore: sums.nanosBefore + (nanosOf(call.cost) ?? 0n),
    nanosAfter: sums.nanosAfter + (nanosOf(price.cost) ?? 0n),
  };
}

function priceOf({ cost, priceVersion }: StoredCall): NewPrice {
  return { cost, priceVersion };
}

function isSame(a: NewPrice, b: NewPrice): boolean {
  return nanosOf(a.cost) === nanosOf(b.cost) && a.priceVersion === b.priceVersion;
}

function nanosOf(cost: CallCost): bigint | null {
  return cost.kind === 'known' ? cost.nanos : null;
}
