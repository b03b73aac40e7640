import type { SinkEvent } from '../sink-event.ts';
import { outcropRecord } from './outcrop-record.ts';
import { standardLoggingPayload } from './standard-logging.ts';

/** How a call is written as JSON: LiteLLM's StandardLoggingPayload, or our own record. */
export const PAYLOAD_FORMATS = ['litellm', 'outcrop'] as const;

export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/** A call as one JSON text without line breaks. */
export function payloadText(event: SinkEvent, format: PayloadFormat): string {
  return JSON.stringify(format === 'litellm' ? standardLoggingPayload(event) : outcropRecord(event));
}

/**
 * A call as JSON of at most so many bytes: content that makes it too long is left out, since the receiver would refuse the
 * whole of it.
 */
export function boundedPayloadText(event: SinkEvent, format: PayloadFormat, bytesMax: number): string {
  const text = payloadText(event, format);
  if (event.content === null || text.length * UTF8_BYTES_MAX_PER_UNIT <= bytesMax) return text;
  return Buffer.byteLength(text) <= bytesMax ? text : payloadText({ ...event, content: null }, format);
}

const UTF8_BYTES_MAX_PER_UNIT = 3;
