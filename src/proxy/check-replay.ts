import { Refusal } from '../domain/errors.ts';
import type { IdentifiedCaller } from './authenticate.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';

const REPLAYED =
  'This very signature has been used before, and the gateway takes each only once: sign again, with a new x-amz-date. ' +
  'Equal requests of one second have equal signatures.';

/**
 * What becomes of a signed request that comes again within the minutes in which its signature holds. By default nothing,
 * since clients do send equal requests in one second.
 * @throws Refusal badSignature
 */
export function checkReplay({ signed, caller }: IdentifiedCaller, call: Call, proxy: Proxy): void {
  const { seenSignatures } = proxy;
  if (signed === null || seenSignatures === null) return;
  if (!seenSignatures.note(signed.authorization.signature, proxy.clock.elapsedMs())) return;
  const keyId = caller.kind === 'key' ? caller.keyId : null;
  proxy.log.warn({ requestId: call.id, keyId }, 'a signed request has come again');
  if (proxy.options.sigv4Replay === 'deny') throw new Refusal('badSignature', REPLAYED);
}
