import { hash } from 'node:crypto';

/** SHA-256 works on blocks of this size; RFC 2104 fills a key up to one. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC-SHA-256 (RFC 2104) with a key that is used over and over. Its padded forms are kept, so that an HMAC is two plain
 * digests: Node makes and collects an object for each `createHmac`, which costs twice as much.
 */
export class HmacKey {
  readonly #inner = Buffer.alloc(BLOCK_BYTES, INNER_PAD);
  /** The padded key, followed by room for the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, OUTER_PAD);

  /** @param key at most 64 bytes; RFC 2104 hashes longer ones first, which no key here is. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError(`An HMAC key of ${key.length} bytes is over ${BLOCK_BYTES}.`);
    for (const [index, byte] of key.entries()) {
      this.#inner[index] = byte ^ INNER_PAD;
      this.#outer[index] = byte ^ OUTER_PAD;
    }
  }

  /** The HMAC of the text's UTF-8 bytes, in lower-case hex. */
  hexOf(text: string): string {
    const padded = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
    padded.set(this.#inner);
    padded.write(text, BLOCK_BYTES);
    this.#outer.set(hash('sha256', padded, 'buffer'), BLOCK_BYTES);
    return hash('sha256', this.#outer);
  }
}
