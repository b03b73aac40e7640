import type { CallOutcome, CallRecord } from '../domain/call-record.ts';
import { type CallUse, givenBack, settledAmounts, useOf } from '../domain/limits/charges.ts';
import { priceCall } from '../domain/pricing/price-model.ts';
import type { CallTrace } from '../domain/sink-event.ts';
import type { CallSinks } from '../ports.ts';
import { keyAttribution } from './key-attribution.ts';
import { FREE_USAGE } from '../domain/usage/create-usage-reader.ts';
import { UNKNOWN_USAGE } from '../domain/usage/usage.ts';
import type { Call } from './call.ts';
import { keptContent } from './kept-content.ts';
import { kindOf } from './reserve.ts';
import type { MeteredCall, Settled } from './metered-call.ts';
import type { Proxy } from './proxy.ts';

const NOTHING: Settled = { usage: FREE_USAGE, cost: { kind: 'known', nanos: 0n }, keySpendNanos: null };

/**
 * Says what a call came to: prices what was used, gives back what its limits held too much, and writes its record, before
 * the client sees the end of its answer. The first time counts, so that whoever ends an answer may say how.
 * @param complete whether Bedrock's answer came to its end
 */
export function settle(call: Call, outcome: CallOutcome, complete: boolean, proxy: Proxy): void {
  const record = settledRecord(call, outcome, complete, proxy);
  if (record !== null) proxy.ledger.end(record);
}

/**
 * The same of an answer that can wait until its record is written together with others.
 * @returns resolved when it may end; null where there is nothing to wait for
 */
export function settleSoon(call: Call, outcome: CallOutcome, complete: boolean, proxy: Proxy): Promise<void> | null {
  const record = settledRecord(call, outcome, complete, proxy);
  return record === null ? null : proxy.ledger.endSoon(record);
}

/** @returns null when the call was settled before, and for those that leave no record */
function settledRecord(call: Call, outcome: CallOutcome, complete: boolean, proxy: Proxy): CallRecord | null {
  if (call.settled !== null) return null;
  const { metered } = call;
  const settled = (call.settled = metered === null ? NOTHING : whatWasUsed(call, metered, complete, proxy));
  if (metered !== null && metered.charges.length > 0) settleLimits(call.id, metered, settled, proxy);
  call.durationMs = proxy.clock.elapsedMs() - call.startedMs;
  if (!isRecorded(call)) return null;
  const record = recordOf(call, settled, outcome, proxy);
  if (proxy.sinks !== null) tellSinks(proxy.sinks, call, record, proxy);
  return record;
}

function tellSinks(sinks: CallSinks, call: Call, record: CallRecord, proxy: Proxy): void {
  const wanted = call.caller?.kind === 'key' ? call.caller.logging.wantsSink : undefined;
  sinks.accept({ record, trace: traceOf(call), content: keptContent(call, proxy) }, wanted);
}

/** Who could not say who they are leaves a line in the log, not a row for each try. */
export function isRecorded({ caller, metered }: Pick<Call, 'caller' | 'metered'>): boolean {
  return caller !== null || metered !== null;
}

function whatWasUsed(call: Call, metered: MeteredCall, complete: boolean, proxy: Proxy): Settled {
  if (!metered.sent) return NOTHING;
  const usage = metered.reader?.end(complete) ?? UNKNOWN_USAGE;
  const cost = priceCall(usage, metered.pricedAs, call.region ?? '', proxy.prices());
  const { keyId } = metered.attribution;
  const isSpent = keyId !== null && cost.kind === 'known';
  return { usage, cost, keySpendNanos: isSpent ? proxy.keySpend.add(keyId, cost.nanos) : null };
}

/** A copy: a stream that is settled may still be flowing. */
function traceOf({ targetOrigin, awsErrorType, traceParent, pace }: Call): CallTrace {
  const copied = pace === null ? null : { chunks: pace.chunks, longestPauseMs: pace.longestPauseMs };
  return { targetOrigin, awsErrorType, traceParent, pace: copied };
}

const NO_MODELS: readonly string[] = [];

const NOT_KNOWN: CallUse = { inputTokens: null, outputTokens: null, spendNanos: null };

function settleLimits(id: string, metered: MeteredCall, { usage, cost }: Settled, proxy: Proxy): void {
  const { charges, sent, request } = metered;
  if (!sent) {
    proxy.counters.settle(id, givenBack(charges));
    return;
  }
  // Part of what was used is no use to a limit: what is held for the call stays.
  const used = usage.complete ? useOf(usage, cost) : NOT_KNOWN;
  proxy.counters.settle(id, settledAmounts(charges, used));
  const { inputTokens, outputTokens, spendNanos } = used;
  if (inputTokens === null || outputTokens === null || spendNanos === null || usage.source !== 'answer') return;
  proxy.usualUse.learn(kindOf(request), { inputTokens, outputTokens, spendNanos });
}

function recordOf(call: Call, { usage, cost }: Settled, outcome: CallOutcome, proxy: Proxy): CallRecord {
  const { metered, operation } = call;
  return {
    id: call.id,
    startedAtMs: call.startedAtMs,
    durationMs: call.durationMs,
    firstByteMs: call.firstByteMs,
    attribution: metered?.attribution ?? { ...keyAttribution(call.caller), customerId: null, sessionId: null },
    service: operation?.service ?? null,
    operation: operation?.name ?? null,
    operationKind: operation?.kind ?? null,
    modelId: metered?.request.modelId ?? null,
    otherModels: metered?.otherModels ?? NO_MODELS,
    region: call.region,
    status: call.status,
    outcome,
    refusal: call.refusal?.kind ?? null,
    awsRequestId: call.awsRequestId,
    clientAddress: call.clientAddress,
    userAgent: call.userAgent,
    requestBytes: call.requestBytes,
    responseBytes: call.responseBytes,
    usage,
    cost,
    priceVersion: usage.source === 'free' ? null : proxy.prices().version,
    reservedNanos: metered?.reservedNanos ?? 0n,
  };
}
