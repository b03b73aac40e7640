import type { AnswerReceiver, Clock, Upstream, UpstreamRequest } from '../ports.ts';
import type { Origin } from './http1/connection.ts';
import { OriginPool } from './http1/origin-pool.ts';
import { encodeRequestHead } from './http1/request-head.ts';

export interface Http1UpstreamOptions {
  /** Connections per origin. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** One origin for each service and region that is allowed: far fewer in practice. */
const ORIGINS_MAX = 512;

/**
 * Speaks HTTP/1.1 to Bedrock over one pool of kept-alive connections per origin. Our own rather than a library's: passing
 * bytes on is what the gateway is for, and the general ones cost more than all the rest of a call.
 */
export class Http1Upstream implements Upstream {
  readonly #options: Http1UpstreamOptions;
  readonly #pools = new Map<string, OriginPool>();
  #destroyed = false;

  constructor(options: Http1UpstreamOptions) {
    this.#options = options;
  }

  /** @throws Error when nothing can be sent at all */
  send(request: UpstreamRequest, receiver: AnswerReceiver): () => void {
    if (this.#destroyed) throw new Error('The gateway is closing.');
    return this.#pool(request.origin).send({ request, head: encodeRequestHead(request), receiver });
  }

  /** Breaks whatever is still flowing. */
  destroy(): void {
    this.#destroyed = true;
    for (const pool of this.#pools.values()) pool.destroy();
  }

  #pool(origin: string): OriginPool {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    if (this.#pools.size >= ORIGINS_MAX) throw new Error(`More than ${ORIGINS_MAX} upstream origins.`);
    const pool = new OriginPool({ origin: readOrigin(origin), ...this.#options });
    this.#pools.set(origin, pool);
    return pool;
  }
}

function readOrigin(origin: string): Origin {
  const { protocol, hostname, port } = new URL(origin);
  const secure = protocol === 'https:';
  if (!secure && protocol !== 'http:') throw new Error(`HTTP is not spoken to ${protocol}//…`);
  // A URL writes IPv6 addresses in brackets, a socket does not.
  return { secure, host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (secure ? 443 : 80) : Number(port) };
}
