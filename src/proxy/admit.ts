import { Refusal } from '../domain/errors.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';

/**
 * Takes a share of every limit that applies to the call; it holds them until it is closed. For now there is one: how
 * many requests may be at Bedrock at once.
 * @throws Refusal overloaded
 */
export function admit(call: Call, proxy: Proxy): void {
  if (!proxy.requestSlots.take(1)) {
    throw new Refusal(
      'overloaded',
      `The gateway is working on ${proxy.requestSlots.max} requests, its bound: try again shortly.`,
    );
  }
  call.heldRequestSlots = 1;
}
