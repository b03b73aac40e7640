import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type IssuedKey, managed } from '../support/virtual-keys.ts';
import { ask, converse } from './ask.ts';
import { dollarsOf } from './bills.ts';
import type { LedgerOnDisk } from './stored-calls.ts';

const status = z.object({
  is_store_down: z.boolean(),
  open_calls: z.number(),
  waiting_calls: z.number(),
  is_full: z.boolean(),
});

const ASK_EVERY_MS = 20;

export async function ledgerStatus(origin: string): Promise<z.infer<typeof status>> {
  return status.parse(await managed(origin, 'GET /ledger/status'));
}

/** Waits until nothing runs, and all that ran is in the database. */
export async function allStored(origin: string): Promise<void> {
  for (;;) {
    const { is_store_down, open_calls, waiting_calls } = await ledgerStatus(origin);
    if (!is_store_down && open_calls === 0 && waiting_calls === 0) return;
    await pause(ASK_EVERY_MS);
  }
}

/**
 * Holds the counter of a key's budget against the ledger, while nothing runs: nothing is held any more, and what is
 * counted is what was charged, to the nano-dollar. A budget with room for just one call more lets it through, one that is
 * a nano-dollar smaller does not.
 * @param ledger what is stored by now
 * @param moreNanosMax what may be counted beyond that, where something has been lost
 */
export async function assertCountedExactly(
  origin: string,
  key: IssuedKey,
  ledger: () => LedgerOnDisk | Promise<LedgerOnDisk>,
  moreNanosMax = 0n,
): Promise<void> {
  const budget = (nanos: bigint): Promise<unknown> =>
    managed(origin, 'POST /key/update', { key: key.id, max_budget: dollarsOf(nanos) });
  const name = 'call-to-compare';
  const statusOf = async (): Promise<number> =>
    (await ask(origin, key.bearer, converse(), { 'x-litellm-session-id': name })).status;
  assert.equal(await statusOf(), 200);
  await allStored(origin);
  const calls = (await ledger()).calls.filter(({ keyId }) => keyId === key.id);
  const charged = calls.reduce((sum, { costNanos, reservedNanos }) => sum + (costNanos ?? reservedNanos), 0n);
  const held = calls.find(({ session }) => session === name)?.reservedNanos ?? 0n;
  assert.ok(held > 0n);
  await budget(charged + held - 1n);
  assert.equal(await statusOf(), 400, 'no more is free than the ledger says');
  await budget(charged + held + moreNanosMax);
  assert.equal(await statusOf(), 200, 'all is free that the ledger says');
}
