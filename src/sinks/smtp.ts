import { DeliveryFault } from './delivery-fault.ts';
import { inTime, noAnswerWithin, type TimeBounds } from './in-time.ts';

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** True: only over TLS; false: never; null: where it is offered, and only over TLS when there is a password to protect. */
  readonly tls: boolean | null;
  readonly login: { readonly user: string; readonly pass: string } | null;
}

/** Every text may hold anything but an address, which is one. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly atMs: number;
}

/** RFC 8314, 3.3: TLS from the first byte; on every other port it begins with STARTTLS. */
const TLS_PORT = 465;
const CONNECT_TIMEOUT_MS = 5000;
const ANSWER_BYTES_MAX = 64 * 1024;
/** What speaks of this mail. The rest, such as a wrong password, is for the operator to mend. */
const ABOUT_THE_MAIL: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA']);

/**
 * Sends one mail over a connection of its own, within `timeoutMs` from the first packet to the last.
 * @returns what the receiver said of those recipients that it did not want, or null; at least one has been taken
 * @throws DeliveryFault, `refused` for an answer 5xx to the mail itself; without what was answered, which may hold anything
 */
export async function sendMail(server: SmtpServer, mail: Mail, bounds: TimeBounds): Promise<string | null> {
  const { timeoutMs } = bounds;
  const [{ default: SMTPConnection }, { default: MailComposer }] = await Promise.all([
    import('nodemailer/lib/smtp-connection'),
    import('nodemailer/lib/mail-composer'),
  ]);
  const envelope = { from: mail.from, to: [...mail.to] };
  const message = new MailComposer({
    ...envelope,
    subject: mail.subject,
    text: mail.text,
    date: new Date(mail.atMs),
    // RFC 3834: nobody's absence notice answers an alert.
    headers: { 'Auto-Submitted': 'auto-generated' },
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const bytes = await message.compile().build();
  const connection = new SMTPConnection({
    host: server.host,
    port: server.port,
    ...tlsOptions(server),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketCloseTimeout: 0,
    maxResponseSize: ANSWER_BYTES_MAX,
  });
  const broken = Promise.withResolvers<never>();
  // It may tell of a broken connection more than once, and when nobody waits any more.
  connection.on('error', broken.reject);
  const conversation = async (): Promise<string | null> => {
    await step((done) => connection.connect((error) => done(error ?? null)));
    if (server.login !== null) await step((done) => connection.login({ ...server.login }, done));
    const { accepted, rejectedErrors = [] } = await new Promise<Sent>((resolve, reject) => {
      connection.send(envelope, bytes, (error, info) => {
        if (error === null && info !== undefined) resolve(info);
        else reject(error ?? new Error('nothing was said'));
      });
    });
    connection.quit();
    const [first] = rejectedErrors;
    if (first === undefined) return null;
    return `it took the mail for ${accepted.length} of ${mail.to.length} recipients (${answerOf(first) ?? 'no reason'})`;
  };
  try {
    return await inTime(Promise.race([conversation(), broken.promise]), bounds);
  } catch (error) {
    throw faultOf(error, timeoutMs);
  } finally {
    connection.close();
  }
}

interface Sent {
  readonly accepted: readonly string[];
  readonly rejectedErrors?: readonly Error[] | undefined;
}

function tlsOptions({ port, tls, login }: SmtpServer) {
  const secure = port === TLS_PORT && tls !== false;
  return { secure, requireTLS: !secure && (tls ?? login !== null), ignoreTLS: tls === false };
}

function step(take: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => take((error) => (error === null ? resolve() : reject(error))));
}

function faultOf(error: unknown, timeoutMs: number): DeliveryFault {
  if (error instanceof DeliveryFault) return error;
  const answer = answerOf(error);
  if (answer !== null) return new DeliveryFault(isRefusal(error) ? 'refused' : 'again', `it answered ${answer}`);
  const code = textIn(error, 'originalCode') ?? textIn(error, 'code') ?? 'unknown';
  return code === 'ETIMEDOUT'
    ? noAnswerWithin(timeoutMs)
    : new DeliveryFault('again', `it can not be reached (${code})`);
}

/** The number, and what it answers: never its words. */
function answerOf(error: unknown): string | null {
  const status = statusOf(error);
  return status === null ? null : `${status} to ${textIn(error, 'command') ?? 'what it was told'}`;
}

function isRefusal(error: unknown): boolean {
  return (statusOf(error) ?? 0) >= 500 && ABOUT_THE_MAIL.has(textIn(error, 'command') ?? '');
}

function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('responseCode' in error)) return null;
  return typeof error.responseCode === 'number' ? error.responseCode : null;
}

function textIn(error: unknown, name: 'code' | 'originalCode' | 'command'): string | null {
  if (!(error instanceof Error)) return null;
  const value = new Map<string, unknown>(Object.entries(error)).get(name);
  return typeof value === 'string' ? value : null;
}
