import { blockHolds, parseBlock, type AddressBlock } from './policy/cidr.ts';

/** Addresses a header may list. Longer chains are somebody's attempt to be believed. */
const HOPS_MAX = 32;

/** Tells where requests come from behind the given proxies. @param trusted addresses or CIDR blocks, checked before. */
export function createClientAddresses(
  trusted: readonly string[],
): (peer: string | null, forwardedFor: string | undefined) => string | null {
  const blocks = trusted.map(parseBlock).filter((block): block is AddressBlock => block !== null);
  const isTrusted = (address: string): boolean => blocks.some((block) => blockHolds(block, address));

  return (peer, forwardedFor) => {
    if (peer === null || forwardedFor === undefined || !isTrusted(peer)) return peer;
    const hops = forwardedFor.split(',').map((hop) => hop.trim());
    if (hops.length > HOPS_MAX) return null;
    // Each proxy appends whom it heard from, so from the right the first that is not one of ours is the client.
    return hops.findLast((hop) => !isTrusted(hop)) ?? hops[0] ?? null;
  };
}
