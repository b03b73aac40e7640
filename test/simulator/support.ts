import { createHash, createHmac } from 'node:crypto';
import type { Hash, Hmac } from 'node:crypto';
import { request } from 'node:http';
import type { Agent, IncomingMessage } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { SIMULATOR_CREDENTIALS } from '../../simulator/index.ts';
import type { Credentials } from '../../simulator/index.ts';

/** A request signed by the AWS SDK's own signer: what the simulator's verifier is judged by. */
export interface Signed {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface ToSign {
  readonly origin: string;
  readonly method?: string;
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  readonly service?: string;
  readonly region?: string;
  readonly credentials?: Credentials;
  readonly signedAt?: Date;
}

class NodeSha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('A hash is used once.');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/** Signs with `@smithy/signature-v4`. The path is given as it shall stand in the request line. */
export async function sign(wanted: ToSign): Promise<Signed> {
  const { hostname, port, host } = new URL(wanted.origin);
  const { method = 'POST', query = {}, credentials = SIMULATOR_CREDENTIALS } = wanted;
  const body = Buffer.from(wanted.body ?? '');
  const signer = new SignatureV4({
    service: wanted.service ?? 'bedrock',
    region: wanted.region ?? 'us-east-1',
    credentials,
    sha256: NodeSha256,
    applyChecksum: true,
    uriEscapePath: true,
  });
  const signed = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname,
      port: Number(port),
      path: wanted.path,
      query,
      headers: { host, 'content-length': String(body.length), ...wanted.headers },
      body,
    },
    { signingDate: wanted.signedAt ?? new Date() },
  );
  const pairs = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return {
    method,
    target: pairs.length === 0 ? wanted.path : `${wanted.path}?${pairs.join('&')}`,
    headers: signed.headers,
    body,
  };
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Whether the answer's end was one that HTTP calls complete. */
  readonly isComplete: boolean;
}

/** Sends exactly what is given and collects what comes, however it ends. Rejects when not even headers came. */
export function send(
  origin: string,
  signed: Omit<Signed, 'headers'> & { readonly headers: Record<string, string> | readonly string[] },
  agent?: Agent,
): Promise<Answered> {
  const { hostname, port } = new URL(origin);
  const { method, target: path, headers, body } = signed;
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, ...(agent ? { agent } : {}) }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      // From here on a broken connection is told by `complete`, which is not there when it never came so far.
      outgoing.off('error', reject).on('error', () => {});
      incoming.on('error', () => {});
      incoming.on('close', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(pieces),
          isComplete: incoming.complete,
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends what is given and resolves at the answer's headers, with its body unread. `leave` breaks the connection. */
export function sendToHeaders(
  origin: string,
  signed: Signed,
): Promise<{ readonly incoming: IncomingMessage; readonly leave: () => void }> {
  const { hostname, port } = new URL(origin);
  const { method, target: path, headers, body } = signed;
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, (incoming) => {
      outgoing.off('error', reject).on('error', () => {});
      incoming.on('error', () => {});
      resolve({ incoming, leave: () => outgoing.destroy() });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Signs and sends in one step. */
export async function call(wanted: ToSign, agent?: Agent): Promise<Answered> {
  return send(wanted.origin, await sign(wanted), agent);
}

/** The body of a Converse request with one question. */
export function question(text: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ messages: [{ role: 'user', content: [{ text }] }], ...more });
}
