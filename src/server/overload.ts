import { monitorEventLoopDelay } from 'node:perf_hooks';
import { totalmem } from 'node:os';

export interface OverloadOptions {
  /** How late the event loop may be, in two samples one after the other. */
  readonly loopDelayMsMax: number;
  /** Share of the memory this process may have (its container's limit, else the machine's memory). */
  readonly memoryShareMax: number;
}

export interface OverloadMonitor {
  /** Why no new request should be taken, in one line for the client; null while all is well. */
  reason(): string | null;
  stop(): void;
}

const SAMPLE_MS = 1000;
const LOOP_RESOLUTION_MS = 20;

/** Looks once a second at what tells that more requests would make all of them slow. */
export function watchOverload(options: OverloadOptions, sampleMs = SAMPLE_MS): OverloadMonitor {
  const memoryBytesMax = memoryLimitBytes() * options.memoryShareMax;
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  let reason: string | null = null;
  let wasLate = false;
  const timer = setInterval(() => {
    // The histogram measures the time between its own ticks; the rest is delay.
    const late = delay.max / 1e6 - LOOP_RESOLUTION_MS > options.loopDelayMsMax;
    delay.reset();
    // One hiccup (a collection of garbage, a machine that did something else) is over by the time it is seen.
    const overloaded = late && wasLate;
    wasLate = late;
    if (overloaded) reason = 'The gateway is overloaded: try again shortly.';
    else if (process.memoryUsage.rss() > memoryBytesMax) reason = 'The gateway is short of memory: try again shortly.';
    else reason = null;
  }, sampleMs);
  timer.unref();
  return {
    reason: () => reason,
    stop: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}

function memoryLimitBytes(): number {
  const constrained = process.constrainedMemory();
  // Without a limit the kernel reports 0 or a number beyond any machine.
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}
