import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

/** A Redis of one test file, on a socket in a folder of its own, that keeps nothing when it ends. */
export interface TestRedis {
  /** For `openRedisCounters`. */
  readonly url: string;
  /** A connection for looking and breaking things. */
  readonly client: Redis;
  /** It neither answers nor breaks its connections. */
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  /** Starts it again, empty. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'outcrop-redis-'));
  const url = path.join(folder, 'redis.sock');
  let server = launch(url, folder);
  const client = new Redis(url, { retryStrategy: () => 10, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.ping();
  const kill = async (): Promise<void> => {
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  return {
    url,
    client,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    kill,
    restart: async () => {
      server = launch(url, folder);
      await client.ping();
    },
    stop: async () => {
      client.disconnect();
      if (server.exitCode === null && server.signalCode === null) await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function launch(socket: string, folder: string): ChildProcess {
  const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder];
  return spawn('redis-server', args, { stdio: 'ignore' });
}
