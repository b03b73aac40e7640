import type { CallSinks, Clock } from './ports.ts';
import { createMetrics, type Metrics } from './sinks/prometheus.ts';
import { type BudgetsAfter, RemainingBudgets } from './sinks/prometheus-budgets.ts';
import { callNames } from './sinks/prometheus-names.ts';
import { watchProcess } from './sinks/prometheus-process.ts';
import { METRICS_CONTENT_TYPES } from './sinks/prometheus-text.ts';

/** The metrics of this gateway: told of calls like a sink, and of everything else when somebody looks. */
export interface GatewayMetrics extends CallSinks {
  readonly contentType: string;
  budgetsLeft(after: BudgetsAfter): void;
  /** @param say says how things are now */
  render(say: (set: Metrics['set']) => void): string;
}

/** Keys, and teams, whose budgets are told: some 200 bytes each here, and a line each in what is scraped. */
const BUDGETS_MAX = 2000;

export function openMetrics(names: 'outcrop' | 'litellm', clock: Clock): GatewayMetrics {
  const metrics = createMetrics({ names });
  const look = watchProcess(metrics, clock.nowMs());
  const budgets = new RemainingBudgets(BUDGETS_MAX);
  const { labels } = callNames(names);
  const lookAtBudgets = (): void => {
    const nowMs = clock.nowMs();
    const named = (label: string, left: ReturnType<RemainingBudgets['keys']>) =>
      left.map(({ of, usd }) => ({ labels: [[label, of]] as const, value: usd }));
    metrics.replace('outcrop_remaining_key_budget_usd', named(labels.key, budgets.keys(nowMs)));
    metrics.replace('outcrop_remaining_team_budget_usd', named(labels.team, budgets.teams(nowMs)));
    metrics.set('outcrop_remaining_budgets_left_out_total', budgets.leftOut);
  };
  return {
    contentType: METRICS_CONTENT_TYPES.text,
    accept: (event) => metrics.observe(event),
    budgetsLeft: (after) => budgets.note(after, clock.nowMs()),
    render: (say) => {
      look();
      lookAtBudgets();
      say((...state) => metrics.set(...state));
      return metrics.render();
    },
  };
}
