import type { AlertFacts } from './domain/alert.ts';
import { SpoolHealth, type SpoolLook } from './domain/spool-health.ts';
import { type TargetCall, TargetHealth } from './domain/target-health.ts';
import type { Clock, Log } from './ports.ts';
import type { Call } from './proxy/call.ts';

export interface HealthInputs {
  readonly ledger: Promise<{ state(): SpoolLook }>;
  /** Tells an operator what can't wait. */
  readonly alert: (facts: AlertFacts) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HealthWatch {
  /** To be told of each call that is over. */
  callClosed(call: Call): void;
  stop(): void;
}

const LOOK_EVERY_MS = 5000;

/** Watches what the gateway leans on, Bedrock and the spool with the store behind it, and says when one of them changes. */
export function watchHealth({ ledger, alert, clock, log }: HealthInputs): HealthWatch {
  const targets = new TargetHealth();
  const spool = new SpoolHealth();
  let opened: { state(): SpoolLook } | null = null;
  void ledger.then((each) => (opened = each)).catch(() => undefined);

  // The spool and its store have their lines in the log already.
  const look = (): void => {
    if (opened === null) return;
    for (const news of spool.look(opened.state(), clock.elapsedMs())) alert(news);
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();

  return {
    callClosed: (call) => {
      const ended = targetCallOf(call);
      const news = ended === null ? null : targets.note(ended, clock.elapsedMs());
      if (news === null) return;
      const { kind, ...facts } = news;
      if (kind === 'targetFailing') log.warn(facts, 'a target fails');
      else log.info(facts, 'a target works again');
      alert(news);
    },
    stop: () => clearInterval(timer),
  };
}

/** How a call ended for where it was sent; null for one that says nothing of that. */
function targetCallOf({ operation, region, refusal, status, outcome, fault }: Call): TargetCall | null {
  if (operation === null || region === null) return null;
  const { service } = operation;
  if (refusal !== null) {
    const what = REFUSAL_FAULTS.get(refusal.kind);
    return what === undefined ? null : { service, region, fault: `${what}${codeOf(refusal.cause)}` };
  }
  if (status === null) return null;
  // Throttling and models that fail are a matter between the caller and Bedrock.
  if (status >= 500) return { service, region, fault: `it answered ${status}` };
  // A client that takes nothing breaks its answer too, but no error of the network is behind that.
  const wasCut = outcome === 'broken' && fault instanceof Error;
  return { service, region, fault: wasCut ? `it broke off an answer${codeOf(fault)}` : null };
}

const REFUSAL_FAULTS: ReadonlyMap<string, string> = new Map([
  ['upstreamUnreachable', 'it can not be reached'],
  ['upstreamTimeout', 'it did not answer in time'],
  ['upstreamBroken', 'it broke the connection'],
]);

/** The code of an error, such as ECONNREFUSED; its message may say more than everybody should hear. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return '';
  return /^[A-Z][A-Z0-9_]{0,60}$/.test(error.code) ? ` (${error.code})` : '';
}
