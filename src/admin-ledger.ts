import type { AdminLedger, LedgerState } from './admin/ledger-ports.ts';
import { keyNames, teamNames, userNames } from './storage/holder-names.ts';
import { noteOfLedger } from './storage/ledger-audit.ts';
import { countCalls, getCall, listCalls } from './storage/ledger-list.ts';
import { repriceCalls } from './storage/ledger-reprice.ts';
import { usage } from './storage/ledger-usage.ts';
import type { Storage } from './storage/storage.ts';

/** Part of the composition root: the ledger as the management API sees it. */
export function bindAdminLedger(storage: Storage, state: () => LedgerState): AdminLedger {
  return {
    usage: (query, page) => usage(storage, query, page),
    listCalls: (filter, page) => listCalls(storage, filter, page),
    countCalls: (filter) => countCalls(storage, filter),
    getCall: (id) => getCall(storage, id),
    keyNames: (ids) => keyNames(storage.read, ids),
    teamNames: (ids) => teamNames(storage.read, ids),
    userNames: (ids) => userNames(storage.read, ids),
    reprice: (options) => repriceCalls(storage, options),
    note: (by, before, after) => storage.change(by, (change) => noteOfLedger(change, before, after)),
    state,
  };
}
