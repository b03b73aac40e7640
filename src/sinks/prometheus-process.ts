import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './prometheus.ts';

const NANOS = 1e9;
const RESOLUTION_MS = 20;

/** Tells metrics of the process itself. @returns to be called before they are rendered */
export function watchProcess(metrics: Pick<Metrics, 'set'>, startedAtMs: number): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return () => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    metrics.set('process_cpu_seconds_total', (user + system) / 1e6);
    metrics.set('process_resident_memory_bytes', rss);
    metrics.set('process_start_time_seconds', startedAtMs / 1000);
    metrics.set('nodejs_heap_size_used_bytes', heapUsed);
    // What is measured is from one look at the clock to the next: what is beyond the time in between is lag.
    const lagSeconds = delay.percentile(99) / NANOS - RESOLUTION_MS / 1000;
    metrics.set('nodejs_eventloop_lag_p99_seconds', Math.max(0, lagSeconds));
    delay.reset();
  };
}
