import type { ServiceId } from './operations/services.ts';

/** So many calls to a target that failed one after the other, however long that took: it fails. */
const FAULTS_IN_ROW = 5;

/** Shares are looked at in windows of this length, and only from so many calls on. */
const WINDOW_MS = 60_000;
const CALLS_MIN = 20;
const FAILING_SHARE = 0.5;

/** It works again after a window, with calls in it, of which no more than this share failed. */
const WORKING_SHARE = 0.1;

/** Services times regions that may be called are fewer; what came beyond it would not be watched. */
const TARGETS_MAX = 500;

/** What has changed with a target: told once for each change. */
export type TargetNews =
  | {
      readonly kind: 'targetFailing';
      readonly service: ServiceId;
      readonly region: string;
      /** One line without a secret. */
      readonly reason: string;
    }
  | { readonly kind: 'targetWorking'; readonly service: ServiceId; readonly region: string };

/** How a call to a target ended. `fault`: what was wrong, in a few words without a secret; null where nothing was. */
export interface TargetCall {
  readonly service: ServiceId;
  readonly region: string;
  readonly fault: string | null;
}

interface TargetState {
  isFailing: boolean;
  faultsInRow: number;
  windowStartedMs: number;
  calls: number;
  faults: number;
}

/** Tells from how calls end when a service in a region begins to fail and when it works again. */
export class TargetHealth {
  readonly #targets = new Map<string, TargetState>();

  /** @param elapsedMs never goes back. @returns what has changed with this call; mostly nothing */
  note({ service, region, fault }: TargetCall, elapsedMs: number): TargetNews | null {
    const target = this.#stateOf(`${service} ${region}`, elapsedMs);
    if (target === null) return null;
    const isOver = elapsedMs - target.windowStartedMs >= WINDOW_MS;
    const hasRecovered = isOver && target.isFailing && hasWorked(target);
    if (isOver) beginWindow(target, elapsedMs);
    if (hasRecovered) target.isFailing = false;
    target.calls += 1;
    target.faults += fault === null ? 0 : 1;
    target.faultsInRow = fault === null ? 0 : target.faultsInRow + 1;
    // What worked for a whole window and fails with the next call gets the time to do so again.
    if (hasRecovered) return { kind: 'targetWorking', service, region };
    if (target.isFailing || fault === null) return null;
    const why = whyFailing(target);
    if (why === null) return null;
    target.isFailing = true;
    return { kind: 'targetFailing', service, region, reason: `${why}, the last: ${fault}` };
  }

  #stateOf(id: string, elapsedMs: number): TargetState | null {
    const known = this.#targets.get(id);
    if (known !== undefined) return known;
    if (this.#targets.size >= TARGETS_MAX) return null;
    const fresh = { isFailing: false, faultsInRow: 0, windowStartedMs: elapsedMs, calls: 0, faults: 0 };
    this.#targets.set(id, fresh);
    return fresh;
  }
}

function beginWindow(target: TargetState, elapsedMs: number): void {
  target.windowStartedMs = elapsedMs;
  target.calls = 0;
  target.faults = 0;
}

function hasWorked({ calls, faults }: TargetState): boolean {
  return calls > 0 && faults <= calls * WORKING_SHARE;
}

function whyFailing({ faultsInRow, calls, faults }: TargetState): string | null {
  if (faultsInRow >= FAULTS_IN_ROW) return `${faultsInRow} calls in a row failed`;
  if (calls >= CALLS_MIN && faults >= calls * FAILING_SHARE) return `${faults} of ${calls} calls in a minute failed`;
  return null;
}
