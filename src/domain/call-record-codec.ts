import type { Attribution, CallCost, CallOutcome, CallRecord, CallStart } from './call-record.ts';
import { Decoder, DecodingError } from './decoder.ts';
import { REFUSALS, type RefusalKind } from './errors.ts';
import type { OperationKind } from './operations/operation.ts';
import { isServiceId } from './operations/services.ts';
import type { Usage, UsageLine } from './usage/usage.ts';
import { isServiceTier, isUsageSource, isUsageUnit, usageOfValues, usageValues } from './usage-codec.ts';

/** What is known of a call: that it began, or all of it. */
export type CallNote =
  { readonly kind: 'start'; readonly start: CallStart } | { readonly kind: 'end'; readonly record: CallRecord };

/** The first character says what follows and in which form: a form of another day gets another letter. */
const START = 'S';
const END = 'E';
/** With other models behind all the rest. Nearly no call has any. */
const START_OF_MORE = 's';
const END_OF_MORE = 'e';

/** As one line of text without control characters. */
export function encodeStart(start: CallStart): string {
  const { keyId, keyAlias, teamId, userId, customerId, sessionId, tags } = start.attribution;
  const values = [
    start.id,
    start.startedAtMs,
    keyId,
    keyAlias,
    teamId,
    userId,
    customerId,
    sessionId,
    tags,
    start.service,
    start.operation,
    start.operationKind,
    start.modelId,
    start.region,
    String(start.reservedNanos),
  ];
  if (start.otherModels.length === 0) return START + JSON.stringify(values);
  return START_OF_MORE + JSON.stringify([...values, start.otherModels]);
}

/** As one line of text without control characters. */
export function encodeEnd(record: CallRecord): string {
  const { keyId, keyAlias, teamId, userId, customerId, sessionId, tags } = record.attribution;
  const { cost } = record;
  const values = [
    record.id,
    record.startedAtMs,
    keyId,
    keyAlias,
    teamId,
    userId,
    customerId,
    sessionId,
    tags,
    record.service,
    record.operation,
    record.operationKind,
    record.modelId,
    record.region,
    String(record.reservedNanos),
    record.durationMs,
    record.firstByteMs,
    record.status,
    record.outcome,
    record.refusal,
    record.awsRequestId,
    record.clientAddress,
    record.userAgent,
    record.requestBytes,
    record.responseBytes,
    usageValues(record.usage),
    cost.kind === 'known',
    cost.kind === 'known' ? String(cost.nanos) : cost.missing,
    record.priceVersion,
  ];
  if (record.otherModels.length === 0) return END + JSON.stringify(values);
  return END_OF_MORE + JSON.stringify([...values, record.otherModels]);
}

/** @returns null for anything that `encodeStart` and `encodeEnd` do not write. */
export function decodeCall(line: string): CallNote | null {
  try {
    const values = new Decoder(JSON.parse(line.slice(1)));
    switch (line.charAt(0)) {
      case START:
      case START_OF_MORE:
        return { kind: 'start', start: startOf(values, line.startsWith(START_OF_MORE)) };
      case END:
      case END_OF_MORE:
        return { kind: 'end', record: recordOf(values, line.startsWith(END_OF_MORE)) };
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof DecodingError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @throws DecodingError for what is not a usage */
export function usageOf(value: unknown): Usage {
  const { lines, source, complete, serviceTier, latencyOptimized } = fieldsOf(value);
  const values = new Decoder([lines, source, complete, serviceTier, latencyOptimized]);
  return {
    lines: values.list().map(usageLineOf),
    source: values.word(isUsageSource),
    complete: values.flag(),
    serviceTier: values.wordOrNull(isServiceTier),
    latencyOptimized: values.flag(),
  };
}

export function isOutcome(text: string): text is CallOutcome {
  return OUTCOMES.has(text);
}

export function isOperationKind(text: string): text is OperationKind {
  return text === 'read' || text === 'write' || text === 'invoke';
}

export function isRefusalKind(text: string): text is RefusalKind {
  return Object.hasOwn(REFUSALS, text);
}

function attributionOf(values: Decoder): Attribution {
  return {
    keyId: values.textOrNull(),
    keyAlias: values.textOrNull(),
    teamId: values.textOrNull(),
    userId: values.textOrNull(),
    customerId: values.textOrNull(),
    sessionId: values.textOrNull(),
    tags: values.texts(),
  };
}

function startOf(values: Decoder, hasMore: boolean): CallStart {
  const start: CallStart = {
    id: values.text(),
    startedAtMs: values.number(),
    attribution: attributionOf(values),
    service: values.word(isServiceId),
    operation: values.text(),
    operationKind: values.word(isOperationKind),
    modelId: values.textOrNull(),
    region: values.text(),
    reservedNanos: values.integer(),
    otherModels: hasMore ? values.texts() : [],
  };
  values.end();
  return start;
}

/** Properties are read in the order in which they stand here: that of `encodeEnd`. */
function recordOf(values: Decoder, hasMore: boolean): CallRecord {
  const record: CallRecord = {
    id: values.text(),
    startedAtMs: values.number(),
    attribution: attributionOf(values),
    service: values.wordOrNull(isServiceId),
    operation: values.textOrNull(),
    operationKind: values.wordOrNull(isOperationKind),
    modelId: values.textOrNull(),
    region: values.textOrNull(),
    reservedNanos: values.integer(),
    durationMs: values.number(),
    firstByteMs: values.numberOrNull(),
    status: values.numberOrNull(),
    outcome: values.word(isOutcome),
    refusal: values.wordOrNull(isRefusalKind),
    awsRequestId: values.textOrNull(),
    clientAddress: values.textOrNull(),
    userAgent: values.textOrNull(),
    requestBytes: values.number(),
    responseBytes: values.number(),
    usage: usageOfValues(values.value()),
    cost: costOf(values),
    priceVersion: values.textOrNull(),
    otherModels: hasMore ? values.texts() : [],
  };
  values.end();
  return record;
}

function costOf(values: Decoder): CallCost {
  return values.flag() ? { kind: 'known', nanos: values.integer() } : { kind: 'unknown', missing: values.text() };
}

function usageLineOf(value: unknown): UsageLine {
  const { unit, quantity, modelId, variant } = fieldsOf(value);
  const values = new Decoder([unit, quantity, modelId, variant]);
  return {
    unit: values.word(isUsageUnit),
    quantity: values.number(),
    modelId: values.textOrNull(),
    variant: values.textOrNull(),
  };
}

/** A field that is not there is undefined, which no type of the decoder is. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new DecodingError('not an object');
  return { ...value };
}

const OUTCOMES: ReadonlySet<string> = new Set<CallOutcome>(['completed', 'refused', 'broken', 'abandoned', 'unknown']);
