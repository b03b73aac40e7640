import { readClaim } from '../domain/credential-carriers.ts';
import { identifyOperation } from '../domain/operations/identify.ts';
import { chooseRegion } from '../domain/region.ts';
import { parseRequestTarget } from '../domain/request-target.ts';
import type { Exchange } from '../ports.ts';
import { admit } from './admit.ts';
import { identifyCaller, ownRegion, verifyClaim } from './authenticate.ts';
import { authorize } from './authorize.ts';
import { closeCall, openCall } from './call-lifetime.ts';
import { checkHead } from './check-head.ts';
import { checkReplay } from './check-replay.ts';
import { fail } from './fail.ts';
import { composeRequest } from './forward.ts';
import { NamedInRequest } from './named-in-request.ts';
import type { Proxy } from './proxy.ts';
import { readBody } from './read-body.ts';
import { relay } from './relay.ts';
import { routeCall } from './route-call.ts';

/**
 * The life of a request. Two passes over it, because a signature covers the body and some operations are told apart by
 * it: first the head, which can refuse before a body byte is read, then the whole. Every step either lets it go on or
 * throws a Refusal; every way of ending meets in the last step.
 */
export async function handleRequest(exchange: Exchange, proxy: Proxy): Promise<void> {
  const call = openCall(exchange, proxy);
  try {
    // The head: is it well-formed, where does it go, who claims to send it?
    checkHead(exchange, proxy);
    const target = parseRequestTarget(exchange.target);
    const amzTarget = exchange.headers.get('x-amz-target');
    const route = await routeCall(exchange, { target, amzTarget }, call, proxy);
    const claim = readClaim(exchange.headers, proxy.options.keyHeader);
    const identified = await identifyCaller(claim, exchange, call, proxy);
    const { caller } = identified;

    // The body: read whole, once, bounded; one digest serves verifying and signing.
    const body = await readBody(exchange, route.bodyBytesMax, call, proxy);
    call.requestBytes = body.bytes.byteLength;
    verifyClaim(identified, exchange, target, body, call, proxy);
    checkReplay(identified, call, proxy);

    // What is asked, may they, and is there room?
    const signingService = claim.kind === 'signed' ? claim.authorization.service : undefined;
    const { operation, resourceArn } = identifyOperation(route, { body: body.bytes, signingService });
    const region = chooseRegion(route, resourceArn, ownRegion(identified) ?? proxy.options.defaultRegion);
    call.operation = operation;
    call.region = region;
    const { labels, query } = route;
    const { headers } = exchange;
    const named = new NamedInRequest({ operation, labels, query, headers, body: body.bytes }, caller);
    const permitted = { exchange, route, operation, region, body, named };
    await authorize(caller, { ...permitted, target }, proxy);
    await admit(caller, call, permitted, proxy);

    // Out to Bedrock, and its answer back.
    const request = await composeRequest(permitted, call, proxy);
    await relay(exchange, call, operation, request, proxy);
  } catch (cause) {
    fail(exchange, call, cause, proxy);
  } finally {
    closeCall(call, proxy);
  }
}
