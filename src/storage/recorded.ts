import type { Dated, Patch } from '../domain/holders.ts';
import { type Change, type ObjectKind, record } from './change.ts';
import { patched } from './holder.ts';
import type { HolderColumns } from './schema.ts';

/** Columns that say when and by whom. */
type DateColumns = Pick<HolderColumns, 'created_at' | 'created_by' | 'updated_at'>;

interface Identified {
  readonly id: string;
}

/** A new object, with its rows for the audit and the caches. @param write puts its row into the table. */
export async function insertRecorded<Facts extends object>(
  change: Change,
  kind: ObjectKind,
  id: string,
  facts: Facts,
  write: (dates: DateColumns) => Promise<unknown>,
): Promise<Identified & Facts & Dated> {
  const { nowMs, origin } = change;
  await write({ created_at: nowMs, created_by: origin.actor, updated_at: nowMs });
  const after = { id, ...facts, createdMs: nowMs, createdBy: origin.actor, updatedMs: nowMs };
  await record(change, { kind, id, before: null, after });
  return after;
}

/** An object with a patch over it, with its rows for the audit and the caches. @param write changes its row in the table. */
export async function updateRecorded<Stored extends Identified & Dated>(
  change: Change,
  kind: ObjectKind,
  before: Stored,
  patch: Patch<Stored>,
  write: (after: Stored, dates: Pick<DateColumns, 'updated_at'>) => Promise<unknown>,
): Promise<Stored> {
  const { nowMs } = change;
  const after = { ...patched<Stored>(before, patch), updatedMs: nowMs };
  await write(after, { updated_at: nowMs });
  await record(change, { kind, id: before.id, before, after });
  return after;
}
