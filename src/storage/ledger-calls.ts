import type { Selectable } from 'kysely';
import type { CallRecord } from '../domain/call-record.ts';
import { isOperationKind, isOutcome, isRefusalKind, usageOf } from '../domain/call-record-codec.ts';
import type { StoredCall } from '../domain/ledger.ts';
import { isServiceId } from '../domain/operations/services.ts';
import type { Usage, UsageUnit } from '../domain/usage/usage.ts';
import { parseStrings } from './json-column.ts';
import type { Schema } from './schema.ts';

export type SqlValue = string | number | bigint | null;

/** A column of a table that is written in bulk. `of` says what stands in it. */
export interface BulkColumn<Source> {
  readonly name: string;
  readonly type: 'text' | 'integer';
  readonly of: (source: Source) => SqlValue;
}

const DAY_MS = 86_400_000;

/** Days since 1970-01-01, UTC. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

export function dayStartMs(day: number): number {
  return day * DAY_MS;
}

const INPUT: readonly UsageUnit[] = ['inputTokens', 'inputSpeechTokens'];
const OUTPUT: readonly UsageUnit[] = ['outputTokens', 'outputSpeechTokens'];
const CACHE_READ: readonly UsageUnit[] = ['cacheReadTokens'];
const CACHE_WRITE: readonly UsageUnit[] = ['cacheWrite5mTokens', 'cacheWrite1hTokens'];

export const inputTokensOf = (record: CallRecord): number | null => quantityOf(record.usage, INPUT);
export const outputTokensOf = (record: CallRecord): number | null => quantityOf(record.usage, OUTPUT);
export const cacheReadTokensOf = (record: CallRecord): number | null => quantityOf(record.usage, CACHE_READ);
export const cacheWriteTokensOf = (record: CallRecord): number | null => quantityOf(record.usage, CACHE_WRITE);

/** Whether the cost is what was reserved, because the process died before the end of the call. */
export function isEstimated({ outcome }: CallRecord): boolean {
  return outcome === 'unknown';
}

/** The table `call`, column by column. */
export const CALL_COLUMNS: readonly BulkColumn<CallRecord>[] = [
  { name: 'id', type: 'text', of: ({ id }) => id },
  { name: 'day', type: 'integer', of: ({ startedAtMs }) => dayOf(startedAtMs) },
  { name: 'started_at', type: 'integer', of: ({ startedAtMs }) => Math.floor(startedAtMs) },
  { name: 'duration_ms', type: 'integer', of: ({ durationMs }) => Math.round(durationMs) },
  { name: 'first_byte_ms', type: 'integer', of: ({ firstByteMs: ms }) => (ms === null ? null : Math.round(ms)) },
  { name: 'key_id', type: 'text', of: ({ attribution }) => attribution.keyId },
  { name: 'key_alias', type: 'text', of: ({ attribution }) => attribution.keyAlias },
  { name: 'team_id', type: 'text', of: ({ attribution }) => attribution.teamId },
  { name: 'user_id', type: 'text', of: ({ attribution }) => attribution.userId },
  { name: 'customer_id', type: 'text', of: ({ attribution }) => attribution.customerId },
  { name: 'session_id', type: 'text', of: ({ attribution }) => attribution.sessionId },
  { name: 'tags', type: 'text', of: ({ attribution }) => JSON.stringify(attribution.tags) },
  { name: 'service', type: 'text', of: ({ service }) => service },
  { name: 'operation', type: 'text', of: ({ operation }) => operation },
  { name: 'operation_kind', type: 'text', of: ({ operationKind }) => operationKind },
  { name: 'model_id', type: 'text', of: ({ modelId }) => modelId },
  { name: 'region', type: 'text', of: ({ region }) => region },
  { name: 'status', type: 'integer', of: ({ status }) => status },
  { name: 'outcome', type: 'text', of: ({ outcome }) => outcome },
  { name: 'estimated', type: 'integer', of: (record) => (isEstimated(record) ? 1 : 0) },
  { name: 'refusal', type: 'text', of: ({ refusal }) => refusal },
  { name: 'aws_request_id', type: 'text', of: ({ awsRequestId }) => awsRequestId },
  { name: 'client_address', type: 'text', of: ({ clientAddress }) => clientAddress },
  { name: 'user_agent', type: 'text', of: ({ userAgent }) => userAgent },
  { name: 'request_bytes', type: 'integer', of: ({ requestBytes }) => requestBytes },
  { name: 'response_bytes', type: 'integer', of: ({ responseBytes }) => responseBytes },
  { name: 'usage', type: 'text', of: ({ usage }) => JSON.stringify(usage) },
  { name: 'input_tokens', type: 'integer', of: inputTokensOf },
  { name: 'output_tokens', type: 'integer', of: outputTokensOf },
  { name: 'cache_read_tokens', type: 'integer', of: cacheReadTokensOf },
  { name: 'cache_write_tokens', type: 'integer', of: cacheWriteTokensOf },
  { name: 'cost_nanos', type: 'integer', of: ({ cost }) => (cost.kind === 'known' ? cost.nanos : null) },
  { name: 'cost_missing', type: 'text', of: ({ cost }) => (cost.kind === 'known' ? null : cost.missing) },
  { name: 'price_version', type: 'text', of: ({ priceVersion }) => priceVersion },
  { name: 'reserved_nanos', type: 'integer', of: ({ reservedNanos }) => reservedNanos },
];

