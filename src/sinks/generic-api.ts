import { z } from 'zod';
import { hasFailed } from '../domain/payloads/call-facts.ts';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { LINE_BYTES_MAX } from './delivery/outbox/frame.ts';
import { requireSuccess } from './delivery-fault.ts';
import { defineSink } from './define-sink.ts';
import { gzip } from './gzip.ts';
import { deliverInParts, partsOf } from './in-parts.ts';
import { flag, headers, httpUrl, payloadFormat } from './options.ts';
import { ALL_TAKEN } from './sink.ts';

const AT_ONCE_MAX = 8;
const EVENT_TYPES = ['llm_api_success', 'llm_api_failure'] as const;
const CONTENT_TYPES = {
  json_array: 'application/json',
  ndjson: 'application/x-ndjson',
  single: 'application/json',
} as const;

/** Any HTTP receiver of JSON. LiteLLM's settings: https://docs.litellm.ai/docs/observability/generic_api */
export const sink = defineSink({
  about: 'JSON by POST to any address',
  delivery: 'at-least-once',
  options: z.strictObject({
    endpoint: httpUrl,
    headers: headers.default({}),
    log_format: z.enum(['json_array', 'ndjson', 'single']).default('json_array'),
    event_types: z.array(z.enum(EVENT_TYPES)).default([...EVENT_TYPES]),
    format: payloadFormat('litellm'),
    gzip: flag(false),
  }),
  variables: { endpoint: ['GENERIC_LOGGER_ENDPOINT'], headers: ['GENERIC_LOGGER_HEADERS'] },
  belongTo: { headers: ['endpoint'] },
  secrets: ['endpoint', 'headers'],
  open: ({ endpoint, headers: given, log_format: form, event_types: types, format, gzip: zips }, { http, clock }) => {
    const isWanted = { success: types.includes('llm_api_success'), failure: types.includes('llm_api_failure') };
    const post = async (lines: readonly string[], signal: AbortSignal): Promise<typeof ALL_TAKEN> => {
      const text = form === 'json_array' ? `[${lines.join(',')}]` : lines.join('\n');
      const answer = await http.send(
        {
          method: 'POST',
          url: endpoint,
          headers: {
            'content-type': CONTENT_TYPES[form],
            'user-agent': 'outcrop',
            ...given,
            ...(zips ? { 'content-encoding': 'gzip' } : {}),
          },
          body: zips ? await gzip(text) : text,
        },
        signal,
      );
      requireSuccess(answer, clock.nowMs());
      return ALL_TAKEN;
    };
    return {
      kind: 'lines',
      reaches: endpoint,
      encode: (event) =>
        isWanted[hasFailed(event.record) ? 'failure' : 'success']
          ? boundedPayloadText(event, format, LINE_BYTES_MAX)
          : null,
      deliver: (lines, signal) =>
        form === 'single'
          ? deliverInParts(lines, partsOf(lines.length, 1), AT_ONCE_MAX, (part) => post(part, signal))
          : post(lines, signal),
    };
  },
});
