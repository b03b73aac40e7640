import { once } from 'node:events';
import { connect } from 'node:net';
import { after } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { listen, portOf } from './bare-port.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  /** Unfolded, by lower-case name; each may be there more than once. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Decoded. */
  readonly text: string;
  readonly user: string | null;
  readonly encrypted: boolean;
}

export interface MailAnswers {
  /** To a recipient, the mail or a password; null is a yes. */
  readonly recipient?: (address: string) => number | null;
  readonly data?: () => number | null;
}

/** A mail server on loopback that takes any mail, with the password `open sesame` where it asks for one. */
export class MailReceiver {
  readonly mails: ReceivedMail[] = [];
  answers: MailAnswers = {};
  readonly #server: SMTPServer;
  #port = 0;

  constructor(options: SMTPServerOptions = {}) {
    this.#server = new SMTPServer({
      authOptional: true,
      disableReverseLookup: true,
      closeTimeout: 50,
      onAuth: ({ username, password }, _session, done) =>
        done(password === 'open sesame' ? null : failure(535), { user: username }),
      onRcptTo: ({ address }, _session, done) => done(failureOrNull(this.answers.recipient?.(address))),
      onData: (stream, session, done) => {
        const pieces: Buffer[] = [];
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('end', () => {
          const fault = failureOrNull(this.answers.data?.());
          if (fault === null) {
            const { mailFrom, rcptTo } = session.envelope;
            this.mails.push({
              ...read(Buffer.concat(pieces).toString('latin1')),
              from: mailFrom === false ? '' : mailFrom.address,
              to: rcptTo.map(({ address }) => address),
              user: session.user ?? null,
              encrypted: session.secure,
            });
          }
          done(fault);
        });
      },
      ...options,
    });
    // A client that goes away in the middle is no fault of a test.
    this.#server.on('error', () => undefined);
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const server = this.#server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#port = portOf(server);
    after(() => new Promise<void>((resolve) => this.#server.close(resolve)));
  }
}

/** Everything that went over a connection to a receiver, both ways. */
export async function overhear(port: number): Promise<{ readonly port: number; heard(): string }> {
  const pieces: Buffer[] = [];
  const own = await listen((socket) => {
    const other = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.on('data', (piece) => pieces.push(piece)).pipe(other);
    other.on('data', (piece) => pieces.push(piece)).pipe(socket);
  });
  return { port: own, heard: () => Buffer.concat(pieces).toString('latin1') };
}

function failure(responseCode: number): Error {
  return Object.assign(new Error('no, canary-5f1d'), { responseCode });
}

function failureOrNull(status: number | null | undefined): Error | null {
  return status === null || status === undefined ? null : failure(status);
}

function read(raw: string): Pick<ReceivedMail, 'raw' | 'headers' | 'text'> {
  const end = raw.indexOf('\r\n\r\n');
  const headers = new Map<string, string[]>();
  for (const line of raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const [, name = '', value = ''] = /^([!-9;-~]+): ?(.*)$/.exec(line) ?? [];
    headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
  }
  const body = raw.slice(end + 4);
  const [encoding = '7bit'] = headers.get('content-transfer-encoding') ?? [];
  return { raw, headers, text: decoded(body, encoding) };
}

function decoded(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1').toString('utf8');
  const bytes = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
