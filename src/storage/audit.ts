import type { AuditEntry } from '../domain/audit.ts';
import type { AuditFilter, Page, PageRequest } from '../domain/lists.ts';
import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';
import { parseObject } from './json-column.ts';
import { pageBounds } from './paging.ts';
import type { Schema } from './schema.ts';

/** One page of audit entries, the newest first. */
export async function listAudit(db: Kysely<Schema>, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
  const { limit, offset } = pageBounds(page);
  const passing = db.selectFrom('audit').where((eb) => passes(eb, filter));
  const { total } = await passing.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await passing.selectAll().orderBy('id', 'desc').limit(limit).offset(offset).execute();
  return { rows: rows.map(auditEntry), total };
}

function passes(eb: ExpressionBuilder<Schema, 'audit'>, filter: AuditFilter) {
  const conditions = [];
  if (filter.actor !== undefined) conditions.push(eb('actor', '=', filter.actor));
  if (filter.changedBy !== undefined) {
    conditions.push(eb(eb.fn.coalesce('on_behalf_of', 'actor'), '=', filter.changedBy));
  }
  if (filter.action !== undefined) conditions.push(eb('action', '=', filter.action));
  if (filter.objectKind !== undefined) conditions.push(eb('object_kind', '=', filter.objectKind));
  if (filter.objectId !== undefined) conditions.push(eb('object_id', '=', filter.objectId));
  if (filter.fromMs !== undefined) conditions.push(eb('at', '>=', filter.fromMs));
  if (filter.untilMs !== undefined) conditions.push(eb('at', '<', filter.untilMs));
  return eb.and(conditions);
}

function auditEntry(row: Selectable<Schema['audit']>): AuditEntry {
  return {
    id: row.id,
    atMs: row.at,
    actor: row.actor,
    action: row.action,
    objectKind: row.object_kind,
    objectId: row.object_id,
    before: row.before === null ? null : parseObject(row.before),
    after: row.after === null ? null : parseObject(row.after),
    sourceAddress: row.source_address,
    onBehalfOf: row.on_behalf_of,
  };
}
