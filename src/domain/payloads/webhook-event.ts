import type { Alert } from '../alert.ts';
import { alertText } from '../alert.ts';
import { maxAt } from '../limits/limit.ts';
import { usdNumber } from '../usd.ts';

/**
 * What the webhook for alerts gets. For budgets it has the fields of LiteLLM's WebhookEvent; the rest of the alerts are in
 * the same frame. https://docs.litellm.ai/docs/proxy/alerting
 */
export interface WebhookEvent {
  readonly event: string;
  readonly event_group: string;
  readonly event_message: string;
  readonly at: string;
  /** US dollars; null where the alert is about no budget. */
  readonly spend: number | null;
  readonly max_budget: number | null;
  /** The public id of the key. */
  readonly token: string | null;
  readonly key_alias: string | null;
  readonly team_id: string | null;
  readonly team_alias: string | null;
  readonly user_id: string | null;
  readonly customer_id: string | null;
  /** What is used and allowed of a limit that counts no money. */
  readonly used: number | null;
  readonly limit: string | null;
}

const ABOUT_NO_LIMIT = {
  spend: null,
  max_budget: null,
  token: null,
  key_alias: null,
  team_id: null,
  team_alias: null,
  user_id: null,
  customer_id: null,
  used: null,
  limit: null,
} as const;

export function webhookEvent(alert: Alert): WebhookEvent {
  const about = { event_message: alertText(alert), at: new Date(alert.atMs).toISOString(), ...ABOUT_NO_LIMIT };
  if (alert.kind !== 'limitReached' && alert.kind !== 'limitRefused') {
    return { event: EVENTS[alert.kind], event_group: 'gateway', ...about };
  }
  const { limit, used, alias = null } = alert;
  const { kind, scope } = limit;
  const isSpend = kind === 'spend';
  return {
    event: limitEvent(alert),
    event_group: scope.kind === 'all' ? 'proxy' : scope.kind,
    ...about,
    spend: isSpend ? dollars(used) : null,
    max_budget: isSpend ? dollars(maxAt(limit, alert.atMs)) : null,
    token: scope.kind === 'key' ? scope.id : null,
    key_alias: scope.kind === 'key' ? alias : null,
    team_id: scope.kind === 'team' ? scope.id : null,
    team_alias: scope.kind === 'team' ? alias : null,
    user_id: scope.kind === 'user' ? scope.id : null,
    customer_id: scope.kind === 'customer' ? scope.id : null,
    used: isSpend ? null : used,
    limit: limit.id,
  };
}

/** LiteLLM has no name for a call that did not fit. */
function limitEvent(alert: Extract<Alert, { readonly kind: 'limitReached' | 'limitRefused' }>): string {
  if (alert.kind === 'limitRefused') return 'limit_refused';
  return alert.threshold === 100 ? 'budget_crossed' : 'threshold_crossed';
}

const EVENTS = {
  spoolFilling: 'spool_filling',
  spoolCalm: 'spool_calm',
  storeDown: 'store_down',
  storeWorking: 'store_working',
  targetFailing: 'target_failing',
  targetWorking: 'target_working',
  sinkFailing: 'sink_failing',
  sinkWorking: 'sink_working',
  sinkDropping: 'sink_dropping',
  sinkRefused: 'sink_refused',
} as const satisfies Record<Exclude<Alert['kind'], 'limitReached' | 'limitRefused'>, string>;

function dollars(nanos: number): number {
  return usdNumber(BigInt(Math.round(nanos)));
}
