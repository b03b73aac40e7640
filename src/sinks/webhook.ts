import { z } from 'zod';
import { webhookEvent } from '../domain/payloads/webhook-event.ts';
import { requireSuccess } from './delivery-fault.ts';
import { defineSink } from './define-sink.ts';
import { deliverInParts, partsOf } from './in-parts.ts';
import { headers, httpUrl } from './options.ts';
import { ALL_TAKEN } from './sink.ts';

/** Alerts by POST to any address, each as LiteLLM's WebhookEvent: https://docs.litellm.ai/docs/proxy/alerting */
export const sink = defineSink({
  about: 'alerts by POST to any address',
  delivery: 'best-effort',
  options: z.strictObject({ url: httpUrl, headers: headers.default({}) }),
  variables: { url: ['WEBHOOK_URL'] },
  secrets: ['url', 'headers'],
  open: ({ url, headers: given }, { http, clock }) => {
    const post = async ([body = '']: readonly string[], signal: AbortSignal): Promise<typeof ALL_TAKEN> => {
      const all = { 'content-type': 'application/json', 'user-agent': 'outcrop', ...given };
      requireSuccess(await http.send({ method: 'POST', url, headers: all, body }, signal), clock.nowMs());
      return ALL_TAKEN;
    };
    return {
      kind: 'alerts',
      reaches: url,
      deliver: (alerts, signal) => {
        const bodies = alerts.map((alert) => JSON.stringify(webhookEvent(alert)));
        return deliverInParts(bodies, partsOf(bodies.length, 1), 1, (part) => post(part, signal));
      },
    };
  },
});
