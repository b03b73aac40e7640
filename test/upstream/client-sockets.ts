import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

const open = new Set<Socket>();
let most = 0;

subscribe('net.client.socket', (message) => {
  const socket: unknown =
    typeof message === 'object' && message !== null && 'socket' in message ? message.socket : null;
  if (!(socket instanceof Socket)) throw new Error('Node tells of a socket in another way than it did.');
  open.add(socket);
  most = Math.max(most, open.size);
  // The first listener it gets, so that it is not counted any more when its owner hears of its end.
  socket.on('close', () => open.delete(socket));
});

/** The connections in clear that this process makes, counted where they are made. */
export const clientSockets = {
  get open(): number {
    return open.size;
  },
  get all(): readonly Socket[] {
    return [...open];
  },
  /** The most there were at once. */
  get most(): number {
    return most;
  },
};
