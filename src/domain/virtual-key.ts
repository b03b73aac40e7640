import { ACCESS_KEY_ID_PREFIX } from './keys/access-key-id.ts';
import { BEARER_PREFIX } from './keys/bearer-key.ts';

/** Whether a credential is one that a gateway issues rather than AWS. */
export function looksVirtual(credential: string): boolean {
  const bare = credential.replace(/^bearer +/i, '');
  return bare.startsWith(BEARER_PREFIX) || bare.startsWith(ACCESS_KEY_ID_PREFIX);
}
