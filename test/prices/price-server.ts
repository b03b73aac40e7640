import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';

export interface PriceServer {
  readonly url: string;
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Stands for the place where AWS publishes its price lists, on a free port of loopback. */
export async function servePrices(answer: (offer: string) => string | RequestListener): Promise<PriceServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const [, offer = ''] = /^\/offers\/v1\.0\/aws\/(\w+)\/current\/index\.json$/.exec(request.url ?? '') ?? [];
    const body = answer(offer);
    if (typeof body === 'string') response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    else body(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
