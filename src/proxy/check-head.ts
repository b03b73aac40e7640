import { Refusal } from '../domain/errors.ts';
import { LOOP_MARKER, loopsBack } from '../domain/loop-marker.ts';
import type { Exchange } from '../ports.ts';
import type { Proxy } from './proxy.ts';

/** Refuses what is malformed, what can't be taken right now, and what has been here before. */
export function checkHead(exchange: Exchange, proxy: Proxy): void {
  if (exchange.framingFault !== null) throw new Refusal('invalidRequest', exchange.framingFault);

  const overload = proxy.overload();
  if (overload !== null) throw new Refusal('overloaded', overload);

  const { headers } = exchange;
  if (loopsBack(headers.get(LOOP_MARKER), proxy.instanceId)) {
    throw new Refusal(
      'requestLoop',
      'This request has come back to the gateway that sent it: check the AWS_ENDPOINT_URL settings.',
    );
  }
  if (headers.get('upgrade')?.toLowerCase() === 'websocket') {
    throw new Refusal('notImplemented', 'WebSockets are not carried yet: use the HTTP operations of the same service.');
  }
  if (headers.count('content-type') > 1 || headers.count('x-amz-target') > 1) {
    throw new Refusal('invalidRequest', 'Content-Type and X-Amz-Target may come only once.');
  }
}
