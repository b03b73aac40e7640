import { routeAllowed } from '../domain/allowed-routes.ts';
import type { Caller, KeyCaller } from '../domain/caller.ts';
import { Refusal } from '../domain/errors.ts';
import { IDENTITY_HEADERS } from '../domain/headers.ts';
import type { Operation } from '../domain/operations/operation.ts';
import { decide, type Ask, type Decision } from '../domain/policy/decide.ts';
import { permit, permitRegion } from '../domain/policy/permit.ts';
import type { RequestTarget } from '../domain/request-target.ts';
import type { Resolution } from '../domain/policy/judge-models.ts';
import type { Exchange } from '../ports.ts';
import type { NamedInRequest } from './named-in-request.ts';
import type { Proxy } from './proxy.ts';

/** What a caller asks for, all of it known. */
export interface AskedFor {
  readonly exchange: Exchange;
  readonly target: RequestTarget;
  readonly operation: Operation;
  readonly region: string;
  readonly named: NamedInRequest;
}

/** A prompt may name a router, a router a profile, a profile a model: no chain of AWS is longer than what `decide` follows. */
const ROUNDS_MAX = 6;

/**
 * May they? For virtual keys by what their grants say about everything the request names, wherever it names it.
 * @returns a promise only where AWS has to be asked what something stands for
 * @throws Refusal accessDenied, noCredentials
 */
export function authorize(caller: Caller, asked: AskedFor, proxy: Proxy): void | Promise<void> {
  const { operation, region, exchange } = asked;
  if (caller.kind === 'key') return authorizeKey(caller, asked, proxy);
  permit(caller, operation, region, exchange.headers, proxy.options.policy);
}

function authorizeKey(
  caller: KeyCaller,
  { exchange, target, operation, region, named }: AskedFor,
  proxy: Proxy,
): void | Promise<void> {
  if (!routeAllowed(caller.allowedRoutes, target.path)) {
    throw new Refusal('accessDenied', 'This key is not allowed to call this path: its allowed_routes do not name it.');
  }
  permitRegion(region, proxy.options.policy.allowedRegions);
  const { headers } = exchange;
  const ask: Ask = {
    operation,
    named: named.forPolicy,
    region,
    accountId: proxy.identities.accountOf(operation.service),
    sourceAddress: proxy.clientAddress(exchange),
    identityHeaders: [...IDENTITY_HEADERS].filter((name) => headers.get(name) !== undefined),
    resolutions: new Map(),
  };
  const decision = decide(caller, ask);
  if (decision.kind === 'needs-resolving') return authorizeResolved(caller, ask, decision, proxy);
  permitDecided(decision);
}

/** What a request names may stand for something that has to be looked up in turn. */
async function authorizeResolved(caller: KeyCaller, ask: Ask, first: Decision, proxy: Proxy): Promise<void> {
  const resolutions = new Map<string, Resolution>();
  let decision = first;
  for (let round = 0; round < ROUNDS_MAX && decision.kind === 'needs-resolving'; round += 1) {
    const asker = { region: ask.region, keyId: caller.keyId };
    const found = await proxy.modelResolver.resolve(decision.references, asker);
    for (const [text, resolution] of found) resolutions.set(text, resolution);
    decision = decide(caller, { ...ask, resolutions });
  }
  permitDecided(decision);
}

function permitDecided(decision: Decision): void {
  switch (decision.kind) {
    case 'permitted':
      return;
    case 'refused':
      throw new Refusal('accessDenied', decision.message);
    case 'needs-resolving':
      // Which models stand behind such a name only AWS knows, and a list of models is no list if a name can go around it.
      throw new Refusal(
        'accessDenied',
        `${decision.references.map(({ text }) => text).join(', ')}: which model this is can't be told here, ` +
          'and this key may use certain models only. Allow it by its own name.',
      );
  }
}
