import { ProtoWriter } from './proto-writer.ts';

/** Fields of KeyValue and AnyValue: opentelemetry/proto/common/v1/common.proto */
const KEY = 1;
const VALUE = 2;
const STRING_VALUE = 1;
const BOOL_VALUE = 2;
const INT_VALUE = 3;
const DOUBLE_VALUE = 4;
const ARRAY_VALUE = 5;
const ARRAY_VALUES = 1;

/** Names are few; this many are more than all dialects together have. */
const NAMES_MAX = 1024;

/**
 * Writes attributes into the message that is open: name and value in one of the types that OTLP has. What is null is left
 * out, so that a record's fields can be given as they are.
 */
export class AttributeWriter {
  readonly #writer: ProtoWriter;
  /** The field of the message that holds its attributes. */
  readonly #field: number;
  readonly #names = new Map<string, Buffer>();

  constructor(writer: ProtoWriter, field: number) {
    this.#writer = writer;
    this.#field = field;
  }

  text(name: string, value: string | null): void {
    if (value === null || value === '') return;
    const writer = this.#writer;
    const [attribute, any] = this.#open(name);
    writer.text(STRING_VALUE, value);
    this.#close(attribute, any);
  }

  /** @param value whole and not negative */
  integer(name: string, value: number | null): void {
    if (value === null) return;
    const [attribute, any] = this.#open(name);
    this.#writer.integer(INT_VALUE, value);
    this.#close(attribute, any);
  }

  double(name: string, value: number | null): void {
    if (value === null) return;
    const [attribute, any] = this.#open(name);
    this.#writer.double(DOUBLE_VALUE, value);
    this.#close(attribute, any);
  }

  flag(name: string, value: boolean): void {
    const [attribute, any] = this.#open(name);
    this.#writer.flag(BOOL_VALUE, value);
    this.#close(attribute, any);
  }

  texts(name: string, values: readonly string[]): void {
    if (values.length === 0) return;
    const writer = this.#writer;
    const [attribute, any] = this.#open(name);
    const array = writer.open(ARRAY_VALUE);
    for (const value of values) {
      const item = writer.open(ARRAY_VALUES);
      writer.text(STRING_VALUE, value);
      writer.close(item);
    }
    writer.close(array);
    this.#close(attribute, any);
  }

  #open(name: string): readonly [attribute: number, any: number] {
    const attribute = this.#writer.open(this.#field);
    this.#writer.raw(this.#names.get(name) ?? this.#encoded(name));
    return [attribute, this.#writer.open(VALUE)];
  }

  #close(attribute: number, any: number): void {
    this.#writer.close(any);
    this.#writer.close(attribute);
  }

  #encoded(name: string): Buffer {
    const writer = new ProtoWriter();
    writer.text(KEY, name);
    const encoded = writer.finish();
    if (this.#names.size < NAMES_MAX) this.#names.set(name, encoded);
    return encoded;
  }
}
