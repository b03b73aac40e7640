import { z } from 'zod';
import { alertText } from '../domain/alert.ts';
import { requireSuccess } from './delivery-fault.ts';
import { defineSink } from './define-sink.ts';
import { httpUrl } from './options.ts';
import { ALL_TAKEN } from './sink.ts';

/** Alerts in a channel of Slack, by an incoming webhook: https://api.slack.com/messaging/webhooks. Its address is a secret. */
export const sink = defineSink({
  about: 'alerts in Slack',
  delivery: 'best-effort',
  options: z.strictObject({ webhook_url: httpUrl }),
  variables: { webhook_url: ['SLACK_WEBHOOK_URL'] },
  secrets: ['webhook_url'],
  open: ({ webhook_url: url }, { http, clock }) => ({
    kind: 'alerts',
    reaches: url,
    deliver: async (alerts, signal) => {
      const text = alerts.map((alert) => escaped(alertText(alert))).join('\n');
      const headers = { 'content-type': 'application/json' };
      const answer = await http.send({ method: 'POST', url, headers, body: JSON.stringify({ text }) }, signal);
      requireSuccess(answer, clock.nowMs());
      return ALL_TAKEN;
    },
  }),
});

/** https://api.slack.com/reference/surfaces/formatting#escaping: no name of a customer can call a channel. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
