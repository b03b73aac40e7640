/**
 * Calls many streams at the same pace with few timers. All streams of one interval share one timer: it fires several times
 * per interval, and each time it serves one slot of them, so that a thousand streams do not write in the same millisecond.
 */

/** Does one step; false when it was the last. */
export type Step = () => boolean;

const SLOT_MS_MIN = 10;
const SLOTS_MAX = 10;

export class Ticker {
  readonly #wheels = new Map<number, Wheel>();

  /** Calls the step every `intervalMs` until it returns false; the returned function stops it earlier. */
  every(intervalMs: number, step: Step): () => void {
    const wheel = this.#wheels.get(intervalMs) ?? new Wheel(intervalMs, () => this.#wheels.delete(intervalMs));
    this.#wheels.set(intervalMs, wheel);
    return wheel.add(step);
  }

  close(): void {
    for (const wheel of this.#wheels.values()) wheel.close();
  }
}

class Wheel {
  readonly #slots: readonly Set<Step>[];
  readonly #timer: NodeJS.Timeout;
  readonly #emptied: () => void;
  #next = 0;
  #size = 0;

  constructor(intervalMs: number, emptied: () => void) {
    const slotCount = Math.min(SLOTS_MAX, Math.max(1, Math.floor(intervalMs / SLOT_MS_MIN)));
    this.#slots = Array.from({ length: slotCount }, () => new Set<Step>());
    this.#emptied = emptied;
    this.#timer = setInterval(() => this.#turn(), intervalMs / slotCount);
  }

  add(step: Step): () => void {
    const slot = this.#slots.reduce((least, other) => (other.size < least.size ? other : least));
    slot.add(step);
    this.#size += 1;
    return () => this.#remove(slot, step);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#emptied();
  }

  #turn(): void {
    const slot = this.#slots[this.#next];
    this.#next = (this.#next + 1) % this.#slots.length;
    if (slot === undefined) return;
    for (const step of slot) if (!step()) this.#remove(slot, step);
  }

  #remove(slot: Set<Step>, step: Step): void {
    if (slot.delete(step)) this.#size -= 1;
    if (this.#size === 0) this.close();
  }
}
