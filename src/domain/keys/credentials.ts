import type { HolderFacts, KeyFacts } from '../holders.ts';

export type CredentialKind = 'bearer' | 'aws';

export interface NewCredential {
  readonly kind: CredentialKind;
  /** Bearer: digest in hex under that data key. AWS: the access key id. */
  readonly lookup: string;
  readonly dataKeyVersion: number;
}

export interface StoredCredential extends NewCredential {
  readonly id: number;
  readonly keyId: string;
  /** Null for a current credential; for a replaced one the end of its grace. */
  readonly validUntilMs: number | null;
  readonly createdMs: number;
}

/** What a team or user has to say about its keys. Its limits are those in force, with the ones of its budget. */
export type OwnerRights = Omit<HolderFacts, 'metadata' | 'budgetId'>;

/** A credential with all that decides about a request made with it. */
export interface CredentialOwner {
  readonly credential: StoredCredential;
  /** Its limits are those in force, with the ones of its budget. */
  readonly key: Omit<KeyFacts, 'name' | 'budgetId'> & { readonly id: string };
  readonly team: OwnerRights | null;
  readonly user: (OwnerRights & { readonly role: string }) | null;
}

/** How many credentials there are under a version of the data key. */
export interface CredentialCount {
  readonly version: number;
  readonly kind: CredentialKind;
  readonly count: number;
}
