import type { CreateTableBuilder, SchemaModule } from 'kysely';
import type { ColumnTypes } from './column-types.ts';

/** The tables of the ledger: a row per call, kept for some days, and totals of each day, kept for ever. */
export async function ledgerTables(schema: SchemaModule, types: ColumnTypes): Promise<void> {
  const { text, integer, tableEnd } = types;
  await schema
    .createTable('call')
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('day', integer, (column) => column.notNull())
    .addColumn('started_at', integer, (column) => column.notNull())
    .addColumn('duration_ms', integer, (column) => column.notNull())
    .addColumn('first_byte_ms', integer)
    .addColumn('key_id', text)
    .addColumn('key_alias', text)
    .addColumn('team_id', text)
    .addColumn('user_id', text)
    .addColumn('customer_id', text)
    .addColumn('session_id', text)
    .addColumn('tags', text, (column) => column.notNull())
    .addColumn('service', text)
    .addColumn('operation', text)
    .addColumn('operation_kind', text)
    .addColumn('model_id', text)
    .addColumn('region', text)
    .addColumn('status', integer)
    .addColumn('outcome', text, (column) => column.notNull())
    .addColumn('estimated', integer, (column) => column.notNull())
    .addColumn('refusal', text)
    .addColumn('aws_request_id', text)
    .addColumn('client_address', text)
    .addColumn('user_agent', text)
    .addColumn('request_bytes', integer, (column) => column.notNull())
    .addColumn('response_bytes', integer, (column) => column.notNull())
    .addColumn('usage', text, (column) => column.notNull())
    .addColumn('input_tokens', integer)
    .addColumn('output_tokens', integer)
    .addColumn('cache_read_tokens', integer)
    .addColumn('cache_write_tokens', integer)
    .addColumn('cost_nanos', integer)
    .addColumn('cost_missing', text)
    .addColumn('price_version', text)
    .addColumn('reserved_nanos', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('call_pkey', [...types.callKey])
    .modifyEnd(types.partitionedByDay)
    .execute();
  if (!types.callsAreInOneTree) {
    await schema.createIndex('call_started').on('call').columns(['started_at', 'id']).execute();
    await schema.createIndex('call_key').on('call').columns(['key_id', 'started_at']).execute();
  }

  await total(schema.createTable('daily_total'), types)
    .addPrimaryKeyConstraint('daily_total_pkey', ['day', 'group_hash'])
    .modifyEnd(tableEnd)
    .execute();
  await total(schema.createTable('daily_tag_total'), types)
    .addColumn('tag', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('daily_tag_total_pkey', ['day', 'group_hash'])
    .modifyEnd(tableEnd)
    .execute();
  // What somebody has used since ever is asked for at every start. Adding to a total touches none of these.
  for (const owner of ['key_id', 'team_id', 'user_id', 'customer_id']) {
    await schema.createIndex(`daily_total_${owner}`).on('daily_total').columns([owner, 'day']).execute();
  }
  await schema.createIndex('daily_tag_total_tag').on('daily_tag_total').columns(['tag', 'day']).execute();
}

/**
 * What a total is of stands in columns, '' for "none"; a hash of them all is the key, because together they may be longer
 * than an entry of an index can be.
 */
function total(table: CreateTableBuilder<string>, { text, integer }: ColumnTypes) {
  return table
    .addColumn('day', integer, (column) => column.notNull())
    .addColumn('group_hash', text, (column) => column.notNull())
    .addColumn('month', integer, (column) => column.notNull())
    .addColumn('key_id', text, (column) => column.notNull())
    .addColumn('team_id', text, (column) => column.notNull())
    .addColumn('user_id', text, (column) => column.notNull())
    .addColumn('customer_id', text, (column) => column.notNull())
    .addColumn('model_id', text, (column) => column.notNull())
    .addColumn('region', text, (column) => column.notNull())
    .addColumn('service', text, (column) => column.notNull())
    .addColumn('operation', text, (column) => column.notNull())
    .addColumn('requests', integer, (column) => column.notNull())
    .addColumn('failed_requests', integer, (column) => column.notNull())
    .addColumn('refused_requests', integer, (column) => column.notNull())
    .addColumn('unpriced_requests', integer, (column) => column.notNull())
    .addColumn('input_tokens', integer, (column) => column.notNull())
    .addColumn('output_tokens', integer, (column) => column.notNull())
    .addColumn('cache_read_tokens', integer, (column) => column.notNull())
    .addColumn('cache_write_tokens', integer, (column) => column.notNull())
    .addColumn('cost_nanos', integer, (column) => column.notNull())
    .addColumn('estimated_nanos', integer, (column) => column.notNull())
    .addColumn('charged_nanos', integer, (column) => column.notNull())
    .addColumn('duration_ms', integer, (column) => column.notNull());
}
