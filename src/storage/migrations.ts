import { type CreateTableBuilder, type SchemaModule, sql } from 'kysely';
import type { ColumnTypes } from './column-types.ts';
import { ledgerTables } from './ledger-migration.ts';

export interface Migration {
  /** Noted in the database once it has run. Never changed, never reused. */
  readonly name: string;
  readonly up: (schema: SchemaModule, types: ColumnTypes) => Promise<void>;
}

/** In the order they run. Add at the end; what has been released is never changed. */
export const MIGRATIONS: readonly Migration[] = [
  { name: '001-virtual-keys', up: virtualKeys },
  { name: '002-audit-on-behalf-of', up: auditOnBehalfOf },
  { name: '003-ledger', up: ledgerTables },
  { name: '004-budgets', up: budgets },
  { name: '005-other-models', up: otherModels },
];

async function virtualKeys(schema: SchemaModule, types: ColumnTypes): Promise<void> {
  const { text, integer, counted, tableEnd } = types;
  const holder = <Table extends string>(table: CreateTableBuilder<Table>) =>
    table
      .addColumn('grants', text, (column) => column.notNull())
      .addColumn('limits', text)
      .addColumn('settings', text, (column) => column.notNull())
      .addColumn('metadata', text, (column) => column.notNull())
      .addColumn('tags', text, (column) => column.notNull())
      .addColumn('blocked', integer, (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('created_by', text, (column) => column.notNull())
      .addColumn('updated_at', integer, (column) => column.notNull());

  await schema
    .createTable('data_key')
    .addColumn('version', integer, (column) => column.primaryKey())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('retired_at', integer)
    .modifyEnd(tableEnd)
    .execute();
  await schema
    .createTable('data_key_copy')
    .addColumn('id', counted)
    .addColumn('version', integer, (column) => column.notNull().references('data_key.version'))
    .addColumn('salt', text, (column) => column.notNull())
    .addColumn('nonce', text, (column) => column.notNull())
    .addColumn('sealed', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .modifyEnd(tableEnd)
    .execute();

  await holder(schema.createTable('team'))
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('alias', text)
    .modifyEnd(tableEnd)
    .execute();
  await holder(schema.createTable('app_user'))
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('alias', text)
    .addColumn('email', text)
    .addColumn('role', text, (column) => column.notNull())
    .modifyEnd(tableEnd)
    .execute();
  await schema.createIndex('app_user_email').on('app_user').column('email').unique().execute();
  await holder(schema.createTable('customer'))
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('alias', text)
    .modifyEnd(tableEnd)
    .execute();
  await schema
    .createTable('team_member')
    .addColumn('team_id', text, (column) => column.notNull().references('team.id').onDelete('cascade'))
    .addColumn('user_id', text, (column) => column.notNull().references('app_user.id').onDelete('cascade'))
    .addColumn('role', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('team_member_pair', ['team_id', 'user_id'])
    .modifyEnd(tableEnd)
    .execute();
  await schema.createIndex('team_member_user').on('team_member').column('user_id').execute();

  // A deleted key keeps the names of a team and user that may be gone, so these are no foreign keys.
  await holder(schema.createTable('virtual_key'))
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('alias', text)
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('team_id', text)
    .addColumn('user_id', text)
    .addColumn('expires_at', integer)
    .addColumn('deleted_at', integer)
    .modifyEnd(tableEnd)
    .execute();
  await schema
    .createIndex('virtual_key_alias')
    .on('virtual_key')
    .column('alias')
    .unique()
    .where(sql.ref('deleted_at'), 'is', null)
    .execute();
  await schema.createIndex('virtual_key_team').on('virtual_key').column('team_id').execute();
  await schema.createIndex('virtual_key_user').on('virtual_key').column('user_id').execute();
  await schema.createIndex('virtual_key_created').on('virtual_key').columns(['created_at', 'id']).execute();

  await schema
    .createTable('credential')
    .addColumn('id', counted)
    .addColumn('key_id', text, (column) => column.notNull().references('virtual_key.id'))
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('lookup', text, (column) => column.notNull())
    .addColumn('data_key_version', integer, (column) => column.notNull().references('data_key.version'))
    .addColumn('valid_until', integer)
    .addColumn('created_at', integer, (column) => column.notNull())
    .modifyEnd(tableEnd)
    .execute();
  await schema.createIndex('credential_lookup').on('credential').column('lookup').unique().execute();
  await schema.createIndex('credential_key').on('credential').column('key_id').execute();
  await schema.createIndex('credential_valid_until').on('credential').column('valid_until').execute();

  await schema
    .createTable('audit')
    .addColumn('id', counted)
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('action', text, (column) => column.notNull())
    .addColumn('object_kind', text, (column) => column.notNull())
    .addColumn('object_id', text, (column) => column.notNull())
    .addColumn('before', text)
    .addColumn('after', text)
    .addColumn('source_address', text)
    .modifyEnd(tableEnd)
    .execute();
  await schema.createIndex('audit_object').on('audit').columns(['object_kind', 'object_id']).execute();
  await schema.createIndex('audit_at').on('audit').column('at').execute();

  await schema
    .createTable('change')
    .addColumn('seq', counted)
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('object_id', text, (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .modifyEnd(tableEnd)
    .execute();
  await schema.createIndex('change_at').on('change').column('at').execute();
}

async function auditOnBehalfOf(schema: SchemaModule, { text }: ColumnTypes): Promise<void> {
  await schema.alterTable('audit').addColumn('on_behalf_of', text).execute();
}

async function budgets(schema: SchemaModule, { text, integer, tableEnd }: ColumnTypes): Promise<void> {
  await schema
    .createTable('budget')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('limits', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('created_by', text, (column) => column.notNull())
    .addColumn('updated_at', integer, (column) => column.notNull())
    .modifyEnd(tableEnd)
    .execute();
  // A deleted key keeps the name of a budget that may be gone, so these are no foreign keys.
  for (const holder of ['virtual_key', 'team', 'app_user', 'customer']) {
    await schema.alterTable(holder).addColumn('budget_id', text).execute();
    await schema.createIndex(`${holder}_budget`).on(holder).column('budget_id').execute();
  }
  await schema
    .createTable('spend_mark')
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('nanos', text, (column) => column.notNull())
    .addColumn('day_nanos', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('spend_mark_pkey', ['kind', 'id'])
    .modifyEnd(tableEnd)
    .execute();
}

/** Calls and totals from before were for the one model they name. */
async function otherModels(schema: SchemaModule, { text }: ColumnTypes): Promise<void> {
  for (const table of ['call', 'daily_total', 'daily_tag_total']) {
    await schema
      .alterTable(table)
      .addColumn('other_models', text, (column) => column.notNull().defaultTo(''))
      .execute();
  }
}
