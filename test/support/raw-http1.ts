import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a server did on one connection. */
export interface RawAnswer {
  /** Everything it sent, one character per byte. */
  readonly text: string;
  /** Status of the first answer; null when there was none. */
  readonly status: number | null;
  /** Whether the server closed the connection. */
  readonly closed: boolean;
}

const PATIENCE_MS = 5000;

/** A connection to the port of an origin. Errors are swallowed: what matters is what arrived, and that it closed. */
export async function openSocket(origin: string): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/**
 * Sends bytes as they are and waits until the server closes the connection or, for a connection that stays open, until
 * `isEnough` holds of what arrived.
 * @param pieces each sent in a packet of its own; characters are bytes.
 */
export async function sendRaw(
  origin: string,
  pieces: string | readonly string[],
  isEnough: (text: string) => boolean = () => false,
): Promise<RawAnswer> {
  const socket = await openSocket(origin);
  socket.setNoDelay(true);
  for (const piece of typeof pieces === 'string' ? [pieces] : pieces) {
    if (socket.writable) await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
  }
  return heard(socket, isEnough);
}

/** Listens to a connection to its end, or until `isEnough` holds, or for five seconds. Then it is gone. */
export async function heard(socket: Socket, isEnough: (text: string) => boolean = () => false): Promise<RawAnswer> {
  let text = '';
  const closed = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    const settle = (byServer: boolean): void => {
      clearTimeout(timer);
      resolve(byServer);
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isEnough(text)) settle(false);
    });
    socket.on('close', () => settle(true));
    if (socket.destroyed) settle(true);
  });
  socket.destroy();
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
  return { text, status: status === undefined ? null : Number(status), closed };
}

/** The statuses of all answers on a connection, in order. */
export function statusesIn(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
