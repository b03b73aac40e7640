import type { Limit } from './limits/limit.ts';
import { maxAt } from './limits/limit.ts';
import type { Threshold } from './limits/thresholds.ts';
import { windowPhrase } from './limits/window.ts';
import type { SpoolNews } from './spool-health.ts';
import type { TargetNews } from './target-health.ts';
import { usdText } from './usd.ts';

/** Something that an operator should hear of now. Nothing in it is a secret. */
export type Alert = AlertFacts & { readonly atMs: number };

interface OfLimit {
  readonly limit: Limit;
  /** What the key or the team it is of is called; null or not there where that is not known. */
  readonly alias?: string | null;
}

export type AlertFacts =
  /** `used`: in the unit of the limit, nano-dollars for spend. */
  | ({ readonly kind: 'limitReached'; readonly threshold: Threshold; readonly used: number } & OfLimit)
  /** It had no room for a call that may need `amount`; `used` is what is settled and held. Told once in its window. */
  | ({ readonly kind: 'limitRefused'; readonly amount: number; readonly used: number } & OfLimit)
  | SpoolNews
  | TargetNews
  | { readonly kind: 'sinkFailing'; readonly sink: string; readonly reason: string }
  | { readonly kind: 'sinkWorking'; readonly sink: string }
  /** What it is given is lost to it, from now on until it is told otherwise in the log. */
  | {
      readonly kind: 'sinkDropping';
      readonly sink: string;
      readonly carries: 'call records' | 'alerts';
      /** One line without a secret. */
      readonly reason: string;
    }
  /** Its receiver will never take some of what it was sent. */
  | { readonly kind: 'sinkRefused'; readonly sink: string; readonly reason: string };

/** An alert as one line for people. */
export function alertText(alert: Alert): string {
  switch (alert.kind) {
    case 'limitReached':
      return reachedText(alert, alert.threshold, alert.used, alert.atMs);
    case 'limitRefused':
      return refusedText(alert, alert.amount, alert.used, alert.atMs);
    case 'spoolFilling':
      return `The spool has ${mebibytes(alert.bytes)} of ${mebibytes(alert.bytesMax)} MiB: at its bound new requests are refused. Is the database in reach?`;
    case 'spoolCalm':
      return 'The spool has room again.';
    case 'storeDown':
      return `The database has taken no call records for ${Math.round(alert.forMs / 1000)} seconds: they wait in the spool. Nothing is lost while it has room.`;
    case 'storeWorking':
      return 'The database takes call records again.';
    case 'targetFailing':
      return `${alert.service} in ${alert.region} fails: ${alert.reason}`;
    case 'targetWorking':
      return `${alert.service} in ${alert.region} works again.`;
    case 'sinkFailing':
      return `The sink ${alert.sink} takes nothing: ${alert.reason}`;
    case 'sinkWorking':
      return `The sink ${alert.sink} works again.`;
    case 'sinkDropping':
      return lossText(alert);
    case 'sinkRefused':
      return `The receiver of the sink ${alert.sink} refuses some of what it is sent for good: ${alert.reason}`;
  }
}

/** Alerts are kept nowhere else. */
function lossText({ sink, carries, reason }: Extract<Alert, { readonly kind: 'sinkDropping' }>): string {
  const elsewhere = carries === 'alerts' ? '' : ' The ledger has the calls.';
  return `Some ${carries} are lost to the sink ${sink}: ${reason}.${elsewhere}`;
}

function reachedText(about: OfLimit, threshold: Threshold, used: number, atMs: number): string {
  const { limit } = about;
  return `${limitText(about)} is at ${threshold} %: ${amountText(limit, used)} of ${amountText(limit, maxAt(limit, atMs))}.`;
}

function refusedText(about: OfLimit, amount: number, used: number, atMs: number): string {
  const { limit } = about;
  const state = `${amountText(limit, used)} of ${amountText(limit, maxAt(limit, atMs))} are used or held`;
  return `${limitText(about)} has refused a call that may need ${amountText(limit, amount)}: ${state}.`;
}

function limitText({ limit: { scope, kind, window }, alias = null }: OfLimit): string {
  const called = alias === null ? '' : ` (${alias})`;
  const whose = scope.kind === 'all' ? 'everything' : `${scope.kind} ${scope.id}${called}`;
  const span = windowPhrase(window);
  return `The limit of ${whose} on ${kind}${span === '' ? '' : ` ${span}`}`;
}

function amountText({ kind }: Limit, value: number): string {
  return kind === 'spend' ? `$${usdText(BigInt(Math.round(value)))}` : String(value);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / (1024 * 1024));
}
