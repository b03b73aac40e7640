import type { Change } from './change.ts';

/** Says in the audit what was done to the ledger. No cache holds anything of it, so none has to hear. */
export async function noteOfLedger(
  { db, nowMs, origin }: Change,
  before: object | null,
  after: object | null,
): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      at: nowMs,
      actor: origin.actor,
      action: origin.action,
      object_kind: 'ledger',
      object_id: 'calls',
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
      source_address: origin.sourceAddress,
      on_behalf_of: origin.onBehalfOf,
    })
    .execute();
}
