import type { Limit } from '../domain/limits/limit.ts';
import { Count } from './count.ts';

/** Into how many parts a rolling window is divided. What leaves it leaves it a part at a time, up to 1.7 % late. */
export const ROLLING_PARTS = 60;
/** The current part and all that reach into the window before it: never less than the window. */
const SLOTS = ROLLING_PARTS + 1;

/** What was used in the last so many seconds, by a clock that never goes back. */
export class RollingCount extends Count {
  readonly #windowMs: number;
  readonly #partMs: number;
  readonly #slots = new Float64Array(SLOTS);
  /** Of the current part, since the clock began. */
  #part = 0;
  /** What was reserved in parts before it is settled in none: they were set to nothing. */
  #firstPart = 0;
  #nowMs = 0;
  #wallMs = 0;
  #toldMs = 0;
  #refusedMs = 0;

  constructor(limit: Limit, seconds: number) {
    super(limit);
    this.#windowMs = seconds * 1000;
    this.#partMs = this.#windowMs / ROLLING_PARTS;
  }

  override advance(wallMs: number, elapsedMs: number): void {
    this.#wallMs = wallMs;
    this.#nowMs = elapsedMs;
    if (this.told > 0 && elapsedMs - this.#toldMs >= this.#windowMs) this.told = 0;
    if (this.isRefusalTold && elapsedMs - this.#refusedMs >= this.#windowMs) this.isRefusalTold = false;
    const part = Math.floor(elapsedMs / this.#partMs);
    if (part <= this.#part) return;
    const passed = Math.min(SLOTS, part - this.#part);
    for (let step = 1; step <= passed; step += 1) {
      const slot = (this.#part + step) % SLOTS;
      this.used -= this.#slots[slot] ?? 0;
      this.#slots[slot] = 0;
    }
    this.#part = part;
  }

  override reserve(amount: number): number {
    this.#add(this.#part, amount);
    this.reserved += amount;
    return this.#part;
  }

  override settle(position: number, held: number, actual: number): void {
    this.reserved -= held;
    if (position > this.#part - SLOTS && position >= this.#firstPart) this.#add(position, actual - held);
  }

  override fitsInMs(amount: number, max: number): number | null {
    if (amount > max) return null;
    let left = this.used;
    for (let part = this.#part - SLOTS + 1; part <= this.#part; part += 1) {
      left -= this.#slots[part % SLOTS] ?? 0;
      if (left + amount <= max) return (part + SLOTS) * this.#partMs - this.#nowMs;
    }
    return this.#windowMs;
  }

  override sinceMs(): number {
    return this.#wallMs - this.#windowMs;
  }

  override set(settled: number): void {
    this.#slots.fill(0);
    this.used = 0;
    // The next part begins at once: what is reserved from here on can be told from what was reserved before.
    if (this.#part === Math.floor(this.#nowMs / this.#partMs)) this.#part += 1;
    this.#firstPart = this.#part;
    this.#add(this.#part, settled);
  }

  override seed(used: number): void {
    this.#add(this.#part, Math.max(0, used - (this.used - this.reserved)));
    this.seeded = true;
    this.tell(Math.max(this.told, this.reached()));
  }

  override isOver(_wallMs: number, elapsedMs: number): boolean {
    return Math.floor(elapsedMs / this.#partMs) - this.#part >= SLOTS;
  }

  protected override settled(): number {
    return this.used;
  }

  override isFirstRefusal(): boolean {
    const isFirst = super.isFirstRefusal();
    if (isFirst) this.#refusedMs = this.#nowMs;
    return isFirst;
  }

  protected override tell(threshold: number): void {
    this.#toldMs = this.#nowMs;
    super.tell(threshold);
  }

  #add(part: number, amount: number): void {
    const slot = part % SLOTS;
    this.#slots[slot] = (this.#slots[slot] ?? 0) + amount;
    this.used += amount;
  }
}
