import type { Dated, HolderFacts, Patch } from '../domain/holders.ts';
import type { JsonValue } from '../domain/json.ts';
import type { Grant } from '../domain/policy/grant.ts';
import { remember } from '../domain/remember.ts';
import { isStrings, parseObject, parseObjectOrNull, parseStrings } from './json-column.ts';
import type { HolderColumns } from './schema.ts';

/** Holder columns without the dates. */
type FactColumns = Pick<
  HolderColumns,
  'grants' | 'limits' | 'budget_id' | 'settings' | 'metadata' | 'tags' | 'blocked'
>;

export function holderColumns(facts: HolderFacts): FactColumns {
  return {
    grants: JSON.stringify(facts.grant),
    limits: facts.limits === null ? null : JSON.stringify(facts.limits),
    budget_id: facts.budgetId,
    settings: JSON.stringify(facts.settings),
    metadata: JSON.stringify(facts.metadata),
    tags: JSON.stringify(facts.tags),
    blocked: facts.blocked ? 1 : 0,
  };
}

export function holderFacts(row: FactColumns): HolderFacts {
  return {
    grant: parseGrant(row.grants),
    limits: parseObjectOrNull(row.limits),
    budgetId: row.budget_id,
    settings: parseObject(row.settings),
    metadata: parseObject(row.metadata),
    tags: parseStrings(row.tags),
    blocked: row.blocked !== 0,
  };
}

/** What a changed object looks like: the patch's members over the others. */
export function patched<Facts extends object>(facts: Facts, patch: Patch<Facts>): Facts {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  return { ...facts, ...Object.fromEntries(given) };
}

export function dates(row: Pick<HolderColumns, 'created_at' | 'created_by' | 'updated_at'>): Dated {
  return { createdMs: row.created_at, createdBy: row.created_by, updatedMs: row.updated_at };
}

/**
 * A stored grant. A row that can't be read in full is refused: half a grant could allow what the whole one does not.
 * Equal texts give the same grant, since most keys share theirs with many others: it is then compiled only once.
 * @throws TypeError
 */
export const parseGrant = remember(readGrant, { textsMax: 2000, textLengthMax: 4096 });

function readGrant(text: string): Grant {
  const stored = parseObject(text);
  const { actFor } = stored;
  if (typeof actFor !== 'boolean') throw new TypeError('A stored grant can not be read.');
  return {
    models: patterns(stored['models']),
    operations: patterns(stored['operations']),
    resources: patterns(stored['resources']),
    regions: patterns(stored['regions']),
    sources: patterns(stored['sources']),
    actFor,
  };
}

function patterns(value: JsonValue | undefined): readonly string[] | null {
  if (value === null || isStrings(value)) return value;
  throw new TypeError('A stored grant can not be read.');
}
