import type { Limit } from '../domain/limits/limit.ts';
import { calendarSpan } from '../domain/limits/window.ts';
import { Count } from './count.ts';

/** A calendar window, or all time. */
export class SpanCount extends Count {
  #startMs = 0;
  #endMs = 0;
  /** Counts windows: what was reserved in an earlier one is settled in none. */
  #window = 0;
  #nowMs = 0;

  constructor(limit: Limit) {
    super(limit);
    if (limit.window.kind === 'forever') this.#endMs = Infinity;
  }

  /**
   * When the clock goes back by less than a window the count waits for it: a window never begins twice. When it goes
   * back further, it was wrong before, and the count moves with it.
   */
  override advance(wallMs: number): void {
    this.#nowMs = wallMs;
    const isBefore = wallMs < this.#startMs && this.#startMs - wallMs > this.#endMs - this.#startMs;
    if (wallMs < this.#endMs && !isBefore) return;
    const { window } = this.limit;
    if (window.kind !== 'calendar') return;
    const isFirst = this.#endMs === 0;
    ({ startMs: this.#startMs, endMs: this.#endMs } = calendarSpan(window.unit, window.count, wallMs));
    if (isFirst || isBefore) return;
    this.#window += 1;
    this.used = 0;
    this.reserved = 0;
    this.told = 0;
    this.isRefusalTold = false;
    this.seeded = true;
  }

  override reserve(amount: number): number {
    this.used += amount;
    this.reserved += amount;
    return this.#window;
  }

  override settle(position: number, held: number, actual: number): void {
    if (position !== this.#window) return;
    this.reserved -= held;
    this.used += actual - held;
  }

  override fitsInMs(amount: number, max: number): number | null {
    return amount > max || this.#endMs === Infinity ? null : this.#endMs - this.#nowMs;
  }

  override sinceMs(): number {
    return this.#startMs;
  }

  override set(settled: number): void {
    this.used = settled + this.reserved;
  }

  override isOver(wallMs: number): boolean {
    return wallMs >= this.#endMs;
  }

  protected override settled(): number {
    return this.used - this.reserved;
  }
}
