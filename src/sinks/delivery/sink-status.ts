import type { AlertFacts } from '../../domain/alert.ts';
import type { DeliveryKind } from '../../domain/sink-settings.ts';
import type { Clock, Log } from '../../ports.ts';

/** How a sink is doing, for health and metrics. Counts are since the start of the process. */
export interface SinkState {
  readonly name: string;
  readonly type: string;
  readonly delivery: DeliveryKind;
  /** Handed over and not yet taken by the receiver. */
  readonly queued: number;
  /** On the disk, with what earlier processes have left there; 0 for a sink that keeps nothing there. */
  readonly outboxBytes: number;
  readonly delivered: number;
  /** Lost at a bound, or after too long. */
  readonly dropped: number;
  /** Never taken by the receiver, or impossible to write. */
  readonly refused: number;
  /** Whether the last try failed. */
  readonly failing: boolean;
  readonly lastSuccessMs: number | null;
  /** One line without a secret. */
  readonly lastError: { readonly atMs: number; readonly message: string } | null;
}

export interface SinkStatusOptions {
  readonly name: string;
  readonly carries: Carried;
  readonly clock: Clock;
  readonly log: Log;
  readonly alert: (facts: AlertFacts) => void;
}

/** What a sink is given. */
export type Carried = 'call records' | 'alerts';

/** Why something never came to a receiver. */
const LOSSES = {
  full: 'it has fallen so far behind that there is no room for more',
  givenUp: 'its receiver has taken nothing for too long',
  ended: 'the gateway has ended before its receiver took them',
} as const;

export type Loss = keyof typeof LOSSES;

/** Below this share of its bound a queue that was full counts as having room again. */
const ROOM_SHARE = 0.5;

/** Refusals come one by one and may go on for ever: they are told this often. */
const REFUSALS_EVERY_MS = 60_000;

/** Counts what becomes of what a sink is given, and tells of every change for the worse or the better once. */
export class SinkStatus {
  readonly #options: SinkStatusOptions;
  #delivered = 0;
  #dropped = 0;
  #refused = 0;
  #lastSuccessMs: number | null = null;
  #lastError: SinkState['lastError'] = null;
  #isFailing = false;
  /** How many had been dropped when it last had room; null while it has. */
  #droppedBefore: number | null = null;
  #refusalToldMs = Number.NEGATIVE_INFINITY;

  constructor(options: SinkStatusOptions) {
    this.#options = options;
  }

  get counts(): Pick<SinkState, 'delivered' | 'dropped' | 'refused' | 'failing' | 'lastSuccessMs' | 'lastError'> {
    return {
      delivered: this.#delivered,
      dropped: this.#dropped,
      refused: this.#refused,
      failing: this.#isFailing,
      lastSuccessMs: this.#lastSuccessMs,
      lastError: this.#lastError,
    };
  }

  /** The receiver took so many. */
  taken(count: number): void {
    const { name, clock, log, alert } = this.#options;
    this.#delivered += count;
    this.#lastSuccessMs = clock.nowMs();
    if (!this.#isFailing) return;
    this.#isFailing = false;
    log.info({ sink: name }, 'a sink works again');
    alert({ kind: 'sinkWorking', sink: name });
  }

  /** Some of a batch were not taken this time: no reason to raise an alarm. */
  faltered(reason: string): void {
    this.#remember(reason);
  }

  /** A try failed; there will be another. */
  failed(reason: string): void {
    const { name, log, alert } = this.#options;
    this.#remember(reason);
    if (this.#isFailing) return;
    this.#isFailing = true;
    log.warn({ sink: name, reason }, 'a sink takes nothing: trying again until it does');
    alert({ kind: 'sinkFailing', sink: name, reason });
  }

  /** So many are lost. Called on the way of a request: cheap but for the first time. */
  lost(count: number, loss: Loss): void {
    if (this.#droppedBefore === null) {
      const { name, carries, log, alert } = this.#options;
      this.#droppedBefore = this.#dropped;
      const reason = LOSSES[loss];
      log.warn({ sink: name, reason }, `${carries} are lost to a sink`);
      alert({ kind: 'sinkDropping', sink: name, carries, reason });
    }
    this.#dropped += count;
  }

  /** Called now and then. @param share how full its queue is, from 0 to 1 */
  looked(share: number): void {
    if (this.#droppedBefore === null || share > ROOM_SHARE || this.#isFailing) return;
    const dropped = this.#dropped - this.#droppedBefore;
    this.#droppedBefore = null;
    this.#options.log.info({ sink: this.#options.name, dropped }, 'nothing is lost to a sink any more');
  }

  /** So many will never be taken. */
  refused(count: number, reason: string): void {
    const { name, carries, clock, log, alert } = this.#options;
    this.#refused += count;
    this.#remember(reason);
    const nowMs = clock.elapsedMs();
    if (nowMs - this.#refusalToldMs < REFUSALS_EVERY_MS) return;
    this.#refusalToldMs = nowMs;
    log.error({ sink: name, reason, refused: this.#refused }, `the receiver of a sink refuses ${carries} for good`);
    alert({ kind: 'sinkRefused', sink: name, reason });
  }

  #remember(message: string): void {
    this.#lastError = { atMs: this.#options.clock.nowMs(), message };
  }
}
