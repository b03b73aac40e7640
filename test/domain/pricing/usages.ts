import { USAGE_UNITS, type Usage, type UsageUnit } from '../../../src/domain/usage/usage.ts';

/** A whole usage that Bedrock said, by quantity of each unit. */
export function usageOf(quantities: Partial<Record<UsageUnit, number>>, more: Partial<Usage> = {}): Usage {
  return {
    lines: Object.entries(quantities).map(([unit, quantity]) => line(unit, quantity)),
    source: 'answer',
    complete: true,
    serviceTier: null,
    latencyOptimized: false,
    ...more,
  };
}

export function line(
  unit: string,
  quantity: number,
  variant: string | null = null,
  modelId: string | null = null,
): Usage['lines'][number] {
  const known = USAGE_UNITS.find((one) => one === unit);
  if (known === undefined) throw new Error(`${unit} is no unit`);
  return { unit: known, quantity, variant, modelId };
}
