import { LOGGED_IN_FULL } from '../../../src/domain/logging/call-logging.ts';
import type { KeyCaller } from '../../../src/domain/caller.ts';
import { HeaderList, IDENTITY_HEADERS } from '../../../src/domain/headers.ts';
import { identifyOperation } from '../../../src/domain/operations/identify.ts';
import { readNamed } from '../../../src/domain/operations/named/read-named.ts';
import { routeRequest } from '../../../src/domain/operations/route.ts';
import { decide, needsOf } from '../../../src/domain/policy/decide.ts';
import type { Decision } from '../../../src/domain/policy/decide.ts';
import { DEFAULT_GRANT } from '../../../src/domain/policy/grant.ts';
import type { Grant } from '../../../src/domain/policy/grant.ts';
import type { Resolutions } from '../../../src/domain/policy/judge-models.ts';
import { parseRequestTarget } from '../../../src/domain/request-target.ts';

/** A request of a test, and what is known around it. */
export interface TestAsk {
  readonly method?: string;
  /** Below the mount. */
  readonly path?: string;
  readonly body?: unknown;
  readonly rawBody?: Uint8Array;
  /** Alternating names and values. */
  readonly headers?: readonly string[];
  readonly region?: string;
  readonly accountId?: string | null;
  readonly sourceAddress?: string | null;
  readonly resolutions?: Resolutions;
}

export function grantOf(changes: Partial<Grant>): Grant {
  return { ...DEFAULT_GRANT, ...changes };
}

export function callerOf(...grants: readonly Grant[]): KeyCaller {
  return {
    kind: 'key',
    keyId: 'key_1',
    alias: null,
    teamId: grants.length > 1 ? 'team' : null,
    userId: grants.length > 2 ? 'user' : null,
    grants,
    expiresMs: null,
    blocked: false,
    defaultRegion: null,
    allowedRoutes: null,
    role: 'internal_user',
    tags: [],
    limits: [],
    outputCap: null,
    logging: LOGGED_IN_FULL,
  };
}

/** Takes a request the way the gateway does: target, route, operation, what it names, decision. */
export function decisionOn(caller: KeyCaller, ask: TestAsk): Decision {
  const headers = HeaderList.fromRaw(ask.headers ?? []);
  const body = ask.rawBody ?? (ask.body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(ask.body)));
  const target = parseRequestTarget(`/bedrock${ask.path ?? '/model/anthropic.claude-x/converse'}`);
  const route = routeRequest({ method: ask.method ?? 'POST', target, amzTarget: headers.get('x-amz-target') });
  const { operation } = identifyOperation(route, { body, signingService: undefined });
  const request = { operation, labels: route.labels, query: route.query, headers, body };
  return decide(caller, {
    operation,
    named: readNamed(request, needsOf(caller)),
    region: ask.region ?? 'us-east-1',
    accountId: ask.accountId ?? null,
    sourceAddress: ask.sourceAddress ?? null,
    identityHeaders: [...IDENTITY_HEADERS].filter((name) => headers.get(name) !== undefined),
    resolutions: ask.resolutions ?? new Map(),
  });
}

/** `permitted`, `needs-resolving`, or the restriction that refuses. */
export function outcomeOf(caller: KeyCaller, ask: TestAsk): string {
  const decision = decisionOn(caller, ask);
  return decision.kind === 'refused' ? decision.restriction : decision.kind;
}
