import { setTimeout as pause } from 'node:timers/promises';
import type { SinkEvent } from '../../domain/sink-event.ts';
import type { Clock } from '../../ports.ts';
import { BoundedQueue } from './bounded-queue.ts';
import type { SinkBounds } from './bounds.ts';
import type { Delivery } from './delivery.ts';
import { Deliverer, type DelivererOptions } from './deliverer.ts';
import { Due } from './due.ts';
import type { Outbox, WaitingBatch } from './outbox/outbox.ts';
import type { SinkStatus } from './sink-status.ts';

export interface OutboxDeliveryOptions {
  readonly bounds: SinkBounds;
  readonly status: SinkStatus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly outbox: Outbox;
  readonly sizeOf: (event: SinkEvent) => number;
  /** Makes lines of events; may leave out some. */
  readonly prepare: (events: readonly SinkEvent[]) => Promise<readonly string[]>;
  readonly deliver: DelivererOptions<string>['deliver'];
}

/** How long a call waits in memory before it is written to the disk: one write serves all that come in this time. */
const WRITE_EVERY_MS = 20;
const EVENTS_PER_WRITE_MAX = 500;
const BYTES_PER_WRITE_MAX = 4 * 1024 * 1024;

/** How long a disk is left alone that did not take something. */
const DISK_RETRY_MS = 1000;
const ADOPT_EVERY_MS = 60_000;

/** At least once: what waits, waits on the disk, and stays there until the receiver has it. */
export class OutboxDelivery implements Delivery<SinkEvent> {
  readonly #options: OutboxDeliveryOptions;
  readonly #queue: BoundedQueue<SinkEvent>;
  readonly #due: Due;
  readonly #deliverer: Deliverer<string>;
  readonly #adopting: NodeJS.Timeout;
  readonly #running: Promise<void>;
  #writing: Promise<void> | null = null;
  #writeTimer: NodeJS.Timeout | undefined;
  /** Encoded, and not taken by the disk yet. */
  #unwritten: readonly string[] = [];
  /** Lines of this process that wait on the disk. */
  #written = 0;
  #isClosing = false;

  constructor(options: OutboxDeliveryOptions) {
    this.#options = options;
    const { bounds, status, clock, random, sizeOf, deliver, outbox } = options;
    this.#queue = new BoundedQueue({ itemsMax: bounds.queueSizeMax, bytesMax: bounds.queueBytesMax, sizeOf });
    this.#due = new Due(bounds.batchSize, bounds.flushIntervalMs);
    this.#deliverer = new Deliverer({
      deliver,
      status,
      random,
      retry: bounds.retry,
      clock,
      patienceMs: Infinity,
      setAside: (lines) => outbox.setAside(lines),
    });
    this.#adopting = setInterval(() => this.#adopt(), ADOPT_EVERY_MS).unref();
    this.#adopt();
    this.#running = this.#run();
  }

  get queued(): number {
    return this.#queue.length + this.#unwritten.length + this.#written;
  }

  get outboxBytes(): number {
    return this.#options.outbox.bytes;
  }

  push(event: SinkEvent): void {
    if (this.#isClosing || !this.#queue.push(event)) this.#options.status.lost(1, this.#isClosing ? 'ended' : 'full');
    else if (this.#writing === null) this.#writeTimer ??= this.#writeIn(WRITE_EVERY_MS);
  }

  hurry(): void {
    this.#isClosing = true;
    clearInterval(this.#adopting);
    this.#deliverer.hurry();
    this.#due.hurry();
  }

  drained(): Promise<void> {
    return this.#running;
  }

  async close(): Promise<void> {
    this.hurry();
    this.#deliverer.stop();
    await this.#running;
    await this.#writeAll();
    const unwritten = this.#queue.length + this.#unwritten.length;
    if (unwritten > 0) this.#options.status.lost(unwritten, 'ended');
    this.#options.outbox.close();
  }

  #writeIn(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => void this.#writeAll(), delayMs).unref();
  }

  #writeAll(): Promise<void> {
    clearTimeout(this.#writeTimer);
    this.#writeTimer = undefined;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
      // Something may have come in the very moment in which the last round ended.
      if (this.#queue.length > 0) this.#writeTimer ??= this.#writeIn(WRITE_EVERY_MS);
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { status, prepare } = this.#options;
    while (this.#queue.length > 0 || this.#unwritten.length > 0) {
      if (this.#unwritten.length === 0) {
        this.#unwritten = await prepare(this.#queue.take(EVENTS_PER_WRITE_MAX, BYTES_PER_WRITE_MAX));
      }
      if (!this.#append(this.#unwritten)) {
        if (!this.#isClosing) this.#writeTimer = this.#writeIn(DISK_RETRY_MS);
        return;
      }
      this.#unwritten = [];
      status.looked(this.#share());
    }
  }

  /** @returns false when the disk did not take them */
  #append(lines: readonly string[]): boolean {
    const { bounds, outbox, status } = this.#options;
    if (outbox.bytes >= bounds.outboxBytesMax) {
      status.lost(lines.length, 'full');
      return true;
    }
    try {
      const tooLong = outbox.append(lines);
      if (tooLong > 0) status.refused(tooLong, 'it is too long for the outbox');
      this.#written += lines.length - tooLong;
      this.#due.added(this.#written);
      return true;
    } catch (error) {
      status.failed(`its outbox can not be written (${codeOf(error)})`);
      return false;
    }
  }

  async #run(): Promise<void> {
    const { outbox, status } = this.#options;
    let left = 0;
    while (left === 0) {
      // What earlier processes have left behind is due at once.
      await this.#due.next(outbox.hasInherited ? Infinity : this.#written);
      if (this.#isClosing) await this.#writeAll();
      const batch = await this.#next();
      if (batch === null && this.#isClosing) return;
      if (batch === null) continue;
      left = await this.#deliverer.send(batch.lines);
      if (left === 0) this.#done(batch);
      status.looked(this.#share());
    }
  }

  async #next(): Promise<WaitingBatch | null> {
    const { outbox, bounds, status } = this.#options;
    try {
      const batch = await outbox.next(bounds.batchSize, bounds.batchBytes);
      // A part of a file may have been damaged: then there were fewer lines in it than had been written.
      if (batch === null) this.#written = 0;
      return batch;
    } catch (error) {
      status.failed(`its outbox can not be read (${codeOf(error)})`);
      await pause(DISK_RETRY_MS, undefined, { ref: false });
      return null;
    }
  }

  #done({ lines, isInherited, done }: WaitingBatch): void {
    done();
    if (!isInherited) this.#written = Math.max(0, this.#written - lines.length);
  }

  #adopt(): void {
    const { outbox, status } = this.#options;
    try {
      if (outbox.adopt()) this.#due.added(Infinity);
    } catch (error) {
      status.failed(`its outbox can not be read (${codeOf(error)})`);
    }
  }

  #share(): number {
    return Math.max(this.#queue.share, this.#options.outbox.bytes / this.#options.bounds.outboxBytesMax);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
