import type { Clock } from '../../ports.ts';
import { BoundedQueue } from './bounded-queue.ts';
import type { SinkBounds } from './bounds.ts';
import type { Delivery } from './delivery.ts';
import { Deliverer, type DelivererOptions } from './deliverer.ts';
import { Due } from './due.ts';
import type { SinkStatus } from './sink-status.ts';

export interface MemoryDeliveryOptions<Given, Item> {
  readonly bounds: SinkBounds;
  readonly status: SinkStatus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sizeOf: (given: Given) => number;
  /** Makes what is delivered of what was handed over; may leave out some. */
  readonly prepare: (given: readonly Given[]) => Promise<readonly Item[]>;
  readonly deliver: DelivererOptions<Item>['deliver'];
}

/** Best effort: what waits, waits in memory; a batch that fails for too long is given up, and what comes beyond the bound. */
export class MemoryDelivery<Given, Item> implements Delivery<Given> {
  readonly #options: MemoryDeliveryOptions<Given, Item>;
  readonly #queue: BoundedQueue<Given>;
  readonly #due: Due;
  readonly #deliverer: Deliverer<Item>;
  readonly #running: Promise<void>;
  #underWay = 0;
  #isClosing = false;

  constructor(options: MemoryDeliveryOptions<Given, Item>) {
    this.#options = options;
    const { bounds, status, clock, random, sizeOf, deliver } = options;
    this.#queue = new BoundedQueue({ itemsMax: bounds.queueSizeMax, bytesMax: bounds.queueBytesMax, sizeOf });
    this.#due = new Due(bounds.batchSize, bounds.flushIntervalMs);
    this.#deliverer = new Deliverer({
      deliver,
      status,
      random,
      retry: bounds.retry,
      clock,
      patienceMs: bounds.patienceMs,
      setAside: () => undefined,
    });
    this.#running = this.#run();
  }

  get queued(): number {
    return this.#queue.length + this.#underWay;
  }

  readonly outboxBytes = 0;

  push(given: Given): void {
    if (this.#isClosing || !this.#queue.push(given)) this.#options.status.lost(1, this.#isClosing ? 'ended' : 'full');
    else this.#due.added(this.#queue.length);
  }

  hurry(): void {
    this.#isClosing = true;
    this.#deliverer.hurry();
    this.#due.hurry();
  }

  async close(): Promise<void> {
    this.hurry();
    this.#deliverer.stop();
    await this.#running;
  }

  drained(): Promise<void> {
    return this.#running;
  }

  async #run(): Promise<void> {
    const { bounds, status, prepare } = this.#options;
    let left = 0;
    while (left === 0 && !(this.#isClosing && this.#queue.length === 0)) {
      await this.#due.next(this.#queue.length);
      const batch = this.#queue.take(bounds.batchSize, bounds.batchBytes);
      this.#underWay = batch.length;
      left = await this.#deliverer.send(await prepare(batch));
      this.#underWay = 0;
      status.looked(this.#queue.share);
    }
    left += this.#queue.length;
    if (left > 0) status.lost(left, 'ended');
  }
}
