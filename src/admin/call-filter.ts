import type { CallFilter, StoredCall, UsageFilter } from '../domain/ledger.ts';
import { hasFailed } from './call-views.ts';
import type { AdminLedger } from './ledger-ports.ts';
import { requireSome } from './periods.ts';
import type { AdminRequest } from './route.ts';
import { LITELLM_SCOPE, visibleFilter } from './usage-scope.ts';

/** As many as a filter takes. */
const KEYS_MAX = 1000;

/** Which single calls somebody asks for, in LiteLLM's words. */
export interface AskedCalls {
  readonly api_key?: string | undefined;
  readonly user_id?: string | undefined;
  readonly team_id?: string | undefined;
  readonly request_id?: string | undefined;
  readonly end_user?: string | undefined;
  readonly session_id?: string | undefined;
  readonly tag?: string | undefined;
  readonly model?: string | undefined;
  readonly status_filter?: 'success' | 'failure' | undefined;
  readonly start_date?: number | undefined;
  readonly end_date?: number | undefined;
}

/** @throws Problem 403, 404, 422 */
export async function callFilter(asked: AskedCalls, request: AdminRequest): Promise<CallFilter> {
  const { api_key: key, user_id: user, team_id: team, start_date: fromMs, end_date: untilMs } = asked;
  const visible = await visibleFilter(scopeOf({ key, user, team }), request, LITELLM_SCOPE);
  const period = { fromMs: fromMs ?? 0, untilMs: untilMs ?? request.parts.clock.nowMs() + 1 };
  requireSome(period, untilMs === undefined ? 'start_date' : 'end_date');
  const filter: CallFilter = {
    ...period,
    keyIds: visible.key,
    userIds: visible.user,
    teamIds: visible.team,
    customerIds: listOf(asked.end_user),
    sessionIds: listOf(asked.session_id),
    tags: listOf(asked.tag),
    modelIds: listOf(asked.model),
    failed: asked.status_filter === undefined ? undefined : asked.status_filter === 'failure',
  };
  return asked.request_id === undefined ? withKeys(filter, request.parts.ledger) : filter;
}

/**
 * The same filter with the keys that its calls came with: single calls are found by key and time, all others are gone
 * through, which with an embedded database holds up the gateway. The totals know the keys at once.
 */
async function withKeys(filter: CallFilter, ledger: AdminLedger): Promise<CallFilter> {
  const { fromMs, untilMs, keyIds, userIds: user, teamIds: team, customerIds: customer } = filter;
  if (keyIds !== undefined || (user ?? team ?? customer) === undefined) return filter;
  const query = { groupBy: ['key'], bucket: 'none', filter: { user, team, customer }, order: 'time' } as const;
  const { rows, total } = await ledger.usage({ ...query, fromMs, untilMs }, { page: 1, size: KEYS_MAX });
  const keys = rows.map(({ group: [key = ''] }) => key);
  // In the totals '' stands for no key, by which no call is found.
  return total > rows.length || keys.includes('') ? filter : { ...filter, keyIds: keys };
}

/** The call of an id, if the filter lets it through. */
export async function oneCall(id: string, filter: CallFilter, { parts }: AdminRequest): Promise<StoredCall | null> {
  const call = await parts.ledger.getCall(id);
  return call !== null && passes(call, filter) ? call : null;
}

function passes(call: StoredCall, filter: CallFilter): boolean {
  const { keyId, userId, teamId, customerId, sessionId, tags } = call.attribution;
  const among = (values: readonly string[] | undefined, value: string | null) =>
    values === undefined || (value !== null && values.includes(value));
  return (
    call.startedAtMs >= filter.fromMs &&
    call.startedAtMs < filter.untilMs &&
    among(filter.keyIds, keyId) &&
    among(filter.userIds, userId) &&
    among(filter.teamIds, teamId) &&
    among(filter.customerIds, customerId) &&
    among(filter.sessionIds, sessionId) &&
    among(filter.modelIds, call.modelId) &&
    (filter.tags === undefined || filter.tags.some((tag) => tags.includes(tag))) &&
    (filter.failed === undefined || filter.failed === hasFailed(call))
  );
}

/** Whose calls. */
export function scopeOf(values: { readonly [Name in 'key' | 'user' | 'team']?: string | undefined }): UsageFilter {
  const { key, user, team } = values;
  return { key: listOf(key), user: listOf(user), team: listOf(team) };
}

function listOf(value: string | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value];
}
