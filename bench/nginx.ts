import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CONVERSE_ANSWER } from './conversation.ts';
import { processTree } from './proc.ts';
import { MEASURED_CORE, OTHER_CORE, type Processes, type RunningProcess } from './processes.ts';

export interface Nginx {
  readonly port: number;
  readonly process: RunningProcess;
  /** The master, which does nothing, and its worker. */
  readonly pids: readonly number[];
}

const READY_MS_MAX = 5000;

/**
 * The upstream of the CPU rows: an nginx that answers everything with the same Converse answer. It verifies nothing, so
 * nothing waits for it.
 */
export async function startOrigin(processes: Processes, folder: string): Promise<Nginx> {
  const port = await freePort();
  const server = `
    server {
      listen 127.0.0.1:${port} backlog=1024;
      default_type application/json;
      client_max_body_size 64m;
      location / { return 200 '${CONVERSE_ANSWER}'; }
    }`;
  return startNginx(processes, folder, 'origin', { port, core: OTHER_CORE, server });
}

/** What takes whatever sinks send: yes to all of it, in the words that each of them looks for. */
export async function startSinkReceiver(processes: Processes, folder: string): Promise<Nginx> {
  const port = await freePort();
  const allTaken = '{"Successful":[],"Failed":[],"FailedPutCount":0,"RequestResponses":[]}';
  const server = `
    server {
      listen 127.0.0.1:${port} backlog=1024;
      default_type application/json;
      client_max_body_size 64m;
      location /v1/ { return 200; }
      location / { return 200 '${allTaken}'; }
    }`;
  return startNginx(processes, folder, 'receiver', { port, core: OTHER_CORE, server });
}

/** What Outcrop is compared with: an nginx that passes everything on to the upstream and does nothing else. */
export async function startNginxProxy(processes: Processes, folder: string, originPort: number): Promise<Nginx> {
  const port = await freePort();
  // A body beyond the buffer would go through a file, and an upstream without keepalive would be connected to each time.
  const server = `
    upstream origin { server 127.0.0.1:${originPort}; keepalive 64; keepalive_requests 1000000000; }
    server {
      listen 127.0.0.1:${port} backlog=1024;
      client_max_body_size 64m;
      client_body_buffer_size 256k;
      location / {
        proxy_pass http://origin;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
      }
    }`;
  return startNginx(processes, folder, 'proxy', { port, core: MEASURED_CORE, server });
}

async function startNginx(
  processes: Processes,
  folder: string,
  name: string,
  { port, core, server }: { readonly port: number; readonly core: number; readonly server: string },
): Promise<Nginx> {
  const prefix = join(folder, name);
  mkdirSync(prefix);
  const file = join(prefix, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    pid ${prefix}/nginx.pid;
    error_log stderr error;
    events { worker_connections 4096; }
    http {
      access_log off;
      keepalive_timeout 3600s;
      keepalive_requests 1000000000;
      ${temporary.map((kind) => `${kind}_temp_path ${prefix}/${kind};`).join(' ')}
      ${server}
    }`,
  );
  const running = processes.start('nginx', ['-p', prefix, '-e', 'stderr', '-c', file], { core });
  return { port, process: running, pids: await untilServing(port, running) };
}

/** The master listens before there is a worker. */
async function untilServing(port: number, running: RunningProcess): Promise<number[]> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  for (;;) {
    const pids = processTree(running.pid);
    if (pids.length > 1 && (await isConnectable(port))) return pids;
    if (performance.now() > deadlineMs)
      throw new Error(`nginx does not serve (is it installed?):\n${running.output()}`);
    await setTimeout(10);
  }
}

async function isConnectable(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** nginx can't be told to take any free port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}
