/** The number that stands for a kind of value on the wire: https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

const BYTES_AT_FIRST = 4096;
/** Texts up to this length are written character by character: a call out of JavaScript costs more. */
const SHORT_CHARS = 48;
const LENGTH_BYTES_MAX = 5;

/**
 * Writes messages of Protocol Buffers, field by field. A message inside another is opened and closed around its fields.
 * Fields at their default are for the caller to leave out.
 */
export class ProtoWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param bytes what is expected; more has room too */
  constructor(bytes = BYTES_AT_FIRST) {
    this.#bytes = Buffer.allocUnsafe(bytes);
  }

  /** Begins anew; what `finish` has given stays as it is. */
  reset(): void {
    this.#at = 0;
  }

  /** A copy of all that was written. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  /** Begins a message that is a field. @returns what `close` wants */
  open(field: number): number {
    this.#room(16);
    this.#tag(field, LENGTH);
    // Most are short: a longer length is made room for when it is known.
    this.#at += 1;
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    const bytes = varintBytes(length);
    if (bytes > 1) {
      this.#room(LENGTH_BYTES_MAX);
      this.#bytes.copyWithin(start + bytes - 1, start, this.#at);
    }
    this.#at = start - 1;
    this.#varint(length);
    this.#at += length;
  }

  text(field: number, text: string): void {
    if (text.length > SHORT_CHARS || !this.#shortText(field, text)) this.#longText(field, text);
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#room(16 + bytes.length);
    this.#tag(field, LENGTH);
    this.#varint(bytes.length);
    this.raw(bytes);
  }

  /** Fields that were encoded before. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** @param value whole and not negative: uint32, uint64, enum, and int64 as long as it is not negative */
  integer(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  flag(field: number, value: boolean): void {
    this.integer(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, FIXED64);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  fixed64(field: number, value: bigint): void {
    this.#room(16);
    this.#tag(field, FIXED64);
    this.#at = this.#bytes.writeBigUInt64LE(value, this.#at);
  }

  fixed32(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, FIXED32);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** A packed list. */
  doubles(field: number, values: readonly number[]): void {
    this.#room(16 + values.length * 8);
    this.#tag(field, LENGTH);
    this.#varint(values.length * 8);
    for (const value of values) this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** A packed list. @param values whole and not negative */
  fixed64s(field: number, values: readonly number[]): void {
    this.#room(16 + values.length * 8);
    this.#tag(field, LENGTH);
    this.#varint(values.length * 8);
    for (const value of values) this.#at = this.#bytes.writeBigUInt64LE(BigInt(value), this.#at);
  }

  /** @returns false, and leaves no trace, where the text is more than ASCII */
  #shortText(field: number, text: string): boolean {
    this.#room(16 + SHORT_CHARS);
    const start = this.#at;
    this.#tag(field, LENGTH);
    this.#bytes[this.#at++] = text.length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.#at = start;
        return false;
      }
      this.#bytes[this.#at++] = code;
    }
    return true;
  }

  #longText(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.#room(16 + length);
    this.#tag(field, LENGTH);
    this.#varint(length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  #tag(field: number, kind: number): void {
    this.#varint(field * 8 + kind);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(bigger, 0, 0, this.#at);
    this.#bytes = bigger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}
