import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Target } from '../../ports.ts';
import { errorCode, errorText } from './finding.ts';

/** What came back from a host. */
export interface Reached {
  readonly status: number;
  readonly date: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  /** The beginning of the body. */
  readonly body: string;
}

/** How far a request came that got no answer. */
export interface Unreached {
  readonly stage: 'DNS' | 'connect' | 'TLS' | 'answer';
  readonly code: string;
}

const TIMEOUT_MS = 5000;
const BODY_CHARACTERS_MAX = 4000;

/** Sends one GET and says what came back, or how far it came. Any answer will do: it never throws. */
export function probe(
  target: Target,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reached | Unreached> {
  return new Promise((resolve) => {
    // Nothing is looked up for a literal address.
    let stage: Unreached['stage'] = isIP(new URL(target.origin).hostname.replace(/^\[|\]$/g, '')) ? 'connect' : 'DNS';
    const send = target.origin.startsWith('https:') ? requestHttps : requestHttp;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = send(`${target.origin}${target.basePath}${path}`, { headers, signal, agent: false }, (answer) => {
      let body = '';
      const done = (): void =>
        resolve({ status: answer.statusCode ?? 0, date: answer.headers.date, headers: answer.headers, body });
      answer.setEncoding('utf8').on('data', (text: string) => {
        if (body.length < BODY_CHARACTERS_MAX) body += text;
      });
      answer.once('end', done);
      answer.once('error', done);
    });
    request.once('socket', (socket) => {
      socket.once('lookup', (error: Error | null) => {
        if (error === null) stage = 'connect';
      });
      socket.once('connect', () => (stage = send === requestHttps ? 'TLS' : 'answer'));
      socket.once('secureConnect', () => (stage = 'answer'));
    });
    request.once('error', (error) => {
      const code = signal.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : (errorCode(error) ?? errorText(error));
      resolve({ stage, code });
    });
    request.end();
  });
}
