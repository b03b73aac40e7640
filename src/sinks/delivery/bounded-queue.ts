export interface BoundedQueueOptions<Item> {
  readonly itemsMax: number;
  readonly bytesMax: number;
  /** About how much memory an item holds. */
  readonly sizeOf: (item: Item) => number;
}

/** First in, first out, up to a number of items and of bytes. What comes beyond either is not taken. */
export class BoundedQueue<Item> {
  readonly #options: BoundedQueueOptions<Item>;
  readonly #items: Item[] = [];
  #bytes = 0;

  constructor(options: BoundedQueueOptions<Item>) {
    this.#options = options;
  }

  get length(): number {
    return this.#items.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How full it is, from 0 to 1. */
  get share(): number {
    return Math.max(this.#items.length / this.#options.itemsMax, this.#bytes / this.#options.bytesMax);
  }

  /** @returns false when there is no room for it */
  push(item: Item): boolean {
    const { itemsMax, bytesMax, sizeOf } = this.#options;
    const bytes = this.#bytes + sizeOf(item);
    if (this.#items.length >= itemsMax || bytes > bytesMax) return false;
    this.#items.push(item);
    this.#bytes = bytes;
    return true;
  }

  /** The oldest, up to so many items and bytes, but at least one if there is one. */
  take(itemsMax: number, bytesMax: number): Item[] {
    const { sizeOf } = this.#options;
    let [count, bytes] = [0, 0];
    for (const item of this.#items) {
      const size = sizeOf(item);
      if (count >= itemsMax || (count > 0 && bytes + size > bytesMax)) break;
      count += 1;
      bytes += size;
    }
    this.#bytes -= bytes;
    return this.#items.splice(0, count);
  }
}
