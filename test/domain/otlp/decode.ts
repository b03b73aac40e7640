import assert from 'node:assert/strict';

/**
 * A decoder of Protocol Buffers that shares nothing with the encoder: it knows the messages by tables copied from the .proto
 * files of https://github.com/open-telemetry/opentelemetry-proto (v1.7), and fails on any field that is in none.
 */
type Scalar = 'string' | 'bytes' | 'bool' | 'int64' | 'uint32' | 'enum' | 'double' | 'fixed64' | 'fixed32';
type FieldType = Scalar | { readonly message: keyof typeof MESSAGES };
type Field = readonly [name: string, type: FieldType, repeated?: 'repeated'];

const MESSAGES: Readonly<Record<string, Readonly<Record<number, Field>>>> = {
  ExportTraceServiceRequest: { 1: ['resource_spans', { message: 'ResourceSpans' }, 'repeated'] },
  ResourceSpans: {
    1: ['resource', { message: 'Resource' }],
    2: ['scope_spans', { message: 'ScopeSpans' }, 'repeated'],
    3: ['schema_url', 'string'],
  },
  ScopeSpans: {
    1: ['scope', { message: 'InstrumentationScope' }],
    2: ['spans', { message: 'Span' }, 'repeated'],
    3: ['schema_url', 'string'],
  },
  Span: {
    1: ['trace_id', 'bytes'],
    2: ['span_id', 'bytes'],
    3: ['trace_state', 'string'],
    4: ['parent_span_id', 'bytes'],
    5: ['name', 'string'],
    6: ['kind', 'enum'],
    7: ['start_time_unix_nano', 'fixed64'],
    8: ['end_time_unix_nano', 'fixed64'],
    9: ['attributes', { message: 'KeyValue' }, 'repeated'],
    10: ['dropped_attributes_count', 'uint32'],
    15: ['status', { message: 'Status' }],
    16: ['flags', 'fixed32'],
  },
  Status: { 2: ['message', 'string'], 3: ['code', 'enum'] },
  Resource: { 1: ['attributes', { message: 'KeyValue' }, 'repeated'], 2: ['dropped_attributes_count', 'uint32'] },
  InstrumentationScope: { 1: ['name', 'string'], 2: ['version', 'string'] },
  KeyValue: { 1: ['key', 'string'], 2: ['value', { message: 'AnyValue' }] },
  AnyValue: {
    1: ['string_value', 'string'],
    2: ['bool_value', 'bool'],
    3: ['int_value', 'int64'],
    4: ['double_value', 'double'],
    5: ['array_value', { message: 'ArrayValue' }],
  },
  ArrayValue: { 1: ['values', { message: 'AnyValue' }, 'repeated'] },
  ExportMetricsServiceRequest: { 1: ['resource_metrics', { message: 'ResourceMetrics' }, 'repeated'] },
  ResourceMetrics: {
    1: ['resource', { message: 'Resource' }],
    2: ['scope_metrics', { message: 'ScopeMetrics' }, 'repeated'],
    3: ['schema_url', 'string'],
  },
  ScopeMetrics: {
    1: ['scope', { message: 'InstrumentationScope' }],
    2: ['metrics', { message: 'Metric' }, 'repeated'],
    3: ['schema_url', 'string'],
  },
  Metric: {
    1: ['name', 'string'],
    2: ['description', 'string'],
    3: ['unit', 'string'],
    9: ['histogram', { message: 'Histogram' }],
  },
  Histogram: {
    1: ['data_points', { message: 'HistogramDataPoint' }, 'repeated'],
    2: ['aggregation_temporality', 'enum'],
  },
  HistogramDataPoint: {
    2: ['start_time_unix_nano', 'fixed64'],
    3: ['time_unix_nano', 'fixed64'],
    4: ['count', 'fixed64'],
    5: ['sum', 'double'],
    6: ['bucket_counts', 'fixed64', 'repeated'],
    7: ['explicit_bounds', 'double', 'repeated'],
    9: ['attributes', { message: 'KeyValue' }, 'repeated'],
    10: ['flags', 'uint32'],
    11: ['min', 'double'],
    12: ['max', 'double'],
  },
};

