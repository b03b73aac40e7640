import { z } from 'zod';
import { type Alert, alertText } from '../domain/alert.ts';
import { DeliveryFault } from './delivery-fault.ts';
import { defineSink, SinkSettingsError } from './define-sink.ts';
import { flagIfGiven, text } from './options.ts';
import { ALL_TAKEN } from './sink.ts';
import { sendMail } from './smtp.ts';

const RECIPIENTS_MAX = 50;
const SUBJECT_CHARACTERS_MAX = 120;

/** Nothing but the address, without a name, in characters that need no quotes: none of them ends a header. */
const address = z.email({ pattern: z.regexes.html5Email, error: 'must be an address such as ops@example.com' });

const recipients = z
  .union([z.array(z.string()), z.string().transform((list) => list.split(','))])
  .transform((list) => list.map((each) => each.trim()).filter((each) => each !== ''))
  .pipe(z.array(address).min(1).max(RECIPIENTS_MAX));

/** Alerts as e-mail by SMTP, one mail for those that come together. LiteLLM's variables for its `email` alerting. */
export const sink = defineSink({
  about: 'alerts by e-mail (SMTP)',
  delivery: 'best-effort',
  options: z.strictObject({
    smtp_host: text.regex(/^(?:[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$/, 'must be a host name or an IP address'),
    smtp_port: z.coerce.number().int().min(1).max(65_535).default(587),
    smtp_username: text.optional(),
    smtp_password: text.optional(),
    smtp_sender_email: address,
    smtp_tls: flagIfGiven,
    smtp_recipients: recipients,
  }),
  variables: {
    smtp_host: ['SMTP_HOST'],
    smtp_port: ['SMTP_PORT'],
    smtp_username: ['SMTP_USERNAME'],
    smtp_password: ['SMTP_PASSWORD'],
    smtp_sender_email: ['SMTP_SENDER_EMAIL'],
    smtp_tls: ['SMTP_TLS'],
    smtp_recipients: ['SMTP_RECIPIENTS'],
  },
  secrets: ['smtp_password'],
  open: (options, { clock, requestTimeoutMs: timeoutMs }) => {
    const { smtp_host: host, smtp_port: port, smtp_tls: tls, smtp_sender_email: from, smtp_recipients: to } = options;
    const server = { host, port, tls: tls ?? null, login: loginOf(options.smtp_username, options.smtp_password) };
    return {
      kind: 'alerts',
      reaches: new URL(`smtp://${host.includes(':') ? `[${host}]` : host}:${port}`),
      deliver: async (alerts, signal) => {
        const mail = { from, to, ...mailOf(alerts), atMs: clock.nowMs() };
        try {
          return { ...ALL_TAKEN, reason: await sendMail(server, mail, { signal, timeoutMs }) };
        } catch (error) {
          if (!(error instanceof DeliveryFault) || error.verdict === 'again') throw error;
          // It is the mail that is not wanted: a mail for each alert would be wanted as little.
          return { again: [], refused: alerts.map((_, place) => place), reason: error.message };
        }
      },
    };
  },
});

function loginOf(user: string | undefined, pass: string | undefined): { user: string; pass: string } | null {
  if (user === undefined && pass === undefined) return null;
  if (user !== undefined && pass !== undefined) return { user, pass };
  throw new SinkSettingsError(['smtp_username and smtp_password go together (SMTP_USERNAME, SMTP_PASSWORD)']);
}

function mailOf(alerts: readonly Alert[]): { readonly subject: string; readonly text: string } {
  const lines = alerts.map((alert) => ({ at: new Date(alert.atMs).toISOString(), text: oneLine(alertText(alert)) }));
  const [first = { text: '' }] = lines;
  const about = lines.length === 1 ? first.text : `${lines.length} alerts: ${first.text}`;
  return {
    subject: `Outcrop: ${about}`.slice(0, SUBJECT_CHARACTERS_MAX),
    text: lines.map(({ at, text }) => `${at}  ${text}\n`).join(''),
  };
}

/** No name of a customer begins a line or a header of its own. */
function oneLine(given: string): string {
  return given.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
