import { type KeyAttribution, NO_KEY } from '../domain/attribution.ts';
import type { Caller } from '../domain/caller.ts';

/** Whom the calls of a caller are charged to, as far as the credential tells. */
export function keyAttribution(caller: Caller | null): KeyAttribution {
  if (caller?.kind !== 'key') return NO_KEY;
  const { keyId, alias, teamId, userId, tags } = caller;
  return { keyId, keyAlias: alias, teamId, userId, tags };
}
