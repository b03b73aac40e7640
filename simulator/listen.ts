import { once } from 'node:events';
import type { Server } from 'node:http';

/** Enough for a thousand clients that connect at the same moment; the kernel may hold it lower. */
const BACKLOG = 4096;

/** Starts listening and says where: an origin such as `http://127.0.0.1:40123`. Port 0 takes a free one. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen({ host, port, backlog: BACKLOG });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return `http://${host}:${address.port}`;
}

/** Stops listening and breaks what is still connected. */
export async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
