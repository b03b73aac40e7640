import type { Caller } from '../caller.ts';
import { Refusal } from '../errors.ts';
import { IDENTITY_HEADERS, type HeaderList } from '../headers.ts';
import type { Operation } from '../operations/operation.ts';
import { SERVICES } from '../operations/services.ts';

/** What the operator allows, beside what a caller's own grants say. */
export interface Policy {
  readonly allowedRegions: readonly string[];
  readonly anonymousControlPlane: boolean;
}

/**
 * Decides whether the holder of the master key, or anyone where there is none, may do what it asks. Says nothing when
 * it may.
 * @throws Refusal accessDenied, which names what was asked, what is allowed and how to allow more.
 */
export function permit(
  caller: Caller,
  operation: Operation,
  region: string,
  headers: HeaderList,
  policy: Policy,
): void {
  permitRegion(region, policy.allowedRegions);
  if (caller.kind === 'master') return;
  // What a virtual key may is for `decide`, which needs to know what the request names; without it, nothing.
  if (caller.kind === 'key') throw new Refusal('accessDenied', 'What this key may do has not been decided.');
  if (SERVICES[operation.service].plane === 'control' && !policy.anonymousControlPlane) {
    throw new Refusal(
      'accessDenied',
      `${operation.qualifiedName} belongs to a control plane, which requests without a key may not use. ` +
        'Set a master key, or OUTCROP_ALLOW_CONTROL_PLANE=true on the gateway.',
    );
  }
  for (const name of IDENTITY_HEADERS) {
    if (headers.get(name) === undefined) continue;
    throw new Refusal(
      'accessDenied',
      `The header ${name} acts for another user, which a request without a key may not do.`,
    );
  }
}

/**
 * Whether the operator lets requests go to a region at all, whoever sends them.
 * @throws Refusal accessDenied
 */
export function permitRegion(region: string, allowedRegions: readonly string[]): void {
  if (allowedRegions.includes(region)) return;
  throw new Refusal(
    'accessDenied',
    `Region ${region} is not allowed here. Allowed: ${allowedRegions.join(', ')}. The gateway's OUTCROP_ALLOWED_REGIONS adds more.`,
  );
}
