import { z } from 'zod';
import { billedUse } from '../domain/payloads/billing-event.ts';
import { requireSuccess } from './delivery-fault.ts';
import { defineSink } from './define-sink.ts';
import { flag, httpUrl, text } from './options.ts';
import { ALL_TAKEN } from './sink.ts';

/** Usage events in OpenMeter, as CloudEvents: https://openmeter.io/docs/metering/events/overview. Its id is the call's. */
export const sink = defineSink({
  about: 'usage events in OpenMeter (billing)',
  delivery: 'at-least-once',
  options: z.strictObject({
    api_key: text,
    api_endpoint: httpUrl.prefault('https://openmeter.cloud'),
    event_type: text.default('litellm_tokens'),
    source: text.default('outcrop'),
    /** Whether the end user that a client names is the subject; without that it is the user of the key. */
    trust_request_user: flag(true),
  }),
  variables: {
    api_key: ['OPENMETER_API_KEY'],
    api_endpoint: ['OPENMETER_API_ENDPOINT'],
    event_type: ['OPENMETER_EVENT_TYPE'],
    trust_request_user: ['OPENMETER_TRUST_REQUEST_USER'],
  },
  secrets: ['api_key'],
  open: (options, { http, clock }) => {
    const url = new URL(`${options.api_endpoint.href.replace(/\/+$/, '')}/api/v1/events`);
    return {
      kind: 'lines',
      reaches: url,
      encode: ({ record }) => {
        const { customerId, userId } = record.attribution;
        const subject = (options.trust_request_user ? customerId : null) ?? userId;
        const use = billedUse(record, 'cost');
        if (subject === null || use === null) return null;
        return JSON.stringify({
          specversion: '1.0',
          type: options.event_type,
          id: record.id,
          time: new Date(record.startedAtMs).toISOString(),
          source: options.source,
          subject,
          data: use,
        });
      },
      deliver: async (lines, signal) => {
        const answer = await http.send(
          {
            method: 'POST',
            url,
            headers: {
              authorization: `Bearer ${options.api_key}`,
              'content-type': 'application/cloudevents-batch+json',
            },
            body: `[${lines.join(',')}]`,
          },
          signal,
        );
        requireSuccess(answer, clock.nowMs());
        return ALL_TAKEN;
      },
    };
  },
});
