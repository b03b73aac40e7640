import type { CallSinks } from './ports.ts';
import { createMetrics, type Metrics } from './sinks/prometheus.ts';
import { watchProcess } from './sinks/prometheus-process.ts';
import { METRICS_CONTENT_TYPES } from './sinks/prometheus-text.ts';

/** The metrics of this gateway: told of calls like a sink, and of everything else when somebody looks. */
export interface GatewayMetrics extends CallSinks {
  readonly contentType: string;
  /** @param say says how things are now */
  render(say: (set: Metrics['set']) => void): string;
}

export function openMetrics(names: 'outcrop' | 'litellm', startedAtMs: number): GatewayMetrics {
  const metrics = createMetrics({ names });
  const look = watchProcess(metrics, startedAtMs);
  return {
    contentType: METRICS_CONTENT_TYPES.text,
    accept: ({ record }) => metrics.observe(record),
    render: (say) => {
      look();
      say((...state) => metrics.set(...state));
      return metrics.render();
    },
  };
}
