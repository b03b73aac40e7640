import { randomBytes, randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { AdminChange, AdminParts, AdminReads, AdminStore, Metering } from './admin/ports.ts';
import { listAudit } from './storage/audit.ts';
import {
  countBudgetUses,
  deleteBudget,
  getBudgets,
  insertBudget,
  listBudgets,
  updateBudget,
} from './storage/budgets.ts';
import type { Change } from './storage/change.ts';
import { spentSince } from './storage/counted-spend.ts';
import {
  addCredentials,
  countByDataKeyVersion,
  findCredential,
  listCredentials,
  listPairsOlderThan,
  replaceCredentials,
} from './storage/credentials.ts';
import { deleteCustomer, getCustomer, insertCustomer, listCustomers, updateCustomer } from './storage/customers.ts';
import { listDataKeys } from './storage/data-keys.ts';
import { deleteKey, getKey, getKeyByAlias, insertKey, listKeys, updateKey } from './storage/keys.ts';
import type { Schema } from './storage/schema.ts';
import { getSpendMarks, setSpendMark, setSpendMarkOfEveryone } from './storage/spend-marks.ts';
import { StorageError } from './storage/storage-error.ts';
import type { Storage } from './storage/storage.ts';
import {
  deleteTeam,
  getTeam,
  insertTeam,
  listMembers,
  listMemberships,
  listTeams,
  removeMember,
  setMember,
  updateTeam,
} from './storage/teams.ts';
import {
  countUsersWithRole,
  deleteUser,
  getUser,
  getUserByEmail,
  insertUser,
  listUsers,
  updateUser,
} from './storage/users.ts';

/** Part of the composition root, apart from `gateway.ts` so that it is loaded with the management API only. */
export function bindAdminParts(
  storage: Pick<Storage, 'read' | 'change'>,
  others: Omit<AdminParts, 'store' | 'storeFault' | 'random' | 'newId'>,
): AdminParts {
  return {
    ...others,
    store: bindStore(storage),
    storeFault: (error) => (error instanceof StorageError ? error : null),
    random: randomBytes,
    newId: randomUUID,
  };
}

/** What the management API asks of counters and ledger. */
export function bindMetering(storage: Storage, counters: Pick<Metering, 'used' | 'reset'>): Metering {
  return {
    used: (limits) => counters.used(limits),
    reset: (limit, used) => counters.reset(limit, used),
    spent: (by, ids, sinceMs) => spentSince(storage, by, ids, sinceMs),
  };
}

function bindStore(storage: Pick<Storage, 'read' | 'change'>): AdminStore {
  return {
    read: bindReads(storage.read),
    change: (origin, work) => storage.change(origin, (change) => work(bindChange(change))),
  };
}

function bindReads(db: Kysely<Schema>): AdminReads {
  return {
    findCredential: (kind, lookups) => findCredential(db, kind, lookups),
    listCredentials: (keyId) => listCredentials(db, keyId),
    getKey: (id) => getKey(db, id),
    getKeyByAlias: (alias) => getKeyByAlias(db, alias),
    listKeys: (filter, page, sort) => listKeys(db, filter, page, sort),
    getTeam: (id) => getTeam(db, id),
    listTeams: (filter, page) => listTeams(db, filter, page),
    listMembers: (teamId) => listMembers(db, teamId),
    listMemberships: (userId) => listMemberships(db, userId),
    getUser: (id) => getUser(db, id),
    getUserByEmail: (email) => getUserByEmail(db, email),
    listUsers: (filter, page) => listUsers(db, filter, page),
    countUsersWithRole: (role) => countUsersWithRole(db, role),
    getCustomer: (id) => getCustomer(db, id),
    listCustomers: (filter, page) => listCustomers(db, filter, page),
    getBudgets: (ids) => getBudgets(db, ids),
    listBudgets: (page) => listBudgets(db, page),
    countBudgetUses: (id) => countBudgetUses(db, id),
    getSpendMarks: (kind, ids) => getSpendMarks(db, kind, ids),
    listAudit: (filter, page) => listAudit(db, filter, page),
    listDataKeys: () => listDataKeys(db),
    countByDataKeyVersion: (nowMs) => countByDataKeyVersion(db, nowMs),
    listPairsOlderThan: (version, page) => listPairsOlderThan(db, version, page),
  };
}

function bindChange(change: Change): AdminChange {
  return {
    ...bindReads(change.db),
    insertKey: (id, facts) => insertKey(change, id, facts),
    updateKey: (id, patch) => updateKey(change, id, patch),
    deleteKey: (id) => deleteKey(change, id),
    addCredentials: (keyId, fresh) => addCredentials(change, keyId, fresh),
    replaceCredentials: (keyId, fresh, graceMs) => replaceCredentials(change, keyId, fresh, graceMs),
    insertTeam: (id, facts) => insertTeam(change, id, facts),
    updateTeam: (id, patch) => updateTeam(change, id, patch),
    deleteTeam: (id) => deleteTeam(change, id),
    setMember: (member) => setMember(change, member),
    removeMember: (teamId, userId) => removeMember(change, teamId, userId),
    insertUser: (id, facts) => insertUser(change, id, facts),
    updateUser: (id, patch) => updateUser(change, id, patch),
    deleteUser: (id) => deleteUser(change, id),
    insertCustomer: (id, facts) => insertCustomer(change, id, facts),
    updateCustomer: (id, patch) => updateCustomer(change, id, patch),
    deleteCustomer: (id) => deleteCustomer(change, id),
    insertBudget: (id, facts) => insertBudget(change, id, facts),
    updateBudget: (id, facts) => updateBudget(change, id, facts),
    deleteBudget: (id) => deleteBudget(change, id),
    setSpendMark: (kind, id, mark, before) => setSpendMark(change, kind, id, mark, before),
    setSpendMarkOfEveryone: (atMs, dayNanos) => setSpendMarkOfEveryone(change, atMs, dayNanos),
  };
}
