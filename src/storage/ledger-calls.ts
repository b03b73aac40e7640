import type { Selectable } from 'kysely';
import type { CallRecord } from '../domain/call-record.ts';
import { isOperationKind, isOutcome, isRefusalKind } from '../domain/call-record-codec.ts';
import type { StoredCall } from '../domain/ledger.ts';
import { isServiceId } from '../domain/operations/services.ts';
import type { Usage } from '../domain/usage/usage.ts';
import { usageOfValues, usageValues } from '../domain/usage-codec.ts';
import { parseStrings } from './json-column.ts';
import type { Schema } from './schema.ts';

export type SqlValue = string | number | bigint | null;

export interface BulkColumn {
  readonly name: string;
  readonly type: 'text' | 'integer';
}

/** A table that is written in bulk. */
export interface BulkTable<Source> {
  readonly columns: readonly BulkColumn[];
  /** What stands in each of them. */
  readonly valuesOf: (source: Source) => readonly SqlValue[];
}

const DAY_MS = 86_400_000;

/** Days since 1970-01-01, UTC. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

export function dayStartMs(day: number): number {
  return day * DAY_MS;
}

/** What columns tell of tokens; null where nothing was said of them. */
export interface TokenSums {
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
}

export function tokensOf({ lines }: Usage): TokenSums {
  let input: number | null = null;
  let output: number | null = null;
  let cacheRead: number | null = null;
  let cacheWrite: number | null = null;
  for (const { unit, quantity } of lines) {
    if (unit === 'inputTokens' || unit === 'inputSpeechTokens') input = (input ?? 0) + quantity;
    else if (unit === 'outputTokens' || unit === 'outputSpeechTokens') output = (output ?? 0) + quantity;
    else if (unit === 'cacheReadTokens') cacheRead = (cacheRead ?? 0) + quantity;
    else if (unit === 'cacheWrite5mTokens' || unit === 'cacheWrite1hTokens') cacheWrite = (cacheWrite ?? 0) + quantity;
  }
  return { input, output, cacheRead, cacheWrite };
}

/** Whether the cost is what was reserved, because the process died before the end of the call. */
export function isEstimated({ outcome }: CallRecord): boolean {
  return outcome === 'unknown';
}

/** As columns hold them: nearly no call has any, and those that have the same must have the same text. */
export function otherModelsText(models: readonly string[]): string {
  return models.length === 0 ? '' : JSON.stringify([...models].sort());
}

export function otherModelsOf(text: string): readonly string[] {
  return text === '' ? [] : parseStrings(text);
}

/** The table `call`. */
export const CALLS: BulkTable<CallRecord> = {
  columns: [
    { name: 'id', type: 'text' },
    { name: 'day', type: 'integer' },
    { name: 'started_at', type: 'integer' },
    { name: 'duration_ms', type: 'integer' },
    { name: 'first_byte_ms', type: 'integer' },
    { name: 'key_id', type: 'text' },
    { name: 'key_alias', type: 'text' },
    { name: 'team_id', type: 'text' },
    { name: 'user_id', type: 'text' },
    { name: 'customer_id', type: 'text' },
    { name: 'session_id', type: 'text' },
    { name: 'tags', type: 'text' },
    { name: 'service', type: 'text' },
    { name: 'operation', type: 'text' },
    { name: 'operation_kind', type: 'text' },
    { name: 'model_id', type: 'text' },
    { name: 'region', type: 'text' },
    { name: 'status', type: 'integer' },
    { name: 'outcome', type: 'text' },
    { name: 'estimated', type: 'integer' },
    { name: 'refusal', type: 'text' },
    { name: 'aws_request_id', type: 'text' },
    { name: 'client_address', type: 'text' },
    { name: 'user_agent', type: 'text' },
    { name: 'request_bytes', type: 'integer' },
    { name: 'response_bytes', type: 'integer' },
    { name: 'usage', type: 'text' },
    { name: 'input_tokens', type: 'integer' },
    { name: 'output_tokens', type: 'integer' },
    { name: 'cache_read_tokens', type: 'integer' },
    { name: 'cache_write_tokens', type: 'integer' },
    { name: 'cost_nanos', type: 'integer' },
    { name: 'cost_missing', type: 'text' },
    { name: 'price_version', type: 'text' },
    { name: 'reserved_nanos', type: 'integer' },
    { name: 'other_models', type: 'text' },
  ],
  valuesOf: (record) => {
    const { startedAtMs, firstByteMs, attribution, cost } = record;
    const { tags } = attribution;
    const tokens = tokensOf(record.usage);
    return [
      record.id,
      dayOf(startedAtMs),
      Math.floor(startedAtMs),
      Math.round(record.durationMs),
      firstByteMs === null ? null : Math.round(firstByteMs),
      attribution.keyId,
      attribution.keyAlias,
      attribution.teamId,
      attribution.userId,
      attribution.customerId,
      attribution.sessionId,
      tags.length === 0 ? '[]' : JSON.stringify(tags),
      record.service,
      record.operation,
      record.operationKind,
      record.modelId,
      record.region,
      record.status,
      record.outcome,
      isEstimated(record) ? 1 : 0,
      record.refusal,
      record.awsRequestId,
      record.clientAddress,
      record.userAgent,
      record.requestBytes,
      record.responseBytes,
      JSON.stringify(usageValues(record.usage)),
      tokens.input,
      tokens.output,
      tokens.cacheRead,
      tokens.cacheWrite,
      cost.kind === 'known' ? cost.nanos : null,
      cost.kind === 'known' ? null : cost.missing,
      record.priceVersion,
      record.reservedNanos,
      otherModelsText(record.otherModels),
    ];
  },
};

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
    otherModels: otherModelsOf(row.other_models),
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
    usage: usageOfValues(JSON.parse(row.usage)),
    cost:
      row.cost_nanos === null
        ? { kind: 'unknown', missing: row.cost_missing ?? '' }
        : { kind: 'known', nanos: BigInt(row.cost_nanos) },
    priceVersion: row.price_version,
    reservedNanos: BigInt(row.reserved_nanos),
  };
}

function word<Word extends string>(text: string, isWord: (text: string) => text is Word): Word {
  if (!isWord(text)) throw new TypeError('A stored call has a word in it that this version does not know.');
  return text;
}

function wordOrNull<Word extends string>(text: string | null, isWord: (text: string) => text is Word): Word | null {
  return text === null ? null : word(text, isWord);
}
