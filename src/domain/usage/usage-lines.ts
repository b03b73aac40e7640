import type { UsageLine, UsageUnit } from './usage.ts';

/** Collects what was used. Equal things become one line; what is zero or unknown becomes none. */
export class UsageLines {
  readonly #lines: { unit: UsageUnit; quantity: number; modelId: string | null; variant: string | null }[] = [];

  add(unit: UsageUnit, quantity: number | null, modelId: string | null = null, variant: string | null = null): void {
    if (quantity === null || quantity === 0) return;
    const same = this.#lines.find((line) => line.unit === unit && line.modelId === modelId && line.variant === variant);
    if (same === undefined) this.#lines.push({ unit, quantity, modelId, variant });
    else same.quantity += quantity;
  }

  get all(): readonly UsageLine[] {
    return this.#lines;
  }
}
