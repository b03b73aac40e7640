import { z } from 'zod';
import type { Attribution } from '../domain/call-record.ts';
import { billedUse } from '../domain/payloads/billing-event.ts';
import { answerFault, isSuccess } from './delivery-fault.ts';
import { defineSink } from './define-sink.ts';
import { jsonOf } from './json-of.ts';
import { httpUrl, text } from './options.ts';
import { ALL_TAKEN, type BatchResult } from './sink.ts';

/** https://getlago.com/docs/api-reference/events/batch */
const EVENTS_MAX = 100;

const CHARGE_BY = {
  end_user_id: ({ customerId }: Attribution) => customerId,
  user_id: ({ userId }: Attribution) => userId,
  team_id: ({ teamId }: Attribution) => teamId,
} as const;

/** Usage events in Lago, one for each call that is to be paid, with the id of the call: no call is billed twice. */
export const sink = defineSink({
  about: 'usage events in Lago (billing)',
  delivery: 'at-least-once',
  bounds: { batchSizeMax: EVENTS_MAX },
  options: z.strictObject({
    api_base: httpUrl,
    api_key: text,
    event_code: text,
    /** Whose id is the subscription's. Calls that have none are nobody's to bill. */
    charge_by: z.enum(['end_user_id', 'user_id', 'team_id']).default('end_user_id'),
  }),
  variables: {
    api_base: ['LAGO_API_BASE'],
    api_key: ['LAGO_API_KEY'],
    event_code: ['LAGO_API_EVENT_CODE'],
    charge_by: ['LAGO_API_CHARGE_BY'],
  },
  secrets: ['api_key'],
  open: ({ api_base: base, api_key: apiKey, event_code: code, charge_by: chargeBy }, { http, clock }) => {
    const url = new URL(`${base.href.replace(/\/+$/, '')}/api/v1/events/batch`);
    return {
      kind: 'lines',
      reaches: url,
      encode: ({ record }) => {
        const subscription = CHARGE_BY[chargeBy](record.attribution);
        const use = billedUse(record, 'response_cost');
        if (subscription === null || use === null) return null;
        return JSON.stringify({
          transaction_id: record.id,
          external_subscription_id: subscription,
          code,
          timestamp: (record.startedAtMs / 1000).toFixed(3),
          properties: use,
        });
      },
      deliver: async (lines, signal) => {
        const answer = await http.send(
          {
            method: 'POST',
            url,
            headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
            body: `{"events":[${lines.join(',')}]}`,
          },
          signal,
        );
        if (isSuccess(answer)) return ALL_TAKEN;
        const result = answer.status === 422 ? resultOfMistakes(answer.text, lines.length) : null;
        if (result === null) throw answerFault(answer, clock.nowMs());
        return result;
      },
    };
  },
});

const mistakesShape = z.object({
  error_details: z.record(z.string().regex(/^\d+$/), z.record(z.string(), z.array(z.string()))),
});

/**
 * Lago takes a batch whole or not at all, and says which events it does not want. One whose id it knows already came in an
 * earlier try. @returns null for another kind of answer
 */
function resultOfMistakes(text: string, count: number): BatchResult | null {
  const details = mistakesShape.safeParse(jsonOf(text)).data?.error_details;
  if (details === undefined) return null;
  const places = Array.from({ length: count }, (_, place) => place);
  const isKnown = (place: number): boolean =>
    details[place]?.['transaction_id']?.includes('value_already_exist') === true;
  const again = places.filter((place) => details[place] === undefined);
  const refused = places.filter((place) => details[place] !== undefined && !isKnown(place));
  // Nothing is wrong with any of them that it names: sending the same again would not end.
  if (again.length === count) return null;
  return { again, refused, reason: refused.length > 0 ? 'it does not want some events (422)' : null };
}
