import { type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { CallFilter, CallPage, CallPageRequest, CallPosition, StoredCall } from '../domain/ledger.ts';
import { requestTimeMs } from '../domain/request-id.ts';
import { dayOf, dayStartMs, storedCall } from './ledger-calls.ts';
import { decimal, decimalOrNull, isOneOf } from './ledger-sql.ts';
import type { Schema } from './schema.ts';
import type { Storage } from './storage.ts';
import { StorageError } from './storage-error.ts';

const PAGE_SIZE_MAX = 100;
const SKIP_MAX = 10_000;
const VALUES_MAX = 1000;

/** An id is made when its call begins, but for what a clock is set in between. */
const ID_TO_START_MS_MAX = 60_000;

/** Further than this nobody counts: it would cost as much as reading them all. */
const COUNT_MAX = 10_000;

/**
 * One page of calls, the newest first. Going on after the last call of a page costs the same on every page; skipping
 * costs as much as reading what is skipped.
 * @throws StorageError invalid for what is beyond a bound
 */
export async function listCalls(storage: Storage, filter: CallFilter, page: CallPageRequest): Promise<CallPage> {
  const { size, after, skip } = page;
  const isPage = Number.isSafeInteger(size) && size >= 1 && size <= PAGE_SIZE_MAX;
  if (!isPage || !Number.isSafeInteger(skip) || skip < 0 || skip > SKIP_MAX) {
    throw invalid(`Pages hold 1 to ${PAGE_SIZE_MAX} calls, and at most ${SKIP_MAX} can be skipped.`, 'page');
  }
  const passing = callsThat(storage, await withinDaysOfKeys(storage, filter));
  const behind =
    after === null
      ? passing
      : passing.where(sql<SqlBool>`(call.started_at, call.id) < (${after.startedAtMs}, ${after.id})`);
  const rows = await withColumns(behind)
    .orderBy('call.started_at', 'desc')
    .orderBy('call.id', 'desc')
    // One more than asked for tells whether there is another page.
    .limit(size + 1)
    .offset(skip)
    .execute();
  const calls = rows.slice(0, size).map(storedCall);
  const last = calls.at(-1);
  const isLast = rows.length <= size || last === undefined;
  return { rows: calls, next: isLast ? null : { startedAtMs: last.startedAtMs, id: last.id } };
}

/** How many calls there are, up to 10,000; more are told as 10,000. @throws StorageError invalid */
export async function countCalls(storage: Storage, filter: CallFilter): Promise<number> {
  const within = await withinDaysOfKeys(storage, filter);
  const { count } = await storage.read
    .selectFrom(callsThat(storage, within).select('call.id').limit(COUNT_MAX).as('counted'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** @returns null when there is none, or none any more */
export async function getCall(storage: Storage, id: string): Promise<StoredCall | null> {
  const madeMs = requestTimeMs(id);
  if (madeMs === null) return null;
  const around = storage.read
    .selectFrom('call')
    .where((eb) => startedIn(eb, madeMs - ID_TO_START_MS_MAX, madeMs + ID_TO_START_MS_MAX));
  const row = await withColumns(around.where('call.id', '=', id)).executeTakeFirst();
  return row === undefined ? null : storedCall(row);
}

/** Calls of some days in the order in which they began, for who goes through all of them. */
export async function callsInOrder(
  db: Kysely<Schema>,
  { fromMs, untilMs }: Pick<CallFilter, 'fromMs' | 'untilMs'>,
  after: CallPosition | null,
  countMax: number,
): Promise<readonly StoredCall[]> {
  const within = db.selectFrom('call').where((eb) => startedIn(eb, after?.startedAtMs ?? fromMs, untilMs));
  const behind =
    after === null
      ? within
      : within.where(sql<SqlBool>`(call.started_at, call.id) > (${after.startedAtMs}, ${after.id})`);
  const rows = await withColumns(behind).orderBy('call.started_at').orderBy('call.id').limit(countMax).execute();
  return rows.map(storedCall);
}

/** The totals know on which days a key was used. SQLite has no index of calls by key, which would cost each call too much. */
async function withinDaysOfKeys({ read }: Storage, filter: CallFilter): Promise<CallFilter> {
  const { keyIds, fromMs, untilMs } = filter;
  if (keyIds === undefined || keyIds.length > VALUES_MAX) return filter;
  const { first, last } = await read
    .selectFrom('daily_total')
    .where((eb) => isOneOf(eb.ref('daily_total.key_id'), keyIds))
    .select((eb) => [eb.fn.min('daily_total.day').as('first'), eb.fn.max('daily_total.day').as('last')])
    .executeTakeFirstOrThrow();
  if (first === null || last === null) return { ...filter, untilMs: fromMs };
  return {
    ...filter,
    fromMs: Math.max(fromMs, dayStartMs(first)),
    untilMs: Math.min(untilMs, dayStartMs(last + 1)),
  };
}

function callsThat({ read, ledger }: Storage, filter: CallFilter) {
  const { keyIds, teamIds, userIds, customerIds, sessionIds, tags, modelIds, operations, outcomes, statusMin, failed } =
    filter;
  const calls = read.selectFrom('call').where((eb) => {
    const among = (column: Parameters<typeof eb.ref>[0], values: readonly string[] | undefined) => {
      if (values !== undefined && values.length > VALUES_MAX) {
        throw invalid(`A filter takes at most ${VALUES_MAX} values.`, 'filter');
      }
      return values === undefined ? [] : [isOneOf(eb.ref(column), values)];
    };
    const hasFailed = eb.or([
      eb('call.outcome', '!=', 'completed'),
      eb('call.status', 'is', null),
      eb('call.status', '>=', 400),
    ]);
    return eb.and([
      startedIn(eb, filter.fromMs, filter.untilMs),
      ...among('call.key_id', keyIds),
      ...among('call.team_id', teamIds),
      ...among('call.user_id', userIds),
      ...among('call.customer_id', customerIds),
      ...among('call.session_id', sessionIds),
      ...among('call.model_id', modelIds),
      ...among('call.operation', operations),
      ...among('call.outcome', outcomes),
      ...(statusMin === undefined ? [] : [eb('call.status', '>=', statusMin)]),
      ...(failed === undefined ? [] : [failed ? hasFailed : eb.not(hasFailed)]),
    ]);
  });
  if (tags === undefined) return calls;
  if (tags.length > VALUES_MAX) throw invalid(`A filter takes at most ${VALUES_MAX} values.`, 'filter');
  return calls.where((eb) =>
    eb.exists(
      eb
        .selectFrom(ledger.listed(eb.ref('call.tags')))
        .select('listed.value')
        .where((of) => isOneOf(of.ref('listed.value'), tags)),
    ),
  );
}

/** The days tell PostgreSQL which parts of the table to look into. */
function startedIn(eb: ExpressionBuilder<Schema, 'call'>, fromMs: number, untilMs: number) {
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(untilMs))
    throw invalid('A range is of milliseconds.', 'range');
  return eb.and([
    eb('call.day', '>=', dayOf(fromMs)),
    eb('call.day', '<=', dayOf(untilMs)),
    eb('call.started_at', '>=', fromMs),
    eb('call.started_at', '<', untilMs),
  ]);
}

function withColumns(calls: ReturnType<typeof callsThat>) {
  return calls.select((eb) => [
    'call.id',
    'call.day',
    'call.started_at',
    'call.duration_ms',
    'call.first_byte_ms',
    'call.key_id',
    'call.key_alias',
    'call.team_id',
    'call.user_id',
    'call.customer_id',
    'call.session_id',
    'call.tags',
    'call.service',
    'call.operation',
    'call.operation_kind',
    'call.model_id',
    'call.region',
    'call.status',
    'call.outcome',
    'call.estimated',
    'call.refusal',
    'call.aws_request_id',
    'call.client_address',
    'call.user_agent',
    'call.request_bytes',
    'call.response_bytes',
    'call.usage',
    'call.input_tokens',
    'call.output_tokens',
    'call.cache_read_tokens',
    'call.cache_write_tokens',
    'call.cost_missing',
    'call.price_version',
    'call.other_models',
    decimalOrNull(eb.ref('call.cost_nanos')).as('cost_nanos'),
    decimal(eb.ref('call.reserved_nanos')).as('reserved_nanos'),
  ]);
}

function invalid(message: string, field: string): StorageError {
  return new StorageError('invalid', message, { field });
}
