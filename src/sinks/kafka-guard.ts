import type { connectionsConnectsChannel, Connection } from '@platformatic/kafka';
import type { Socket } from 'node:net';

/**
 * Lets nothing that a broker sends throw out of the event loop. The library reads answers in the listeners of its sockets, and
 * one that is shorter than an answer can be makes it throw there, which would be the end of the process. With this it is
 * the end of the connection. For all of the library's connections that are opened from now on.
 */
export function guardConnections(library: {
  readonly connectionsConnectsChannel: typeof connectionsConnectsChannel;
  readonly Connection: typeof Connection;
}): void {
  library.connectionsConnectsChannel.end.subscribe((message) => {
    if (typeof message !== 'object' || message === null || !('connection' in message)) return;
    // Its socket is there, and nobody listens to it yet.
    if (message.connection instanceof library.Connection) guard(message.connection.socket);
  });
}

function guard(socket: Socket): void {
  const emit: unknown = Reflect.get(socket, 'emit');
  if (typeof emit !== 'function') return;
  const guarded = (...given: readonly unknown[]): unknown => {
    try {
      return Reflect.apply(emit, socket, given);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined);
      return true;
    }
  };
  Object.defineProperty(socket, 'emit', { value: guarded, configurable: true });
}
