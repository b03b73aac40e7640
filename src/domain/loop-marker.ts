/** Names the gateways a request has passed, sent only to endpoints an operator set: AWS itself never sends anything back. */
export const LOOP_MARKER = 'x-outcrop-loop';

/** Gateways in a row. More is a loop through instances that don't know each other. */
const GATEWAYS_MAX = 4;

/** @param value the marker as it came, if it came. */
export function loopsBack(value: string | undefined, instanceId: string): boolean {
  if (value === undefined) return false;
  const passed = value.split(',');
  return passed.includes(instanceId) || passed.length >= GATEWAYS_MAX;
}

/** The marker as it goes on. */
export function markPassage(value: string | undefined, instanceId: string): string {
  return value === undefined ? instanceId : `${value},${instanceId}`;
}
