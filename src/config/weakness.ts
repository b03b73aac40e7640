import { secretWeakness } from '../domain/keys/secret-weakness.ts';
import type { Settings } from './settings.ts';

/** Why the master key or the secret could be guessed, as the beginning of a sentence for the operator, or null. */
export function weaknessOf({ masterKey, secretKey }: Settings): string | null {
  if (masterKey === null) return null;
  const ofMasterKey = secretWeakness(masterKey);
  if (ofMasterKey !== null) return `the master key can be guessed (${ofMasterKey})`;
  const ofSecret = secretKey === null ? null : secretWeakness(secretKey);
  return ofSecret === null ? null : `the secret key can be guessed (${ofSecret})`;
}
