import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { z } from 'zod';

/** What is wrong with a receiver: it is away, answers 500, answers a byte a second, resets, or has a certificate that nobody vouches for. */
export const RECEIVER_FAULTS = ['down', 'error', 'slow', 'reset', 'certificate'] as const;
export type ReceiverFault = (typeof RECEIVER_FAULTS)[number];

/** PEM texts. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

const SLOW_BYTE_MS = 1000;
const SLOW_BYTES = 1_000_000;

const batch = z.array(z.object({ id: z.string() }));

/** Takes batches of calls as `generic_api` sends them, once it is well. */
export class FaultyReceiver {
  readonly fault: ReceiverFault;
  /** Of calls that it has taken, with how often. */
  readonly taken = new Map<string, number>();
  readonly #good: Tls;
  readonly #bad: Tls;
  readonly #timers = new Set<NodeJS.Timeout>();
  #server: ReturnType<typeof createServer> | TlsServer;
  #isWell = false;
  #port = 0;

  /** @param good a certificate that senders trust. @param bad one that they don't */
  constructor(fault: ReceiverFault, good: Tls, bad: Tls) {
    this.fault = fault;
    this.#good = good;
    this.#bad = bad;
    this.#server = this.#newServer();
  }

  get origin(): string {
    return `${this.fault === 'certificate' ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  /** Until the end of the test that calls this. */
  async start(): Promise<void> {
    after(() => this.#stop());
    await this.#listen();
    if (this.fault === 'down') await this.#stop();
  }

  /** From now on it takes whatever comes, on the same port as before. */
  async heal(): Promise<void> {
    this.#isWell = true;
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(this.#good);
    if (this.fault === 'down') {
      this.#server = this.#newServer();
      await this.#listen();
    } else this.#server.closeAllConnections();
    for (const timer of this.#timers) clearInterval(timer);
  }

  #newServer(): ReturnType<typeof createServer> | TlsServer {
    const handle = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    return this.fault === 'certificate' ? createTlsServer(this.#bad, handle) : createServer(handle);
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = portOf(this.#server.address());
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) if (piece instanceof Buffer) pieces.push(piece);
    } catch {
      return;
    }
    if (!this.#isWell && this.fault === 'reset') response.destroy();
    else if (!this.#isWell && this.fault === 'error') response.writeHead(500).end();
    else if (!this.#isWell && this.fault === 'slow') this.#answerSlowly(response);
    else {
      for (const { id } of batch.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')))) {
        this.taken.set(id, (this.taken.get(id) ?? 0) + 1);
      }
      response.writeHead(200).end();
    }
  }

  #answerSlowly(response: ServerResponse): void {
    response.writeHead(200, { 'content-length': SLOW_BYTES }).write('.');
    const timer = setInterval(() => response.write('.'), SLOW_BYTE_MS).unref();
    this.#timers.add(timer);
    response.once('close', () => {
      clearInterval(timer);
      this.#timers.delete(timer);
    });
  }
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('Not listening.');
  return address.port;
}