const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  string: 2,
  bytes: 2,
  bool: 0,
  int64: 0,
  uint32: 0,
  enum: 0,
  double: 1,
  fixed64: 1,
  fixed32: 5,
};

export interface Decoded {
  readonly [field: string]: unknown;
}

export function decode(message: string, bytes: Buffer): Decoded {
  const fields = MESSAGES[message];
  assert.ok(fields, message);
  const decoded: Record<string, unknown> = {};
  const lists = new Map<string, unknown[]>();
  const reader = new WireReader(bytes);
  while (!reader.isOver) {
    const tag = Number(reader.varint());
    const field = fields[tag >> 3];
    assert.ok(field, `${message} has no field ${tag >> 3}`);
    const [name, type, repeated] = field;
    const values = reader.values(type, tag & 7, repeated === 'repeated', `${message}.${name}`);
    if (repeated === 'repeated') lists.set(name, [...(lists.get(name) ?? []), ...values]);
    else {
      assert.ok(!(name in decoded), `${message}.${name} stands twice`);
      [decoded[name]] = values;
    }
  }
  for (const [name, values] of lists) decoded[name] = values;
  return decoded;
}

class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  values(type: FieldType, wireType: number, isRepeated: boolean, where: string): unknown[] {
    if (typeof type === 'object') {
      assert.equal(wireType, 2, where);
      return [decode(type.message, this.#delimited())];
    }
    const isPacked = isRepeated && wireType === 2 && WIRE_TYPES[type] !== 2;
    if (!isPacked) {
      assert.equal(wireType, WIRE_TYPES[type], where);
      return [this.#scalar(type)];
    }
    const inner = new WireReader(this.#delimited());
    const values: unknown[] = [];
    while (!inner.isOver) values.push(inner.#scalar(type));
    return values;
  }

  #scalar(type: Scalar): unknown {
    switch (type) {
      case 'string':
        return new TextDecoder('utf-8', { fatal: true }).decode(this.#delimited());
      case 'bytes':
        return this.#delimited().toString('hex');
      case 'bool':
        return this.varint() === 1n;
      case 'int64':
      case 'uint32':
      case 'enum':
        return Number(this.varint());
      case 'double':
        return this.#bytes.readDoubleLE(this.#skip(8));
      case 'fixed64':
        return this.#bytes.readBigUInt64LE(this.#skip(8));
      case 'fixed32':
        return this.#bytes.readUInt32LE(this.#skip(4));
      default:
        return assert.fail(type);
    }
  }

  #delimited(): Buffer {
    const length = Number(this.varint());
    const start = this.#skip(length);
    assert.ok(start + length <= this.#bytes.length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(bytes: number): number {
    const start = this.#at;
    this.#at += bytes;
    return start;
  }
}

/** The attributes of a decoded message: value and type of each; a name that stands twice fails. */
export function attributesOf(message: Decoded): Map<string, { readonly type: string; readonly value: unknown }> {
  const attributes = new Map<string, { type: string; value: unknown }>();
  for (const attribute of listOf(message['attributes'])) {
    const { key, value } = attribute;
    assert.ok(typeof key === 'string' && isDecoded(value));
    assert.ok(!attributes.has(key), `${key} stands twice`);
    const [[type, found] = assert.fail(key), ...others] = Object.entries(value);
    assert.deepEqual(others, []);
    attributes.set(key, { type, value: type === 'array_value' ? textsOf(found) : found });
  }
  return attributes;
}

function textsOf(array: unknown): unknown[] {
  assert.ok(isDecoded(array));
  return listOf(array['values']).map((value) => value['string_value']);
}

export function listOf(value: unknown): Decoded[] {
  assert.ok(Array.isArray(value) && value.every(isDecoded));
  return value;
}

export function messageOf(value: unknown): Decoded {
  assert.ok(isDecoded(value));
  return value;
}

function isDecoded(value: unknown): value is Decoded {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
