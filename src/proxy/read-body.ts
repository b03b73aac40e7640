import { createHash, hash } from 'node:crypto';
import { Refusal } from '../domain/errors.ts';
import type { Exchange } from '../ports.ts';
import type { Call } from './call.ts';
import { ClientGone } from './client-gone.ts';
import type { Proxy } from './proxy.ts';

/** The whole body of a request and its one digest. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Lower-case hex. */
  readonly sha256Hex: string;
}

const EMPTY = Buffer.alloc(0);
const EMPTY_BODY: Body = { bytes: EMPTY, sha256Hex: hash('sha256', EMPTY) };

/**
 * Reads the body whole, hashing it as it arrives, within the bound of its operation and the gateway's bound on all
 * bodies together. The call holds the bytes from then on.
 * @throws Refusal bodyTooLarge (before a byte is read when the length is declared), overloaded, bodyTimeout, invalidRequest
 */
export async function readBody(exchange: Exchange, bodyBytesMax: number, call: Call, proxy: Proxy): Promise<Body> {
  const declared = exchange.contentLength;
  if (declared === 0) return EMPTY_BODY;
  if (declared !== null) {
    if (declared > bodyBytesMax) throw tooLarge(bodyBytesMax);
    hold(declared, call, proxy);
  }

  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  let hasher: ReturnType<typeof createHash> | null = null;

  await new Promise<void>((resolve, reject) => {
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    const settle = (refusal?: Error): void => {
      settled = true;
      clearTimeout(timer);
      if (refusal === undefined) {
        resolve();
        return;
      }
      exchange.body.stop();
      reject(refusal);
    };
    exchange.body.read({
      data: (chunk) => {
        if (settled) return;
        receivedBytes += chunk.length;
        if (receivedBytes > bodyBytesMax) {
          settle(tooLarge(bodyBytesMax));
          return;
        }
        if (declared === null && !tryHold(chunk.length, call, proxy)) {
          settle(overBudget());
          return;
        }
        // A body that comes in one piece, as most do, is hashed in one call, which costs a third of a streaming hash.
        if (chunks.length === 1) hasher = createHash('sha256').update(chunks[0] ?? EMPTY);
        hasher?.update(chunk);
        chunks.push(chunk);
      },
      end: () => settle(),
      fault: (reason) =>
        settle(reason === 'gone' ? new ClientGone() : new Refusal('invalidRequest', 'Trailers are not accepted.')),
    });
    if (settled) return;
    // Most bodies have come whole by the end of this turn of the event loop, and a timer costs more than reading one.
    setImmediate(() => {
      if (settled) return;
      timer = setTimeout(
        () => settle(new Refusal('bodyTimeout', 'The request body took too long.')),
        proxy.options.bodyTimeoutMs,
      );
    });
  });
  return joined(chunks, hasher);
}

function joined(chunks: readonly Buffer[], hasher: ReturnType<typeof createHash> | null): Body {
  const [first] = chunks;
  if (first === undefined) return EMPTY_BODY;
  if (hasher === null) return { bytes: first, sha256Hex: hash('sha256', first) };
  return { bytes: Buffer.concat(chunks), sha256Hex: hasher.digest('hex') };
}

function hold(bytes: number, call: Call, proxy: Proxy): void {
  if (!tryHold(bytes, call, proxy)) throw overBudget();
}

function tryHold(bytes: number, call: Call, proxy: Proxy): boolean {
  if (!proxy.bodyBytes.take(bytes)) return false;
  call.heldBodyBytes += bytes;
  return true;
}

function tooLarge(bodyBytesMax: number): Refusal {
  return new Refusal('bodyTooLarge', `The request body is over ${bodyBytesMax} bytes, the bound for this operation.`);
}

function overBudget(): Refusal {
  return new Refusal('overloaded', 'The gateway holds as many bytes of request bodies as it may: try again shortly.');
}
