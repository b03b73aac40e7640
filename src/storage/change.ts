import type { Origin } from '../domain/audit.ts';
import type { Transaction } from 'kysely';
import type { Schema } from './schema.ts';

export type ObjectKind = 'key' | 'team' | 'user' | 'customer' | 'budget' | 'spend' | 'data_key';

/** An object that is not as it was. */
export interface ChangedObject {
  readonly kind: ObjectKind;
  readonly id: string;
}

/** The same with the number of its row for the caches. */
export interface NumberedChange extends ChangedObject {
  readonly seq: number;
}

/**
 * A change in the making. Whoever holds one writes through its `db`, and every repository function that takes one leaves
 * an audit row and a row for the caches in the same transaction: without them the change does not happen.
 */
export interface Change {
  readonly db: Transaction<Schema>;
  /** The one moment that everything in this change happened at. */
  readonly nowMs: number;
  readonly origin: Origin;
  /** What has been written so far; told to the caches when the transaction is through. */
  readonly changed: NumberedChange[];
}

/** An object before and after a change, without digests. `before` is null for a new one, `after` for one that is gone. */
export interface Recorded extends ChangedObject {
  readonly before: object | null;
  readonly after: object | null;
}

/** Leaves the two rows of a change. Called by every repository function that writes. */
export async function record(change: Change, { kind, id, before, after }: Recorded): Promise<void> {
  const { db, nowMs, origin } = change;
  await db
    .insertInto('audit')
    .values({
      at: nowMs,
      actor: origin.actor,
      action: origin.action,
      object_kind: kind,
      object_id: id,
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
      source_address: origin.sourceAddress,
      on_behalf_of: origin.onBehalfOf,
    })
    .execute();
  const { seq } = await db
    .insertInto('change')
    .values({ kind, object_id: id, at: nowMs })
    .returning('seq')
    .executeTakeFirstOrThrow();
  change.changed.push({ kind, id, seq });
}
