import type { AuditEntry } from '../../domain/audit.ts';
import { z } from '@hono/zod-openapi';
import { nameText, pageSizeShape } from '../inputs.ts';
import { defineRoute, type Route } from '../route.ts';
import { date, pagesOf } from '../views.ts';

const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((text) => Date.parse(text))
  .openapi({ type: 'string', description: 'A date or a moment, ISO 8601.' });

const auditView = z.object({
  id: z.string(),
  updated_at: z.string(),
  changed_by: z.string().openapi({ description: 'What litellm-changed-by said, else changed_by_api_key.' }),
  changed_by_api_key: z.string().openapi({ description: '"master", or the public id of a key.' }),
  action: z.string(),
  table_name: z.string(),
  object_id: z.string(),
  before_value: z.record(z.string(), z.unknown()).nullable(),
  updated_values: z.record(z.string(), z.unknown()).nullable(),
  source_address: z.string().nullable(),
});

function viewEntry(entry: AuditEntry): z.infer<typeof auditView> {
  return {
    id: String(entry.id),
    updated_at: date(entry.atMs),
    changed_by: entry.onBehalfOf ?? entry.actor,
    changed_by_api_key: entry.actor,
    action: entry.action,
    table_name: entry.objectKind,
    object_id: entry.objectId,
    before_value: entry.before,
    updated_values: entry.after,
    source_address: entry.sourceAddress,
  };
}

/** Who changed what. */
export const AUDIT_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/audit',
    summary: 'A page of the changes made, the newest first',
    access: 'auditor',
    input: z.strictObject({
      ...pageSizeShape,
      changed_by: nameText.optional(),
      changed_by_api_key: nameText.optional(),
      action: nameText.optional(),
      table_name: nameText.optional(),
      object_id: nameText.optional(),
      start_date: moment.optional(),
      end_date: moment.optional().openapi({ description: 'Exclusive.' }),
    }),
    answer: z.object({
      audit_logs: z.array(auditView),
      total: z.number(),
      page: z.number(),
      page_size: z.number(),
      total_pages: z.number(),
    }),
    handle: async (input, { parts }) => {
      const page = { page: input.page, size: input.page_size };
      const filter = {
        changedBy: input.changed_by,
        actor: input.changed_by_api_key,
        action: input.action,
        objectKind: input.table_name,
        objectId: input.object_id,
        fromMs: input.start_date,
        untilMs: input.end_date,
      };
      const found = await parts.store.read.listAudit(filter, page);
      return {
        body: {
          audit_logs: found.rows.map(viewEntry),
          total: found.total,
          page: page.page,
          page_size: page.size,
          total_pages: pagesOf(found, page),
        },
      };
    },
  }),
];
