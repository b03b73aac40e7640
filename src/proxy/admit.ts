import { readAttribution } from '../domain/attribution.ts';
import type { Attribution } from '../domain/call-record.ts';
import { Refusal } from '../domain/errors.ts';
import { isFree } from '../domain/usage/free-operations.ts';
import { MeteredRequest } from '../domain/usage/metered-request.ts';
import { parseModelReference } from '../domain/policy/model-reference.ts';
import { priceModelOf, type PricedAs } from '../domain/pricing/price-model.ts';
import type { Caller } from '../domain/caller.ts';
import type { Call } from './call.ts';
import type { PermittedRequest } from './forward.ts';
import { keyAttribution } from './key-attribution.ts';
import type { MeteredCall } from './metered-call.ts';
import { askerOf, otherModels, withModelsBehind } from './models-behind.ts';
import type { Proxy } from './proxy.ts';
import { holdToOutputCap, reserve } from './reserve.ts';

/**
 * Is there room? Takes a share of every limit that applies to the call, which it holds until it is settled, and writes
 * down that it begins: from here on it is charged for, whatever becomes of this process.
 * @throws Refusal overloaded, accessDenied for a blocked customer, rateLimited, budgetExceeded, unbounded,
 *   outputOverCap, limitsUnavailable, spoolFull
 */
export async function admit(caller: Caller, call: Call, permitted: PermittedRequest, proxy: Proxy): Promise<void> {
  takeRequestSlot(call, proxy);
  const { operation, region } = permitted;
  const { answering, others, untold } = permitted.named.models;
  const request = new MeteredRequest(operation, answering, permitted.exchange.headers, permitted.body.bytes);
  const attribution = readAttribution(request, keyAttribution(caller), proxy.options.customerHeader);
  const known = pricedAsOf(caller, request, region, proxy);
  const pricedAs = known instanceof Promise ? await known : known;
  const metered = (call.metered = newMeteredCall(request, attribution, pricedAs));
  metered.otherModels = otherModels(answering, others, pricedAs);
  metered.modelsUntold = untold;

  const asked = proxy.callerLimits.of(caller, attribution);
  const limits = asked instanceof Promise ? await asked : asked;
  if (limits.some(({ model }) => model !== null)) {
    const models = withModelsBehind(answering, metered.otherModels, askerOf(caller, region), proxy);
    metered.otherModels = models instanceof Promise ? await models : models;
  }
  holdToOutputCap(metered, caller, region, proxy);
  const reserved = limits.length === 0 ? undefined : reserve(call.id, metered, { limits, region }, proxy);
  if (reserved !== undefined) await reserved;

  await proxy.ledger.start({
    id: call.id,
    startedAtMs: call.startedAtMs,
    attribution,
    service: operation.service,
    operation: operation.name,
    operationKind: operation.kind,
    modelId: request.modelId,
    otherModels: metered.otherModels,
    region,
    reservedNanos: metered.reservedNanos,
  });
  metered.begun = true;
}

/** How many requests may be at Bedrock at once. */
function takeRequestSlot(call: Call, proxy: Proxy): void {
  if (!proxy.requestSlots.take(1)) {
    throw new Refusal(
      'overloaded',
      `The gateway is working on ${proxy.requestSlots.max} requests, its bound: try again shortly.`,
    );
  }
  call.heldRequestSlots = 1;
}

function newMeteredCall(request: MeteredRequest, attribution: Attribution, pricedAs: PricedAs): MeteredCall {
  return {
    request,
    attribution,
    pricedAs,
    otherModels: [],
    modelsUntold: null,
    charges: [],
    remaining: [],
    reservedNanos: 0n,
    outputEndsAt: null,
    begun: false,
    sent: false,
    reader: null,
  };
}

const NO_MODEL: PricedAs = { kind: 'one-of', modelIds: [] };

/** Only what an account has made itself has to be asked for, and that is remembered. */
function pricedAsOf(
  caller: Caller,
  { modelId, operation }: MeteredRequest,
  region: string,
  proxy: Proxy,
): PricedAs | Promise<PricedAs> {
  if (modelId === null || isFree(operation)) return NO_MODEL;
  const reference = parseModelReference(modelId);
  const pricedAs = priceModelOf(reference, null, region);
  if (pricedAs.kind !== 'ask') return pricedAs;
  return proxy.modelResolver
    .resolve([reference], askerOf(caller, region))
    .then((resolutions) => priceModelOf(reference, resolutions.get(reference.text) ?? null, region));
}
