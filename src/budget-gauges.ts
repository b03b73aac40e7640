import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Call } from './proxy/call.ts';

/**
 * Tells metrics what calls have left of their budgets: what admission was told already, with what the call came to.
 * @param metrics null where nobody wants them. @returns to be told of each call that is over
 */
export function createBudgetGauges(metrics: Promise<GatewayMetrics> | null): (call: Call) => void {
  let opened: GatewayMetrics | null = null;
  void metrics?.then((each) => (opened = each)).catch(() => undefined);
  return ({ metered, settled }) => {
    if (opened === null || metered === null || metered.charges.length === 0 || settled === null) return;
    const { charges, remaining, attribution } = metered;
    const { usage, cost } = settled;
    opened.budgetsLeft({
      charges,
      remaining,
      spentNanos: usage.complete && cost.kind === 'known' ? Number(cost.nanos) : null,
      key: attribution.keyAlias ?? attribution.keyId,
      team: attribution.teamId,
    });
  };
}
