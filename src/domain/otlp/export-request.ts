import { AttributeWriter } from './attribute-writer.ts';
import { ProtoWriter } from './proto-writer.ts';

/** Who sends: `service.name` and whatever else, as texts. */
export type Resource = Readonly<Record<string, string>>;

/** Traces and metrics are wrapped alike: collector/{trace,metrics}/v1, trace/v1, metrics/v1 of opentelemetry-proto. */
const RESOURCE_ITEMS = 1;
const RESOURCE = 1;
const RESOURCE_ATTRIBUTES = 1;
const SCOPE_ITEMS = 2;
const SCOPE = 1;
const SCOPE_NAME = 1;
const ITEMS = 2;

/** Around one item, and around all of them. */
const FRAMING_BYTES = 6;
const ROUGHLY_ELSE_BYTES = 1024;

/**
 * The bytes of an ExportTraceServiceRequest or an ExportMetricsServiceRequest.
 * @param scopeName what made the spans and metrics
 * @param items of Span, or of Metric, as encoded
 */
export function exportRequest(resource: Resource, scopeName: string, items: readonly Uint8Array[]): Buffer {
  const writer = new ProtoWriter(items.reduce((sum, item) => sum + item.length + FRAMING_BYTES, ROUGHLY_ELSE_BYTES));
  const ofResource = writer.open(RESOURCE_ITEMS);
  const written = writer.open(RESOURCE);
  const attributes = new AttributeWriter(writer, RESOURCE_ATTRIBUTES);
  for (const [name, value] of Object.entries(resource)) attributes.text(name, value);
  writer.close(written);
  const ofScope = writer.open(SCOPE_ITEMS);
  const maker = writer.open(SCOPE);
  writer.text(SCOPE_NAME, scopeName);
  writer.close(maker);
  for (const item of items) writer.bytes(ITEMS, item);
  writer.close(ofScope);
  writer.close(ofResource);
  return writer.finish();
}
