import { createServer } from 'node:net';

/** Null when the port can be listened on right now, else the code of the error, such as EADDRINUSE or EACCES. */
export function listenFault(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    probe.listen({ host, port }, () => probe.close(() => resolve(null)));
  });
}
