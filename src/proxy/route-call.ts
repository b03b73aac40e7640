import { readClaim } from '../domain/credential-carriers.ts';
import { Refusal } from '../domain/errors.ts';
import { type Route, routeRequest } from '../domain/operations/route.ts';
import type { Exchange } from '../ports.ts';
import { identifyCaller } from './authenticate.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';

type Asked = Omit<Parameters<typeof routeRequest>[0], 'method'>;

/**
 * Where a request goes. One that goes nowhere is refused whoever sends it; if who does can be told by a key of theirs, the
 * call is recorded as theirs.
 * @throws Refusal, or rejects with it
 */
export function routeCall(exchange: Exchange, asked: Asked, call: Call, proxy: Proxy): Route | Promise<never> {
  try {
    return routeRequest({ method: exchange.method, ...asked });
  } catch (cause) {
    return noteCaller(exchange, call, proxy).then(() => Promise.reject(cause));
  }
}

/** What was signed is verified with its body, which nobody reads here: who signed stays unknown. */
async function noteCaller(exchange: Exchange, call: Call, proxy: Proxy): Promise<void> {
  try {
    await identifyCaller(readClaim(exchange.headers, proxy.options.keyHeader), exchange, call, proxy);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}
