import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';

/** Reads what Kafka's protocol is made of, strictly: https://kafka.apache.org/protocol#protocol_types */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8 = (): number => this.take(1).readInt8();
  int16 = (): number => this.take(2).readInt16BE();
  int32 = (): number => this.take(4).readInt32BE();
  uint32 = (): number => this.take(4).readUInt32BE();
  int64 = (): bigint => this.take(8).readBigInt64BE();

  take(length: number): Buffer {
    assert.ok(length >= 0 && this.#at + length <= this.#bytes.length, 'more is announced than there is');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  uvarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.take(1).readUInt8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    assert.fail('a number of variable length does not end');
  }

  /** Zigzag. */
  varint(): bigint {
    const value = this.uvarint();
    return (value >> 1n) ^ -(value & 1n);
  }

  string(): string | null {
    const length = this.int16();
    return length === -1 ? null : this.take(length).toString('utf8');
  }

  compactBytes(): Buffer | null {
    const length = Number(this.uvarint()) - 1;
    return length === -1 ? null : this.take(length);
  }

  compactString(): string | null {
    return this.compactBytes()?.toString('utf8') ?? null;
  }

  compactArray<Item>(read: () => Item): readonly Item[] {
    return Array.from({ length: Number(this.uvarint()) - 1 }, read);
  }

  /** Bytes of a length in front that may be -1, for nothing. */
  varintBytes(): Buffer | null {
    const length = Number(this.varint());
    return length === -1 ? null : this.take(length);
  }

  noTags(): void {
    assert.equal(this.uvarint(), 0n);
  }

  end(): void {
    assert.equal(this.#at, this.#bytes.length, 'there is more than was announced');
  }

  rest(): Buffer {
    return this.take(this.#bytes.length - this.#at);
  }
}

const NO_TAGS = Buffer.from([0]);

export const wire = {
  int8: (value: number) => of(1, (bytes) => bytes.writeInt8(value)),
  int16: (value: number) => of(2, (bytes) => bytes.writeInt16BE(value)),
  int32: (value: number) => of(4, (bytes) => bytes.writeInt32BE(value)),
  int64: (value: bigint) => of(8, (bytes) => bytes.writeBigInt64BE(value)),
  /** Up to 126 bytes or items, which is all that a test broker has to say. */
  compact: (text: string | null) =>
    text === null ? Buffer.from([0]) : Buffer.concat([short(text.length + 1), Buffer.from(text)]),
  compactArray: (items: readonly Buffer[]) => Buffer.concat([short(items.length + 1), ...items]),
  string: (text: string) => Buffer.concat([wire.int16(text.length), Buffer.from(text)]),
  array: (items: readonly Buffer[]) => Buffer.concat([wire.int32(items.length), ...items]),
  /** A structure, which ends with no tags. */
  struct: (...parts: readonly Buffer[]) => Buffer.concat([...parts, NO_TAGS]),
  noTags: NO_TAGS,
};

export interface WireRecord {
  readonly key: string | null;
  readonly value: string;
  readonly atMs: number;
}

/** A record batch of version 2: https://kafka.apache.org/documentation/#recordbatch */
export function readBatch(bytes: Buffer): { readonly gzipped: boolean; readonly records: readonly WireRecord[] } {
  const batch = new WireReader(bytes);
  assert.equal(batch.int64(), 0n);
  assert.equal(batch.int32(), bytes.length - 12);
  batch.int32();
  assert.equal(batch.int8(), 2);
  assert.equal(batch.uint32(), crc32c(bytes.subarray(21)), 'the checksum is that of the batch');
  const attributes = batch.int16();
  assert.ok(attributes === 0 || attributes === 1, 'nothing but gzip is expected');
  const lastOffsetDelta = batch.int32();
  const baseMs = batch.int64();
  const maxMs = batch.int64();
  assert.deepEqual([batch.int64(), batch.int16() <= 0, batch.int32() <= 0], [-1n, true, true]);
  const count = batch.int32();
  assert.equal(lastOffsetDelta, count - 1);
  const packed = batch.rest();
  const reader = new WireReader(attributes === 1 ? gunzipSync(packed) : packed);
  const records = Array.from({ length: count }, (_, place) => readRecord(reader, place, baseMs));
  reader.end();
  assert.equal(Math.max(...records.map(({ atMs }) => atMs)), Number(maxMs));
  return { gzipped: attributes === 1, records };
}

function readRecord(batch: WireReader, place: number, baseMs: bigint): WireRecord {
  const record = new WireReader(batch.take(Number(batch.varint())));
  assert.equal(record.int8(), 0);
  const atMs = Number(baseMs + record.varint());
  assert.equal(record.varint(), BigInt(place));
  const key = record.varintBytes()?.toString('utf8') ?? null;
  const value = record.varintBytes()?.toString('utf8') ?? assert.fail('a record without a value');
  assert.equal(record.varint(), 0n, 'no headers');
  record.end();
  return { key, value, atMs };
}

/** RFC 3720, B.4: Castagnoli's polynomial, reflected. */
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC32C_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function of(length: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(length);
  write(bytes);
  return bytes;
}

function short(value: number): Buffer {
  assert.ok(value < 128);
  return Buffer.from([value]);
}