/** A row as it is read: amounts in nano-dollars as decimal text. */
export type CallRow = Omit<Selectable<Schema['call']>, 'cost_nanos' | 'reserved_nanos'> & {
  readonly cost_nanos: string | null;
  readonly reserved_nanos: string;
};

/** @throws TypeError or DecodingError for a row that was not written by us, or by a newer version */
export function storedCall(row: CallRow): StoredCall {
  return {
    id: row.id,
    startedAtMs: row.started_at,
    durationMs: row.duration_ms,
    firstByteMs: row.first_byte_ms,
    attribution: {
      keyId: row.key_id,
      keyAlias: row.key_alias,
      teamId: row.team_id,
      userId: row.user_id,
      customerId: row.customer_id,
      sessionId: row.session_id,
      tags: parseStrings(row.tags),
    },
    service: wordOrNull(row.service, isServiceId),
    operation: row.operation,
    operationKind: wordOrNull(row.operation_kind, isOperationKind),
    modelId: row.model_id,
    region: row.region,
    status: row.status,
    outcome: word(row.outcome, isOutcome),
    estimated: row.estimated === 1,
    refusal: wordOrNull(row.refusal, isRefusalKind),
    awsRequestId: row.aws_request_id,
    clientAddress: row.client_address,
    userAgent: row.user_agent,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    usage: usageOf(JSON.parse(row.usage)),
    cost:
      row.cost_nanos === null
        ? { kind: 'unknown', missing: row.cost_missing ?? '' }
        : { kind: 'known', nanos: BigInt(row.cost_nanos) },
    priceVersion: row.price_version,
    reservedNanos: BigInt(row.reserved_nanos),
  };
}

/** @returns null when nothing was said of any of the units. */
function quantityOf({ lines }: Usage, units: readonly UsageUnit[]): number | null {
  let sum: number | null = null;
  for (const { unit, quantity } of lines) if (units.includes(unit)) sum = (sum ?? 0) + quantity;
  return sum;
}

function word<Word extends string>(text: string, isWord: (text: string) => text is Word): Word {
  if (!isWord(text)) throw new TypeError('A stored call has a word in it that this version does not know.');
  return text;
}

function wordOrNull<Word extends string>(text: string | null, isWord: (text: string) => text is Word): Word | null {
  return text === null ? null : word(text, isWord);
}
