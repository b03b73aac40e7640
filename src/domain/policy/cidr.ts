/** An IP address as a number. IPv4 inside IPv6 (`::ffff:10.0.0.1`, RFC 4291 section 2.5.5.2) is the IPv4 address. */
interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A block of addresses, as in RFC 4632 and RFC 4291 section 2.3. */
export interface AddressBlock {
  readonly bits: 32 | 128;
  readonly network: bigint;
  readonly prefixLength: number;
}

const MAPPED_PREFIX = 0xffffn;
const MAPPED_LENGTH = 96;

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. Null for anything else, also for a block with bits set
 * behind its prefix: whoever writes `10.1.2.3/8` means one of two things.
 */
export function parseBlock(text: string): AddressBlock | null {
  const [host = '', length, ...rest] = text.split('/');
  const address = parseRaw(host);
  if (address === null || rest.length > 0) return null;
  if (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(length)) return null;
  const prefixLength = length === undefined ? address.bits : Number(length);
  if (prefixLength > address.bits) return null;
  if ((address.value & hostMask(address.bits, prefixLength)) !== 0n) return null;
  const isMapped = address.bits === 128 && prefixLength >= MAPPED_LENGTH && address.value >> 32n === MAPPED_PREFIX;
  if (isMapped) return { bits: 32, network: address.value & 0xffffffffn, prefixLength: prefixLength - MAPPED_LENGTH };
  return { bits: address.bits, network: address.value, prefixLength };
}

/** @param text the address of a peer; a zone (`fe80::1%eth0`) is left out of the comparison. What is no address is in no block. */
export function blockHolds(block: AddressBlock, text: string): boolean {
  const address = parseAddress(text.split('%', 1)[0] ?? '');
  return address !== null && isInside(block, address.bits, address.value);
}

/** Of an IPv6 address so much belongs to one subscriber at least: a /64 (RFC 6177). */
const SUBSCRIBER_LENGTH = 64n;

/**
 * What stands for everyone who could send from this address: an IPv4 address, or the /64 an IPv6 one is in, since whoever
 * has one address of that has them all. What is no address is all one.
 */
export function clientNetwork(text: string): string {
  const address = parseAddress(text.split('%', 1)[0] ?? '');
  if (address === null) return '';
  return address.bits === 32 ? `4:${address.value}` : `6:${address.value >> SUBSCRIBER_LENGTH}`;
}

export function blockCovers(outer: AddressBlock, inner: AddressBlock): boolean {
  return inner.prefixLength >= outer.prefixLength && isInside(outer, inner.bits, inner.network);
}

function isInside(block: AddressBlock, bits: 32 | 128, value: bigint): boolean {
  if (block.bits !== bits) return false;
  const shift = BigInt(bits - block.prefixLength);
  return value >> shift === block.network >> shift;
}

function hostMask(bits: number, prefixLength: number): bigint {
  return (1n << BigInt(bits - prefixLength)) - 1n;
}

function parseAddress(text: string): Address | null {
  const address = parseRaw(text);
  if (address?.bits === 128 && address.value >> 32n === MAPPED_PREFIX) {
    return { bits: 32, value: address.value & 0xffffffffn };
  }
  return address;
}

function parseRaw(text: string): Address | null {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === null ? null : { bits: 32, value };
  }
  const value = parseIpv6(text);
  return value === null ? null : { bits: 128, value };
}

/** Four decimal numbers; no leading zeros, which some readers take for octal. */
function parseIpv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? '', true);
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The 16-bit groups of one side of `::`. Only at the very end an IPv4 address may stand for two of them. */
function groupsOf(text: string, mayEndInIpv4: boolean): bigint[] | null {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndInIpv4 && index === parts.length - 1 && part.includes('.')) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === null) return null;
      groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return null;
  }
  return groups;
}
