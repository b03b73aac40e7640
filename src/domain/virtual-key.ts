/** Prefix of bearer keys, as LiteLLM's are, so that its users keep theirs. */
const BEARER_PREFIX = 'sk-';

/** Prefix of virtual access key ids. AWS's own begin with AKIA or ASIA. */
const ACCESS_KEY_ID_PREFIX = 'AKOC';

/** Whether a credential is one that a gateway issues rather than AWS. */
export function looksVirtual(credential: string): boolean {
  const bare = credential.replace(/^bearer +/i, '');
  return bare.startsWith(BEARER_PREFIX) || bare.startsWith(ACCESS_KEY_ID_PREFIX);
}
