import { Count } from './count.ts';

/** When a running call ends can't be known. */
const HELD_RETRY_MS = 1000;

/** Requests at the same time: only running calls count. */
export class HeldCount extends Count {
  override seeded = true;

  override advance(): void {
    // It has no window.
  }

  override reserve(amount: number): number {
    this.used += amount;
    this.reserved += amount;
    return 0;
  }

  override settle(_position: number, held: number): void {
    this.used -= held;
    this.reserved -= held;
  }

  override fitsInMs(amount: number, max: number): number | null {
    return amount > max ? null : HELD_RETRY_MS;
  }

  override sinceMs(): number {
    return 0;
  }

  override set(): void {
    // What is running is running.
  }

  override isOver(): boolean {
    return this.used === 0;
  }

  /** Its refusals come and go with the calls that run: it has no window in which one would be the first. */
  override isFirstRefusal(): boolean {
    return false;
  }

  protected override settled(): number {
    return 0;
  }
}
